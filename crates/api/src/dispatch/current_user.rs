//! What `filterByCurrentUser(on='…')` stands for (semantics.md 7).

use tenure_domain::authorize::Action;
use tenure_domain::refusal::{Code, Refusal};
use tenure_odata::Value;
use tenure_odata::edm::EntityType;
use tenure_service::view::Predicate;
use tenure_service::{Ctx, ServiceError, rows};

/// The words of a type, which are those that its function declares.
fn words(entity: &EntityType) -> &'static [(&'static str, Predicate)] {
    match entity.name {
        "accessPackage" => &[("allowedRequestor", Predicate::PackageAllowedRequestor)],
        "approval" => &[
            ("target", Predicate::RequestTarget),
            ("createdBy", Predicate::RequestCreatedBy),
            ("approver", Predicate::RequestApprover),
        ],
        "accessPackageAssignment" => &[
            ("target", Predicate::AssignmentTarget),
            ("createdBy", Predicate::AssignmentCreatedBy),
            ("targetManager", Predicate::AssignmentTargetManager),
            ("targetAgentIdentitySponsorOrOwner", Predicate::Nothing),
        ],
        "unifiedRoleAssignmentSchedule"
        | "unifiedRoleAssignmentScheduleInstance"
        | "unifiedRoleEligibilitySchedule"
        | "unifiedRoleEligibilityScheduleInstance" => &[("principal", Predicate::RoleHeld)],
        "unifiedRoleAssignmentScheduleRequest" | "unifiedRoleEligibilityScheduleRequest" => {
            &[("principal", Predicate::Nothing), ("createdBy", Predicate::Nothing), ("approver", Predicate::Nothing)]
        }
        _ => &[
            ("target", Predicate::RequestTarget),
            ("createdBy", Predicate::RequestCreatedBy),
            ("approver", Predicate::RequestApprover),
            ("targetOrRequestor", Predicate::RequestTargetOrRequestor),
            ("targetManager", Predicate::RequestTargetManager),
            ("requestForOthers", Predicate::RequestForOthers),
            ("targetAgentIdentitySponsorOrOwner", Predicate::Nothing),
        ],
    }
}

/// The condition on rows of `entity`, and the person it is about.
pub fn current_user(
    ctx: &mut Ctx<'_, '_>,
    entity: &EntityType,
    args: &[(String, String)],
) -> Result<(Predicate, Vec<Value>), ServiceError> {
    let on = args.iter().find(|(n, _)| n.eq_ignore_ascii_case("on")).map_or("", |(_, value)| value.as_str());
    let known = words(entity);
    let Some((_, predicate)) = known.iter().find(|(word, _)| word.eq_ignore_ascii_case(on)) else {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let message = format!("filterByCurrentUser takes on='{}', not '{on}'", words.join("' or '"));
        return Err(Refusal::new(Code::InvalidModel, message).detail("on", "unknown value").into());
    };
    let Some(person) = ctx.person()? else {
        let message = "filterByCurrentUser is about the signed-in person; an application has none";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    };
    Ok((*predicate, vec![Value::Id(person.0)]))
}

/// The packages that the signed-in person browses. Those for specific people are shown to all members where the tenant says
/// so (decisions.md H20).
pub fn browsed(ctx: &mut Ctx<'_, '_>) -> Result<(Predicate, Vec<Value>), ServiceError> {
    let (_, settings) = ctx.load(Action::RequestAccess, rows::tenant::settings())?;
    let Some(person) = ctx.person()? else {
        let message = "packages are browsed by the signed-in person; an application is none";
        return Err(Refusal::new(Code::RequestBadRequest, message).into());
    };
    let shows_all = settings.is_some_and(|s| s.show_specific_packages_to_members);
    let predicate = if shows_all { Predicate::BrowsedByMembers } else { Predicate::Browsed };
    Ok((predicate, vec![Value::Id(person.0)]))
}

#[cfg(test)]
mod tests {
    use super::words;
    use crate::wire::schema::approval::APPROVAL;
    use crate::wire::schema::entitlement::{ASSIGNMENT, PACKAGE, REQUEST};
    use crate::wire::schema::role as r;
    use tenure_odata::types::Type;

    #[test]
    fn the_words_are_those_that_are_declared() {
        let of_roles = [&r::ROLE_SCHEDULE, &r::ROLE_INSTANCE, &r::ROLE_REQUEST, &r::ELIGIBILITY_REQUEST];
        let eligible = [&r::ELIGIBILITY, &r::ELIGIBILITY_INSTANCE];
        for entity in [&PACKAGE, &ASSIGNMENT, &REQUEST, &APPROVAL].into_iter().chain(of_roles).chain(eligible) {
            let function = entity.operations.iter().find(|o| o.name == "filterByCurrentUser");
            let declared = match function.and_then(|f| f.parameters.first()).map(|on| on.shape.of) {
                Some(Type::Enum(declared)) => declared.members,
                _ => &[],
            };
            let words: Vec<&str> = words(entity).iter().map(|(word, _)| *word).collect();
            let declared: Vec<&str> = declared.iter().map(|(_, word)| *word).collect();
            assert_eq!(words, declared, "{}", entity.name);
        }
    }
}
