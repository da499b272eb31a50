//! **Room: the simulator.** A company of two hundred people lives for as long as it is told: people ask, administrators
//! decide, the directory outside fails, the power goes off between two commits, and clocks jump. The product runs for
//! real: its use cases, its job runner, its store. After every step what it did is compared with a small model of the
//! rules that is written down apart from the product, and once a week everything is looked at.
//!
//! One seed is one history, so that a failure can be seen again. Never shipped. May use everything below the API, and
//! the database itself: it trusts nobody's eyes but its own.

pub mod dice;
pub mod model;

mod company;
mod eye;
mod ops;
mod outside;
mod product;
mod simulate;
mod world;

pub use simulate::{Plan, Report, Violation, simulate};
