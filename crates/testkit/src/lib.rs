//! **Room: the test kit.** Databases of both kinds, a small company, and a whole application driven by hand. For tests
//! only; nothing that ships depends on it, and it asserts nothing about one feature.

pub mod answer;
pub mod app;
pub mod company;
pub mod db;
mod declared;
pub mod issuer;
pub mod load;
pub mod page;
mod server;
pub mod thrown;

pub use answer::Answer;
pub use app::TestApp;
pub use db::{Db, Kind};
pub use issuer::Issuer;
pub use tenure_connect::Fault;
