//! Who asked for what, who got it, and how it ended, told backwards from the first start.

use crate::OUTSIDE;
use crate::applications::{STUDIO, WAREHOUSE, service};
use crate::asking;
use crate::catalogs::{
    ANALYST, BRAND, CAMPAIGN, EXPENSE_APPROVER, INSIGHTS, PARTNER, PLATFORM, Packages, RELEASE, SALES,
};
use crate::policies::{ANY_PARTNER, CONNECTED, DIRECT, MANAGER_APPROVES, REGION, SERVICES, SPONSORED};
use crate::{fixed, groups};
use tenure_domain::Timestamp;
use tenure_domain::ids::{ObjectId, SubjectId};
use tenure_domain::policy::Expiration;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::request::{Answer, Ask, Direction, RequestType};
use tenure_domain::time::plus_seconds;
use tenure_service::directory;
use tenure_service::requests::{self, AssignmentRef, RemoveCommand, SubmitCommand, TargetRef};
use tenure_service::rows::directory::object::{self, Source};
use tenure_service::{Ctx, ServiceError};
use tenure_service::{rows, work};

/// What somebody did, or what was done.
#[derive(Clone, Copy)]
enum Deed {
    /// Asked, for a reason.
    Asked(&'static str),
    /// Asked, naming the sales region.
    AskedIn(&'static str),
    /// Asked for access that starts so many days later.
    AskedAhead(i64),
    /// Asked under a policy, for a reason.
    AskedUnder(&'static str, &'static str),
    /// Asked while a system outside kept the editors, and asked to be left alone for so many days.
    AskedWhileAway(i64),
    /// The open stage of the request was approved by somebody, for a reason.
    Approved(&'static str, &'static str),
    /// It was denied by somebody, for a reason.
    Denied(&'static str, &'static str),
    /// Withdrew what was asked.
    Withdrew,
    /// Gave access back, for a reason.
    GaveBack(&'static str),
    /// Lost access because its end was reached.
    Expired,
    /// Was assigned by an administrator, under a policy, for a reason.
    Assigned(&'static str, &'static str),
    /// Was assigned directly, until so many days later.
    AssignedUntil(i64),
    /// Was assigned directly, from so many days later on.
    AssignedFrom(i64),
    /// Lost access by an administrator, for a reason.
    Removed(&'static str),
    /// Was taken out of the editors by hand: access has drifted.
    TakenOut,
}

/// Days ago, package, who, what. In the order of time.
const EVENTS: &[(i64, &str, &str, Deed)] = &[
    (200, PLATFORM, "arjun.patel", Deed::Asked("I maintain the build")),
    (196, PLATFORM, "zoe.martin", Deed::Asked("New in the team")),
    (170, PLATFORM, "ben.foster", Deed::Assigned(DIRECT, "Second line support of the platform")),
    (160, SALES, "carlos.vega", Deed::AskedIn("Americas")),
    (150, CAMPAIGN, "sofia.ricci", Deed::Asked("Northwind launch, social channels")),
    (140, CAMPAIGN, "owen.clarke", Deed::Assigned(DIRECT, "Texts of the Northwind launch")),
    (118, BRAND, "manager", Deed::Asked("Templates for the campaign team")),
    (112, SALES, "luca.moretti", Deed::AskedIn("EMEA")),
    (104, BRAND, "sven.dahl", Deed::Asked("Offers with the new logo")),
    (96, EXPENSE_APPROVER, "george.adams", Deed::Assigned(MANAGER_APPROVES, "Approves for Finance")),
    (88, PARTNER, "ana.silva", Deed::AskedUnder(ANY_PARTNER, "Layouts of the Northwind launch")),
    (80, CAMPAIGN, "leo.martins", Deed::Asked("Plans the Horizon launch")),
    (70, PARTNER, "chloe.nguyen", Deed::Assigned(SPONSORED, "Art direction of the Horizon launch")),
    (60, CAMPAIGN, "sofia.ricci", Deed::Expired),
    (52, CAMPAIGN, "hana.kim", Deed::Asked("Numbers of the Horizon launch")),
    (45, CAMPAIGN, "mei.chen", Deed::Assigned(DIRECT, "Pictures of the Horizon launch")),
    (40, CAMPAIGN, "owen.clarke", Deed::Removed("The Northwind launch is over")),
    (38, EXPENSE_APPROVER, "carlos.vega", Deed::Assigned(MANAGER_APPROVES, "Approves for Sales Americas")),
    (30, CAMPAIGN, "packages", Deed::Assigned(DIRECT, "Checks the campaign pages")),
    (28, PARTNER, "ana.silva", Deed::Expired),
    (24, SALES, "daniel.obrien", Deed::AskedIn("EMEA")),
    (23, INSIGHTS, "owen.clarke", Deed::Asked("Quotes of customers for the Horizon launch")),
    (22, INSIGHTS, "owen.clarke", Deed::Approved("manager", "Texts need them")),
    (22, PARTNER, "ana.silva", Deed::AskedUnder(ANY_PARTNER, "Layouts of the Horizon launch")),
    (21, INSIGHTS, "owen.clarke", Deed::Approved("david.cohen", "Reports only")),
    (21, CAMPAIGN, "grace.thompson", Deed::Asked("Customer stories")),
    (19, INSIGHTS, "owen.clarke", Deed::Approved("approver", "No personal data in these reports")),
    (18, INSIGHTS, "jonas.weber", Deed::Asked("Faces for the films")),
    (17, INSIGHTS, "jonas.weber", Deed::Denied("owner", "Films are made with actors, not with customers")),
    (16, ANALYST, "kenji.mori", Deed::Assigned(DIRECT, "Figures for the quarter close")),
    (15, ANALYST, "liam.walsh", Deed::Assigned(DIRECT, "Figures for the quarter close")),
    (14, BRAND, "reader", Deed::Asked("Brand report")),
    (10, CAMPAIGN, "isabel.ramos", Deed::Asked("Demos on campaign pages")),
    (9, CAMPAIGN, "daniel.obrien", Deed::AskedAhead(30)),
    (7, CAMPAIGN, "packages", Deed::TakenOut),
    (7, PARTNER, "tom.becker", Deed::Asked("Links the warehouse to partner reports")),
    (6, CAMPAIGN, "daniel.obrien", Deed::Withdrew),
    (6, INSIGHTS, "sofia.ricci", Deed::Asked("Who reads what on which channel")),
    (6, INSIGHTS, "leo.martins", Deed::Asked("Which stories sell")),
    (5, CAMPAIGN, "grace.thompson", Deed::GaveBack("The stories are written")),
    (5, INSIGHTS, "sofia.ricci", Deed::Approved("manager", "Plans the channels with it")),
    (5, INSIGHTS, "leo.martins", Deed::Approved("manager", "Needed for the Horizon launch")),
    (4, CAMPAIGN, "luca.moretti", Deed::AskedAhead(10)),
    (3, CAMPAIGN, "emma.johansson", Deed::AssignedUntil(30)),
    (3, INSIGHTS, "sofia.ricci", Deed::Approved("david.cohen", "Sums only")),
    (3, PARTNER, "lucia.ferri", Deed::AskedUnder(CONNECTED, "Reads the texts of the Horizon launch")),
    (2, INSIGHTS, "hana.kim", Deed::Asked("What the Horizon launch has brought")),
    (2, EXPENSE_APPROVER, "mei.chen", Deed::Asked("I take over the expenses of the campaign team")),
    (1, CAMPAIGN, "nora.berg", Deed::AssignedFrom(14)),
    (0, CAMPAIGN, "peter.hall", Deed::AskedWhileAway(3)),
];

/// Days ago the editors and the studio were deleted by mistake, and restored; who was assigned meanwhile got nothing, or
/// only a part. Reprocessing still helps: that is no longer than fourteen days ago.
const MISHAP_DAYS_AGO: i64 = 8;
/// The hour of the mistake, by UTC.
const MISHAP_HOUR: i64 = 7;
/// Minutes from the mistake until the studio is back, and from there until the editors are.
const MISHAP_MINUTES: i64 = 40;
/// The system outside that keeps groups of Marketing.
const PRESS: &str = "Press Portal";
/// Days from the first start to the start of somebody who is not in the directory yet.
const STRANGER_DAYS: i64 = 20;

/// Days ago a service got access to a group that is gone.
const SERVICE_DAYS_AGO: i64 = 100;
/// Days ago that group was deleted; it can still be restored.
const DELETED_DAYS_AGO: i64 = 12;

/// Makes the history.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>, packages: &Packages, today: Timestamp) -> Result<(), ServiceError> {
    lost_part(ctx, packages, today)?;
    let mut is_past = false;
    for (place, (days, package, alias, deed)) in (0..).zip(EVENTS) {
        if *days < MISHAP_DAYS_AGO && !is_past {
            is_past = true;
            mishap(ctx, packages, fixed::midnight(fixed::after(today, -MISHAP_DAYS_AGO)))?;
        }
        ctx.now = plus_seconds(fixed::after(today, -days), -minutes(place) * 60);
        happen(ctx, packages, (package, fixed::person(alias)), *deed)?;
    }
    stranger(ctx, packages)?;
    ctx.now = today;
    for (_, package, alias, _) in EVENTS {
        let held = rows::assignment::live(packages.get(package)?, SubjectId(fixed::person(alias).0));
        if let Some(assignment) = ctx.fetch(held)? {
            work::catch_up(ctx, assignment)?;
        }
    }
    Ok(())
}

/// Minutes by which an event is moved, so that not all happen at the same time of the day.
const fn minutes(place: i64) -> i64 {
    place * 67 % 300
}

fn happen(
    ctx: &mut Ctx<'_, '_>,
    packages: &Packages,
    (package, who): (&str, ObjectId),
    deed: Deed,
) -> Result<(), ServiceError> {
    let id = packages.get(package)?;
    let now = ctx.now;
    let from = |days| WantedSchedule { start: Some(fixed::after(now, days)), end: Expiration::NotSpecified };
    let until = |days| WantedSchedule { start: None, end: Expiration::At(fixed::after(now, days)) };
    match deed {
        Deed::Asked(reason) => asking::ask(ctx, id, who, &asks(reason, WantedSchedule::default(), Vec::new())),
        Deed::AskedIn(region) => {
            let region = Answer {
                question: fixed::id("question", REGION),
                value: region.to_owned(),
                display: Some(region.to_owned()),
                is_choice: true,
                ..Answer::default()
            };
            asking::ask(ctx, id, who, &asks("Customer visits", WantedSchedule::default(), vec![region]))
        }
        Deed::AskedAhead(days) => {
            asking::ask(ctx, id, who, &asks("Help with the next campaign", from(days), Vec::new()))
        }
        Deed::AskedUnder(policy, reason) => {
            let policy = Some(packages.policy(ctx, package, policy)?);
            asking::ask(ctx, id, who, &Ask { policy, ..asks(reason, WantedSchedule::default(), Vec::new()) })
        }
        Deed::AskedWhileAway(days) => {
            let source = Source {
                id: fixed::id("source", PRESS),
                kind: OUTSIDE.to_owned(),
                name: PRESS.to_owned(),
                can_write: true,
            };
            object::insert_source(ctx.tx, &source);
            let ask = asks("Speaks for the partners", WantedSchedule::default(), Vec::new());
            asking::ask_while_away(ctx, id, who, &ask, (groups::EDITORS, source.id, days * fixed::DAY))
        }
        Deed::Approved(by, reason) => asking::decide(ctx, (id, who), fixed::person(by), true, reason),
        Deed::Denied(by, reason) => asking::decide(ctx, (id, who), fixed::person(by), false, reason),
        Deed::TakenOut => directory::groups::remove_member(ctx, fixed::group(groups::EDITORS), who),
        Deed::Withdrew => {
            let open = ctx.fetch(rows::request::open(id, SubjectId(who.0), Direction::Grant))?;
            let missing = || ServiceError::Internal(format!("the demo has no request of `{who}` to withdraw"));
            requests::cancel(ctx, open.ok_or_else(missing)?.id)
        }
        Deed::GaveBack(reason) => asking::give_back(ctx, id, who, reason),
        Deed::Expired => asking::expire(ctx, id, who),
        Deed::Assigned(policy, reason) => {
            assign(ctx, packages, (package, policy), who, (reason, WantedSchedule::default()))
        }
        Deed::AssignedUntil(days) => {
            assign(ctx, packages, (package, DIRECT), who, ("Helps out for a month", until(days)))
        }
        Deed::AssignedFrom(days) => {
            assign(ctx, packages, (package, DIRECT), who, ("Joins the campaign team soon", from(days)))
        }
        Deed::Removed(reason) => {
            let assignment = AssignmentRef { package: Some(id), target: Some(who), ..AssignmentRef::default() };
            let justification = Some(reason.to_owned());
            requests::remove(ctx, &RemoveCommand { kind: RequestType::AdminRemove, assignment, justification })?;
            Ok(())
        }
    }
}

fn asks(reason: &str, wanted: WantedSchedule, answers: Vec<Answer>) -> Ask {
    Ask {
        kind: RequestType::UserAdd,
        policy: None,
        wanted,
        justification: Some(reason.to_owned()),
        answers,
        proofs: Vec::new(),
        bypass_approval: false,
    }
}

fn assign(
    ctx: &mut Ctx<'_, '_>,
    packages: &Packages,
    under: (&str, &str),
    who: ObjectId,
    what: (&str, WantedSchedule),
) -> Result<(), ServiceError> {
    assign_to(ctx, packages, under, TargetRef::Object(who), what)
}

fn assign_to(
    ctx: &mut Ctx<'_, '_>,
    packages: &Packages,
    (package, policy): (&str, &str),
    target: TargetRef,
    (reason, wanted): (&str, WantedSchedule),
) -> Result<(), ServiceError> {
    let command = SubmitCommand {
        kind: RequestType::AdminAdd,
        package: packages.get(package)?,
        policy: Some(packages.policy(ctx, package, policy)?),
        target,
        wanted,
        justification: Some(reason.to_owned()),
        answers: Vec::new(),
        credentials: Vec::new(),
        // An administrator need not wait for approvers.
        bypass_approval: true,
        validate_only: false,
    };
    requests::submit(ctx, &command)?;
    Ok(())
}

/// The editors and the studio are deleted by mistake: who is assigned then gets nothing, who asks when only the studio is
/// back gets a part, and that both are restored gives neither what he missed.
fn mishap(ctx: &mut Ctx<'_, '_>, packages: &Packages, morning: Timestamp) -> Result<(), ServiceError> {
    let (editors, studio) = (fixed::group(groups::EDITORS), service(ctx, STUDIO)?);
    ctx.now = plus_seconds(morning, MISHAP_HOUR * 3_600);
    directory::groups::delete(ctx, editors)?;
    directory::applications::delete_service_principal(ctx, studio)?;
    let later = |ctx: &mut Ctx<'_, '_>| ctx.now = plus_seconds(ctx.now, MISHAP_MINUTES * 30);
    later(ctx);
    happen(
        ctx,
        packages,
        (CAMPAIGN, fixed::person("fatima.zahra")),
        Deed::Assigned(DIRECT, "Prices on campaign pages"),
    )?;
    later(ctx);
    directory::deleted::restore(ctx, studio)?;
    later(ctx);
    happen(ctx, packages, (CAMPAIGN, fixed::person("aisha.bello")), Deed::Asked("Pages of the partners"))?;
    later(ctx);
    directory::deleted::restore(ctx, editors)
}

/// Somebody of a connected organization is assigned from a later day on, by his address: the account is made then.
fn stranger(ctx: &mut Ctx<'_, '_>, packages: &Packages) -> Result<(), ServiceError> {
    let from = WantedSchedule { start: Some(fixed::after(ctx.now, STRANGER_DAYS)), end: Expiration::NotSpecified };
    let address = "mila.horvat@fabrikam.example".to_owned();
    let target = TargetRef::Email { address, name: Some("Mila Horvat".to_owned()) };
    assign_to(ctx, packages, (PARTNER, CONNECTED), target, ("Joins the agency's team next month", from))
}

/// A service holds a package of which a group was deleted: it holds only a part now.
fn lost_part(ctx: &mut Ctx<'_, '_>, packages: &Packages, today: Timestamp) -> Result<(), ServiceError> {
    let warehouse = service(ctx, WAREHOUSE)?;
    ctx.now = fixed::after(today, -SERVICE_DAYS_AGO);
    let wanted = ("Loads the warehouse at night", WantedSchedule::default());
    assign(ctx, packages, (RELEASE, SERVICES), warehouse, wanted)?;
    ctx.now = fixed::after(today, -DELETED_DAYS_AGO);
    directory::groups::delete(ctx, fixed::group(groups::DELETED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_in_order_and_leave_out_whoever_tests_start_with() {
        assert!(EVENTS.is_sorted_by(|a, b| a.0 >= b.0));
        assert!(EVENTS.iter().all(|(_, _, alias, _)| !["requestor", "outsider"].contains(alias)));
    }
}
