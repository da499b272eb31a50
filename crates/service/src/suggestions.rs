//! Packages that are suggested to the signed-in person (semantics.md 5).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use std::collections::BTreeSet;
use tenure_domain::authorize::Action;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::suggestion::{Suggestion, suggest};
use tenure_store::rows;

/// What suggestions are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons {
    /// What he had.
    pub past: bool,
    /// What people around him have.
    pub around: bool,
}

/// Packages for the caller, best first, whether or not he could ask for them.
pub fn suggestions(ctx: &mut Ctx<'_, '_>, by: Reasons) -> Result<Vec<Suggestion>, ServiceError> {
    ctx.pending(Action::RequestAccess)?;
    let Some(person) = ctx.person()? else {
        let message = "suggestions are for the signed-in person; an application is none";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    };
    let wanted = (
        by.past.then(|| rows::suggestion::past(person)),
        by.around.then(|| rows::suggestion::around(person)),
        rows::suggestion::held(person),
    );
    let (past, people, has) = ctx.fetch(wanted)?;
    let people = people.unwrap_or_default();
    let held = if people.is_empty() { Vec::new() } else { ctx.fetch(rows::suggestion::held_by(&people))? };
    let has: BTreeSet<_> = has.into_iter().collect();
    Ok(suggest(&past.unwrap_or_default(), &people, &held, &has))
}
