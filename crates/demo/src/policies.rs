//! Policies: one of every kind that this release stores.

use crate::applications::{STUDIO, WAREHOUSE, service};
use crate::catalogs::{
    ANALYST, BRAND, CAMPAIGN, EXPENSE_APPROVER, INSIGHTS, PARTNER, PLATFORM, Packages, RELEASE, SALES,
};
use crate::fixed;
use tenure_domain::Timestamp;
use tenure_domain::ids::QuestionId;
use tenure_domain::policy::{
    ApprovalSettings, ApproverVisibility, Choice, Expiration, Localized, PolicyBody, Question, QuestionKind,
    Recurrence, RequestorSettings, ReviewOutcome, ReviewSettings, Stage, SubjectSet, TargetScope,
};
use tenure_domain::time::IsoDuration;
use tenure_service::policies::{self, PolicyDraft};
use tenure_service::{Ctx, ServiceError};

/// The policy by which administrators assign directly; several packages have one of this name.
pub(crate) const DIRECT: &str = "Direct assignment";
/// The policy of partners whom somebody at Contoso vouches for.
pub(crate) const SPONSORED: &str = "Sponsored partners";
/// The policy of everybody from an organization that there is a relationship with.
pub(crate) const CONNECTED: &str = "Connected organizations";
/// The policy of guests of any organization.
pub(crate) const ANY_PARTNER: &str = "Any partner";
/// The policy of expense approvers.
pub(crate) const MANAGER_APPROVES: &str = "Approved by the manager";
/// The policy of services.
pub(crate) const SERVICES: &str = "Services";
/// The question about the sales region.
pub(crate) const REGION: &str = "region";

/// Days from the first start to the day on which the quarter is closed.
const QUARTER_CLOSE_DAYS: i64 = 45;

/// Makes the policies.
pub(crate) fn seed(ctx: &mut Ctx<'_, '_>, packages: &Packages, today: Timestamp) -> Result<(), ServiceError> {
    let quarter_closed = fixed::midnight(fixed::after(today, QUARTER_CLOSE_DAYS));
    let services = [service(ctx, STUDIO)?.0, service(ctx, WAREHOUSE)?.0];
    let services = services.map(|id| SubjectSet::ServicePrincipal { id, description: None });
    let all = [
        (CAMPAIGN, all_employees()),
        (CAMPAIGN, direct("Marketing operations assigns; nobody is mailed", Expiration::NotSpecified)),
        (BRAND, marketing_and_sales()),
        (SALES, sales_staff()),
        (EXPENSE_APPROVER, manager_approves()),
        (PLATFORM, engineers()),
        (PLATFORM, direct("For people who join from other departments", days(180))),
        (ANALYST, two_approvals()),
        (ANALYST, direct("Until the quarter is closed", Expiration::At(quarter_closed))),
        (INSIGHTS, three_approvals()),
        (RELEASE, for_services(services.to_vec())),
        (PARTNER, connected_organizations()),
        (PARTNER, any_partner()),
        (PARTNER, PolicyDraft { name: SPONSORED.to_owned(), ..direct("A partner manager vouches", days(365)) }),
    ];
    for (package, draft) in all {
        policies::create(ctx, packages.get(package)?, &draft)?;
    }
    Ok(())
}

fn days(n: i32) -> Expiration {
    Expiration::After(IsoDuration::days(n))
}

fn draft(name: &str, description: &str, body: PolicyBody) -> PolicyDraft {
    let body = PolicyBody { description: Some(description.to_owned()), ..body };
    PolicyDraft { name: name.to_owned(), is_enabled: true, body }
}

/// People in scope ask for themselves and may give access back.
fn self_service(scope: TargetScope, expiration: Expiration) -> PolicyBody {
    let requestor = RequestorSettings { self_add: true, self_remove: true, ..RequestorSettings::default() };
    PolicyBody { scope, expiration, requestor, ..PolicyBody::direct_assignment_only() }
}

fn direct(description: &str, expiration: Expiration) -> PolicyDraft {
    let body = PolicyBody { expiration, mails_disabled: Some(true), ..PolicyBody::direct_assignment_only() };
    draft(DIRECT, description, body)
}

