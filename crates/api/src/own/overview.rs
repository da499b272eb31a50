//! `GET overview`: figures for a dashboard, of what the caller's lists show him. No figure is counted further than a limit, and
//! each by an index, so that it costs the same however much there is.

use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::organization::CONNECTED_ORGANIZATION;
use crate::wire::schema::policy::POLICY;
use crate::wire::schema::{SCHEMA, approval, entitlement as em, own};
use axum::http::StatusCode;
use serde_json::{Map, Value as Json, json};
use tenure_domain::authorize::{Capability, Reach, Sight, read_denied};
use tenure_domain::limits::OVERVIEW_COUNT_MAX;
use tenure_odata::edm::{EntityType, Version};
use tenure_odata::query::{Context, Options};
use tenure_odata::{Query, Value};
use tenure_service::view::{Predicate, Select, reach};
use tenure_service::{Cost, Ctx, ServiceError, query};

/// What is counted of a type.
enum Of {
    /// All of it.
    Everything,
    /// What a filter finds.
    Filter(Version, &'static str),
    /// What the rules of the store find.
    Rule(Predicate),
}

/// A figure: its name, and what it counts.
type Figure = (&'static str, &'static EntityType, Of);

/// All figures; a name with a stroke is a member of an object.
const FIGURES: &[Figure] = &[
    ("catalogs", &em::CATALOG, Of::Everything),
    ("accessPackages", &em::PACKAGE, Of::Everything),
    ("policies", &POLICY, Of::Everything),
    ("assignments/delivered", &em::ASSIGNMENT, Of::Filter(Version::V1, "state eq 'delivered'")),
    ("assignments/delivering", &em::ASSIGNMENT, Of::Filter(Version::V1, "state eq 'delivering'")),
    ("assignments/partiallyDelivered", &em::ASSIGNMENT, Of::Filter(Version::V1, "state eq 'partiallyDelivered'")),
    ("assignments/deliveryFailed", &em::ASSIGNMENT, Of::Filter(Version::V1, "state eq 'deliveryFailed'")),
    ("assignments/endingWithin30Days", &em::ASSIGNMENT, Of::Rule(Predicate::AssignmentEndsSoon)),
    ("openRequests/pendingApproval", &em::REQUEST, Of::Filter(Version::V1, "state eq 'pendingApproval'")),
    ("openRequests/scheduled", &em::REQUEST, Of::Filter(Version::V1, "state eq 'scheduled'")),
    ("openRequests/delivering", &em::REQUEST, Of::Filter(Version::V1, "state eq 'delivering'")),
    (MINE, &approval::APPROVAL, Of::Rule(Predicate::ApprovalAwaits)),
    ("deliveryErrors", &own::DELIVERY, Of::Rule(Predicate::DeliveryFailed)),
    ("drift", &own::DRIFT, Of::Everything),
    ("jobs/waiting", &own::JOB, Of::Filter(Version::Own, "state eq 'waiting'")),
    ("jobs/running", &own::JOB, Of::Filter(Version::Own, "state eq 'running'")),
    ("jobs/failed", &own::JOB, Of::Filter(Version::Own, "state eq 'failed'")),
    ("connectedOrganizations/configured", &CONNECTED_ORGANIZATION, Of::Filter(Version::V1, "state eq 'configured'")),
    ("connectedOrganizations/proposed", &CONNECTED_ORGANIZATION, Of::Filter(Version::V1, "state eq 'proposed'")),
];

/// What waits for the caller himself.
const MINE: &str = "approvalsAwaitingMe";

/// Whether a caller is told a figure: he lists what it counts, or it is about him.
fn is_told(sight: &Sight, (name, entity, _): &Figure) -> bool {
    let is_all = matches!(reach(entity.relation, sight), Reach::All | Reach::Catalogs);
    if *name == MINE { sight.me.is_some() } else { is_all }
}

/// Answers with every figure that the caller is told.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    let read = call.app.engine().read(Cost::Unknown, call.identity, call.id, figures);
    Ok(Reply::json(StatusCode::OK, read.await?.to_string().into_bytes()))
}

fn figures(ctx: &mut Ctx<'_, '_>) -> Result<Json, ServiceError> {
    let sight = ctx.sight()?;
    if sight.entitlement == Reach::Nothing {
        return Err(read_denied(&[Capability::EntitlementRead]).into());
    }
    let told: Vec<(&Figure, Option<Query>)> =
        FIGURES.iter().filter(|figure| is_told(&sight, figure)).map(|figure| (figure, filter(figure))).collect();
    let now = Value::Int(ctx.now.as_microsecond());
    let mut selects: Vec<Select<'_>> = Vec::with_capacity(told.len());
    for ((_, entity, of), query) in &told {
        let mut select = Select::all(entity, Vec::new(), 1);
        select.filter = query.as_ref().and_then(|q| q.filter.as_ref());
        if let Of::Rule(predicate) = of {
            select.predicate = Some((*predicate, vec![now.clone()]));
            select.in_catalogs = *predicate != Predicate::ApprovalAwaits;
        }
        selects.push(select);
    }
    let counted = query::counts_up_to(ctx, &selects, OVERVIEW_COUNT_MAX)?;
    let mut all = Map::new();
    let mut at_least = Vec::new();
    for (((name, ..), _), count) in told.iter().zip(counted) {
        if count >= i64::from(OVERVIEW_COUNT_MAX) {
            at_least.push(*name);
        }
        match name.split_once('/') {
            None => {
                all.insert((*name).to_owned(), json!(count));
            }
            Some((group, member)) => {
                let group = all.entry(group).or_insert_with(|| json!({}));
                if let Some(group) = group.as_object_mut() {
                    group.insert(member.to_owned(), json!(count));
                }
            }
        }
    }
    all.insert("asOfDateTime".to_owned(), json!(ctx.now));
    all.insert("atLeast".to_owned(), json!(at_least));
    Ok(Json::Object(all))
}

/// A filter of ours; a test asserts that each is understood.
fn filter((_, entity, of): &Figure) -> Option<Query> {
    let Of::Filter(version, text) = of else { return None };
    let options = Options::parse(&format!("$filter={text}")).ok()?;
    Query::build(Context { version: *version, fold: SCHEMA.fold }, entity, &options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_is_understood() {
        for figure in FIGURES.iter().filter(|(_, _, of)| matches!(of, Of::Filter(..))) {
            assert!(filter(figure).is_some_and(|query| query.filter.is_some()), "{}", figure.0);
        }
    }
}
