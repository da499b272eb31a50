//! The types of what is written inside rows, one file per family. `$metadata` declares them, answers follow them, and
//! attributes that are kept as they came are checked against them.

pub mod audit;
pub mod directory;
pub mod extension;
pub mod invitation;
pub mod organization;
pub mod policy;
pub mod request;
pub mod role;
pub mod site;
mod words;

pub use words::*;

use tenure_odata::types::{Primitive, Shape, Type};

/// A text.
pub const TEXT: Shape = Shape::primitive(Primitive::String);
/// A list of texts.
pub const TEXTS: Shape = Shape::many(Type::Primitive(Primitive::String)).never_null();
/// A GUID that is declared as one.
pub const GUID: Shape = Shape::primitive(Primitive::Guid);
/// A list of them.
pub const GUIDS: Shape = Shape::many(Type::Primitive(Primitive::Guid));
/// Yes or no.
pub const FLAG: Shape = Shape::primitive(Primitive::Boolean);
/// A whole number.
pub const NUMBER: Shape = Shape::primitive(Primitive::Int32);
/// An instant.
pub const TIME: Shape = Shape::primitive(Primitive::DateTimeOffset);
/// A day.
pub const DAY: Shape = Shape::primitive(Primitive::Date);
/// A length of time.
pub const DURATION: Shape = Shape::primitive(Primitive::Duration);
/// Bytes.
pub const BYTES: Shape = Shape::primitive(Primitive::Binary);
