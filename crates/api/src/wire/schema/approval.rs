//! Approvals and their stages, which the newer version calls steps (semantics.md 8).

use super::types::{APPROVALS_OF, FLAG, TEXT, TIME};
use super::{fixed, id, time};
use crate::wire::json;
use tenure_domain::approval::{StageState, Verdict};
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Name, Nav, Property, Version};
use tenure_odata::types::{Member, Operation, Shape, Structure};
use tenure_service::view::columns as c;

static APPROVALS_BY_USER: Operation =
    Operation::selection("filterByCurrentUser", &[Member::new("on", Shape::word(&APPROVALS_OF).never_null())]);

/// Somebody.
pub(super) static IDENTITY: Structure =
    Structure::complex(Name::both("identity"), &[Member::new("displayName", TEXT), Member::new("id", TEXT)]).open();

fn status(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let state = row.cell(0).int().and_then(StageState::from_code);
    json::opt_text(out, state.map(StageState::name));
}

pub(super) fn result(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let verdict = row.cell(0).int().and_then(Verdict::from_code);
    json::opt_text(out, verdict.map(Verdict::name));
}

/// Clients expect an empty text where nobody has said anything yet.
fn justification(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, row.cell(0).text().unwrap_or_default());
}

fn reviewer(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    match row.cell(0).id() {
        Some(id) => json::any(out, &serde_json::json!({ "id": id, "displayName": row.cell(1).text() })),
        None => out.extend(b"null"),
    }
}

macro_rules! stage {
    ($name:ident, $published:literal) => {
        /// A stage of an approval.
        pub static $name: EntityType = EntityType::new(
            $published,
            c::approval_stage::RELATION,
            &[
                id(Name::both("id"), &[c::approval_stage::ID]).required(),
                fixed(Name::both("displayName"), "null"),
                Property::new(Name::both("status"), Codec::Custom(status), &[c::approval_stage::STATE]),
                Property::new(Name::both("assignedToMe"), Codec::Bool, &[c::approval_stage::MINE]).is(FLAG),
                Property::new(Name::both("reviewResult"), Codec::Custom(result), &[c::approval_stage::DECISION]),
                Property::new(
                    Name::both("reviewedBy"),
                    Codec::Custom(reviewer),
                    &[c::approval_stage::BY, c::stage_reviewer::NAME],
                )
                .is(Shape::structure(&IDENTITY)),
                time(Name::both("reviewedDateTime"), &[c::approval_stage::AT]).is(TIME),
                Property::new(
                    Name::both("justification"),
                    Codec::Custom(justification),
                    &[c::approval_stage::JUSTIFICATION],
                ),
            ],
        );
    };
}

stage!(STAGE, "approvalStage");
stage!(STEP, "approvalStep");

/// The approval of a request; it has the request's id.
pub static APPROVAL: EntityType =
    EntityType::new("approval", c::approval::RELATION, &[id(Name::both("id"), &[c::approval::ID]).required()])
        .nav(&[
            Nav::back(Name::pair("stages", ""), &STAGE, c::approval_stage::REQUEST).contained(),
            Nav::back(Name::pair("", "steps"), &STEP, c::approval_stage::REQUEST).contained(),
        ])
        .inline(Name::pair("stages", "steps"))
        .ops(&[&APPROVALS_BY_USER]);