fn group(name: &str) -> SubjectSet {
    SubjectSet::Group { id: fixed::group(name).0, description: Some(name.to_owned()), backup: false }
}

fn person(alias: &str, name: &str) -> SubjectSet {
    SubjectSet::User { id: fixed::person(alias).0, description: Some(name.to_owned()), backup: false }
}

fn all_employees() -> PolicyDraft {
    let mut body = self_service(TargetScope::AllMemberUsers, days(90));
    body.requestor.self_update = true;
    body.requestor.custom_schedule = true;
    draft("All employees", "Every employee gets it at once, for 90 days, and may extend it", body)
}

fn marketing_and_sales() -> PolicyDraft {
    let mut body = self_service(TargetScope::SpecificDirectoryUsers, Expiration::Never);
    body.targets = vec![group("Marketing Team"), group("All Sales")];
    body.approval.requestor_justification = true;
    body.review = Some(ReviewSettings {
        is_enabled: true,
        on_timeout: ReviewOutcome::Keep,
        recommends: true,
        justification: true,
        reviewers: vec![person("owner", "Oscar Lund"), person("governance", "Gustav Eriksson").as_backup(true)],
        start: Some(fixed::governance_day()),
        duration: Some(IsoDuration::days(14)),
        recurrence: Some(every("absoluteMonthly", 3)),
        ..ReviewSettings::default()
    });
    draft("Marketing and Sales", "Reviewed every quarter", body)
}

fn sales_staff() -> PolicyDraft {
    let mut body = self_service(TargetScope::SpecificDirectoryUsers, days(180));
    body.requestor.self_update = true;
    body.requestor.custom_schedule = true;
    body.targets = vec![group("All Sales"), person("julia.santos", "Julia Santos")];
    body.questions = vec![
        Question {
            id: fixed::id::<QuestionId>("question", REGION),
            is_required: true,
            is_editable: false,
            sequence: 1,
            text: "Which region do you sell to?".to_owned(),
            localizations: vec![in_german("In welche Region verkaufen Sie?")],
            kind: QuestionKind::Choice {
                multiple: false,
                choices: vec![choice("EMEA", "Europe, Middle East, Africa"), choice("Americas", "Americas")],
            },
        },
        text_question("cost-center", 2, false, "Which cost center pays for your visits?", Some("^C-[0-9]{4}$")),
    ];
    draft("Sales staff", "For everybody in Sales, and their lawyer", body)
}

fn manager_approves() -> PolicyDraft {
    let mut body = self_service(TargetScope::AllMemberUsers, days(365));
    body.approval = ApprovalSettings {
        required_for_add: true,
        required_for_update: true,
        requestor_justification: true,
        stages: vec![Stage {
            window: Some(IsoDuration::days(14)),
            approver_justification: true,
            primary: vec![
                SubjectSet::RequestorManager { level: 1, backup: false },
                group("Finance Team").as_backup(true),
            ],
            visibility: ApproverVisibility::Visible,
            ..Stage::default()
        }],
    };
    draft(MANAGER_APPROVES, "Your manager decides; Finance if you have none", body)
}

fn engineers() -> PolicyDraft {
    let mut body = self_service(TargetScope::SpecificDirectoryUsers, Expiration::Never);
    body.targets = vec![group("All Engineers")];
    draft("Engineers", "Every engineer gets it at once", body)
}

fn two_approvals() -> PolicyDraft {
    let mut body = self_service(TargetScope::AllDirectoryUsers, days(30));
    body.requestor.self_update = true;
    body.approval = ApprovalSettings {
        required_for_add: true,
        required_for_update: false,
        requestor_justification: true,
        stages: vec![
            Stage {
                window: Some(IsoDuration::days(7)),
                escalation_enabled: true,
                escalation_delay: Some(IsoDuration::days(3)),
                primary: vec![person("david.cohen", "David Cohen")],
                escalation: vec![person("ravi.menon", "Ravi Menon")],
                ..Stage::default()
            },
            Stage {
                window: Some(IsoDuration::days(14)),
                approver_justification: true,
                primary: vec![person("approver", "Amira Haddad")],
                visibility: ApproverVisibility::NotVisible,
                ..Stage::default()
            },
        ],
    };
    body.questions =
        vec![text_question("purpose", 1, true, "Which data do you need, and what will you do with it?", None)];
    body.review = Some(ReviewSettings {
        is_enabled: true,
        on_timeout: ReviewOutcome::Remove,
        is_self_review: true,
        start: Some(fixed::governance_day()),
        duration: Some(IsoDuration::days(25)),
        recurrence: Some(Recurrence { month: 2, ..every("absoluteYearly", 1) }),
        ..ReviewSettings::default()
    });
    draft("Two approvals", "The data team and data protection decide", body)
}

