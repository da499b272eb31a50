//! **Room: the test kit.** Databases of both kinds, fixtures, and a whole application driven by hand. For tests only;
//! nothing that ships depends on it, and it asserts nothing about one feature.

pub mod db;

pub use db::{Db, Kind};
