//! The directory: objects, people, groups, applications, and who belongs where (decisions.md B).

pub mod application;
pub mod change;
pub mod group;
pub mod member;
pub mod object;
pub mod site;
pub mod user;
