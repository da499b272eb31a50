//! The product's own surface, `/tenure/v1`: what the published API has no name for (decisions.md A4).

use super::types::TEXTS;
use super::{id, keyed, time};
use tenure_odata::edm::{Codec, EntityType, Items, Name, Property};
use tenure_service::view::columns as c;

/// A delegation of approvals: the caller's own, and those that name him.
pub static DELEGATION: EntityType = EntityType::new(
    "delegation",
    c::delegation::RELATION,
    &[
        id(Name::own("id"), &[c::delegation::ID]).required(),
        id(Name::own("approverId"), &[c::delegation::FROM]).required(),
        id(Name::own("delegateId"), &[c::delegation::TO]).required(),
        time(Name::own("startDateTime"), &[c::delegation::STARTS]).required(),
        time(Name::own("endDateTime"), &[c::delegation::ENDS]),
        time(Name::own("createdDateTime"), &[c::delegation::CREATED]).required(),
    ],
);

/// A kept mail.
pub static MAIL: EntityType = EntityType::new(
    "mail",
    c::mail::RELATION,
    &[
        id(Name::own("id"), &[c::mail::ID]).required(),
        time(Name::own("createdDateTime"), &[c::mail::CREATED]).required(),
        keyed(Name::own("kind"), &[c::mail::KIND], c::mail::KIND_KEY).required(),
        Property::new(Name::own("to"), Codec::Json, &[c::mail::RECIPIENTS])
            .is(TEXTS)
            .with_items(&Items::List(c::mail::RECIPIENTS_LIST)),
        keyed(Name::own("subject"), &[c::mail::SUBJECT], c::mail::SUBJECT_KEY).required(),
        Property::new(Name::own("body"), Codec::Text, &[c::mail::BODY]),
    ],
);
