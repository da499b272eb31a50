//! **Room: the rules.** What is allowed, and what follows from it.
//!
//! Everything here is a value or a pure function over values: a rule gets the facts it may look at and `now`, and
//! answers with a [`request::Decision`] or a [`Refusal`]. Nothing here waits, reads a clock, touches a database or
//! knows how a thing is spelt on the wire. May use: std, jiff, regex, uuid, serde, thiserror.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

pub mod approval;
pub mod assignment;
pub mod attribute;
pub mod audit;
pub mod authorize;
pub mod catalog;
pub mod csv;
pub mod delta;
pub mod directory;
pub mod effect;
pub mod extension;
pub mod grant;
pub mod ids;
pub mod import;
pub mod job;
pub mod limits;
pub mod notification;
pub mod organization;
pub mod origin_connector;
pub mod package;
pub mod patch;
pub mod policy;
pub mod refusal;
pub mod request;
pub mod seal;
pub mod settings;
pub mod subject;
pub mod suggestion;
pub mod text;
pub mod time;

pub use patch::Patch;
pub use refusal::{Code, Refusal};
pub use time::Timestamp;
pub use uuid::Uuid;