fn three_approvals() -> PolicyDraft {
    let mut body = self_service(TargetScope::AllMemberUsers, days(90));
    let fortnight = Some(IsoDuration::days(14));
    body.approval = ApprovalSettings {
        required_for_add: true,
        required_for_update: true,
        requestor_justification: true,
        stages: vec![
            Stage {
                window: fortnight,
                primary: vec![
                    SubjectSet::RequestorManager { level: 1, backup: false },
                    group("Finance Team").as_backup(true),
                ],
                visibility: ApproverVisibility::Visible,
                ..Stage::default()
            },
            Stage {
                window: fortnight,
                escalation_enabled: true,
                escalation_delay: Some(IsoDuration::days(10)),
                primary: vec![person("david.cohen", "David Cohen")],
                escalation: vec![person("ravi.menon", "Ravi Menon")],
                ..Stage::default()
            },
            Stage {
                window: fortnight,
                approver_justification: true,
                primary: vec![person("approver", "Amira Haddad")],
                ..Stage::default()
            },
        ],
    };
    draft("Three approvals", "Your manager, the data team and data protection decide", body)
}

fn for_services(targets: Vec<SubjectSet>) -> PolicyDraft {
    let scope = TargetScope::SpecificDirectoryServicePrincipals;
    let body = PolicyBody { scope, targets, expiration: Expiration::Never, ..PolicyBody::direct_assignment_only() };
    draft(SERVICES, "Named services only", body)
}

fn connected_organizations() -> PolicyDraft {
    let mut body = self_service(TargetScope::AllConfiguredConnectedOrganizationUsers, days(90));
    body.approval = ApprovalSettings {
        required_for_add: true,
        requestor_justification: true,
        stages: vec![Stage {
            window: Some(IsoDuration::days(14)),
            primary: vec![
                SubjectSet::InternalSponsors { backup: false },
                person("approver", "Amira Haddad").as_backup(true),
            ],
            ..Stage::default()
        }],
        ..ApprovalSettings::default()
    };
    draft(CONNECTED, "The sponsors of the organization decide", body)
}

fn any_partner() -> PolicyDraft {
    draft(ANY_PARTNER, "For guests of any organization", self_service(TargetScope::AllExternalUsers, days(60)))
}

fn text_question(name: &str, sequence: i32, is_required: bool, text: &str, pattern: Option<&str>) -> Question {
    Question {
        id: fixed::id("question", name),
        is_required,
        is_editable: true,
        sequence,
        text: text.to_owned(),
        localizations: Vec::new(),
        kind: QuestionKind::Text { single_line: pattern.is_some(), pattern: pattern.map(ToOwned::to_owned) },
    }
}

fn in_german(text: &str) -> Localized {
    Localized { language: "de".to_owned(), text: text.to_owned() }
}

fn choice(value: &str, text: &str) -> Choice {
    Choice { value: value.to_owned(), text: text.to_owned(), localizations: Vec::new() }
}

/// From the day of the policies on, without an end.
fn every(pattern: &str, interval: i32) -> Recurrence {
    Recurrence {
        pattern: pattern.to_owned(),
        interval,
        month: 0,
        day_of_month: 3,
        days_of_week: Vec::new(),
        first_day_of_week: None,
        index: None,
        range: Some("noEnd".to_owned()),
        start_date: Some("2025-02-03".to_owned()),
        end_date: None,
        occurrences: 0,
        time_zone: None,
    }
}
