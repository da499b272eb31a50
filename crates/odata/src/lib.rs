//! **Room: the query language.** Paths and query options as text in, checked values against a schema out.
//!
//! Nothing here knows of packages or policies, and nothing here knows of SQL: the schema is handed in as static tables
//! ([`edm`]), and what comes out ([`Filter`], [`Query`], [`path::Resolved`]) is turned into statements elsewhere;
//! [`csdl`] writes the tables as a metadata document. Every input is bounded in size, depth and count, and no input can
//! make this crate panic. May use: std, jiff, uuid.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

pub mod ast;
mod check;
pub mod csdl;
pub mod edm;
mod error;
pub mod eval;
mod filter;
mod lex;
pub mod limits;
mod names;
mod parse;
pub mod path;
pub mod query;
pub mod token;
pub mod types;
mod value;

pub use check::check;
pub use error::{Error, ErrorKind};
pub use filter::{Filter, LIST_SEPARATOR, OperandPath, Operation, TextTest, list_column};
pub use names::nearest;
pub use parse::parse;
pub use query::{Expand, Order, Query};
pub use value::{Cells, Value, ValueRef};
