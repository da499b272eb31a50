//! **Room: use cases.** One function per thing the product does, each in one transaction: permit, load, decide, save.
//!
//! A use case gets a [`Ctx`] (transaction, caller, time, ids) and a command that knows no API version. It asks
//! [`tenure_domain`] what follows and has the store keep it. No HTTP, no SQL text, no wire names. May use: domain, store,
//! auth for what tokens mean.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod approvals;
pub mod audit;
pub mod bootstrap;
pub mod bulk;
pub mod catalogs;
mod ctx;
pub mod directory;
pub mod drift;
pub mod edits;
mod engine;
mod error;
pub mod extensions;
pub mod identity;
pub mod import;
pub mod incompatible;
mod letters;
pub mod organizations;
pub mod origin_connectors;
pub mod packages;
pub mod policies;
pub mod query;
pub mod replay;
pub mod requests;
pub mod resources;
pub mod roles;
pub mod settings;
pub mod subjects;
pub mod suggestions;
pub mod work;

pub use ctx::{Ctx, Identity};
pub use engine::{Clocks, Engine};
pub use error::ServiceError;
/// Values that use cases take and give.
pub use tenure_store::{Cost, ServerConfig, Store, Urgency, health, rows, view};
