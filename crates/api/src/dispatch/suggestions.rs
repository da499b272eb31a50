//! `accessPackageSuggestions/filterByCurrentUser(on='…')`: what is suggested to the signed-in person, best first, of what he
//! could ask for (semantics.md 5).

use super::current_user::browsed;
use super::read::read_checked;
use super::walk::Spot;
use super::{Target, context::context_text};
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::SCHEMA;
use crate::wire::schema::available::AVAILABLE;
use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use tenure_domain::limits::SUGGESTIONS_MAX;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::suggestion::Suggestion;
use tenure_odata::Value;
use tenure_odata::path::{Resolved, Step, Suffix};
use tenure_odata::query::{Context, Query};
use tenure_service::suggestions::{Reasons, suggestions};
use tenure_service::view::columns as c;
use tenure_service::{Cost, Ctx, ServiceError};

/// What has no meaning for a list in its own order.
const NO_OPTIONS: [&str; 6] = ["filter", "orderby", "search", "skip", "count", "skiptoken"];

/// Whether a path asks for suggestions.
pub fn is_asked(resolved: &Resolved) -> bool {
    resolved.set.id == "suggestions" && matches!(resolved.steps.as_slice(), [Step::Operation { .. }])
}

/// The words of `on`, one or both.
fn reasons(resolved: &Resolved) -> Result<Reasons, Refusal> {
    let Some(Step::Operation { args, .. }) = resolved.steps.first() else {
        return Ok(Reasons { past: true, around: true });
    };
    let on = args.iter().find(|(name, _)| name.eq_ignore_ascii_case("on")).map_or("", |(_, on)| on.as_str());
    let mut found = Reasons { past: false, around: false };
    for word in on.split(',').map(str::trim) {
        match word.to_ascii_lowercase().as_str() {
            "relatedpeopleassignments" => found.around = true,
            "assignmenthistory" => found.past = true,
            _ => {
                let message = format!(
                    "filterByCurrentUser takes on='relatedPeopleAssignments' or 'assignmentHistory' or both with a \
                     comma, not '{on}'"
                );
                return Err(Refusal::new(Code::InvalidModel, message).detail("on", "unknown value"));
            }
        }
    }
    Ok(found)
}

/// Answers the list.
pub async fn get(call: &Call, target: Target) -> Result<Reply, Failure> {
    let Target { resolved, options, .. } = target;
    if resolved.suffix != Suffix::Nothing {
        return Err(Failure::unknown_route(&call.full_path()));
    }
    if let Some(name) = NO_OPTIONS.into_iter().find(|name| options.get(name).is_some_and(|text| !text.is_empty())) {
        return Err(Failure::option(name, "suggestions are few and come in their own order"));
    }
    let query = Query::build(Context { version: call.version, fold: SCHEMA.fold }, resolved.entity, &options)?;
    let most = query.top.map_or(SUGGESTIONS_MAX, |top| SUGGESTIONS_MAX.min(usize::try_from(top).unwrap_or(usize::MAX)));
    let shows_package = !query.expand.is_empty();
    let context = context_text(call, &resolved, &query);
    let by = reasons(&resolved)?;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let mut shown = Vec::new();
        for suggestion in suggestions(ctx, by)? {
            if shown.len() == most {
                break;
            }
            if let Some(package) = package(ctx, &suggestion)? {
                shown.push(written(&suggestion, shows_package.then_some(package)));
            }
        }
        Ok(shown)
    });
    let value: Vec<Json> = read.await?;
    let body = json!({ "@odata.context": context, "value": value });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

/// The package, if the caller could ask for it.
fn package(ctx: &mut Ctx<'_, '_>, suggestion: &Suggestion) -> Result<Option<Json>, ServiceError> {
    let mut spot = Spot::selected(&AVAILABLE, browsed(ctx)?, false);
    spot.narrow.push((c::browse::ID, Value::Id(suggestion.package.0)));
    let select = spot.select(vec![c::browse::NAME, c::browse::DESCRIPTION], 1);
    let mut found = None;
    read_checked(ctx, &[], select, &mut |row| {
        found = Some(json!({
            "id": suggestion.package,
            "displayName": row.cell(0).text(),
            "description": row.cell(1).text(),
        }));
    })?;
    Ok(found)
}

fn written(suggestion: &Suggestion, package: Option<Json>) -> Json {
    let mut reasons = Vec::new();
    if let Some(around) = &suggestion.around {
        let people: Vec<Json> = around.people.iter().map(|p| json!({ "id": p.id, "displayName": p.name })).collect();
        reasons.push(json!({
            "@odata.type": "#microsoft.graph.accessPackageSuggestionRelatedPeopleBased",
            "relatedPeopleAssignmentCount": around.count,
            "relatedPeople": people,
        }));
    }
    if let Some(past) = suggestion.past {
        reasons.push(json!({
            "@odata.type": "#microsoft.graph.accessPackageSuggestionSelfAssignmentHistoryBased",
            "pastAssignmentCount": past.times,
            "lastAssignmentDateTime": past.last_end.to_string(),
        }));
    }
    let mut shown = json!({ "id": suggestion.package, "reasons": reasons });
    if let (Some(package), Some(members)) = (package, shown.as_object_mut()) {
        members.insert("accessPackage".to_owned(), package);
    }
    shown
}
