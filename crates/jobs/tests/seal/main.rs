//! The sealed audit: every change of an export and of the database is found and named, erasure keeps the proof, and two
//! nodes make one chain of checkpoints.

mod database;
mod export;
mod nodes;
mod world;
