//! **Room: the wire.** How things look in each version, and nothing else: the schema table, what comes out, what comes in.
//! The only place in this crate that knows that there are versions.

pub mod json;
pub mod read;
pub mod schema;
pub mod write;
