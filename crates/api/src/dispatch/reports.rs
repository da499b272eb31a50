//! The two reports about a person (behaviour.md i.1): for himself, and for whoever sees his assignments, as far as he does.

use super::read::{self, STATUS};
use super::walk::Spot;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::report as r;
use tenure_domain::authorize::{Capability, Reach, read_denied};
use tenure_domain::ids::{ObjectId, SubjectId};
use tenure_domain::refusal::Refusal;
use tenure_odata::edm::{EntitySet, EntityType, Name};
use tenure_odata::path::{Resolved, Suffix};
use tenure_odata::query::Options;
use tenure_odata::{Error, ErrorKind, Value};
use tenure_service::view::Predicate;
use tenure_service::{Ctx, ServiceError, rows};
use uuid::Uuid;

/// A list of a report. None has a place in the tree of paths: each is about somebody.
static ASSIGNED: EntitySet = EntitySet::new("reports", Name::own("assignedAccessPackages"), &r::ASSIGNED);
static REQUESTABLE: EntitySet = EntitySet::new("reports", Name::own("requestableAccessPackages"), &r::REQUESTABLE);
static RESOURCES: EntitySet = EntitySet::new("reports", Name::own("resourceAssignments"), &r::RESOURCE_ASSIGNMENT);

/// Whom a report is about, and what it shows.
pub struct About {
    user: ObjectId,
    entity: &'static EntityType,
    predicate: Predicate,
}

impl About {
    /// Where its rows are. Who has roles in some catalogs learns about others what lies in these.
    pub(super) fn spot(&self, ctx: &mut Ctx<'_, '_>) -> Result<Spot, ServiceError> {
        let known = (rows::directory::user::get(self.user), rows::subject::get(SubjectId(self.user.0)));
        let (person, subject) = ctx.fetch(known)?;
        let sight = ctx.sight()?;
        let is_himself = sight.me == Some(self.user);
        match sight.entitlement {
            Reach::Nothing => return Err(read_denied(&[Capability::EntitlementRead]).into()),
            Reach::Own if !is_himself => return Err(read_denied(&[Capability::EntitlementRead]).into()),
            Reach::All if person.is_none() && subject.is_none() => {
                return Err(Refusal::no_such_object(self.user).into());
            }
            Reach::Own | Reach::Catalogs | Reach::All => {}
        }
        let user = vec![Value::Id(self.user.0)];
        Ok(Spot::selected(self.entity, (self.predicate, user), !is_himself))
    }
}

/// Answers `GET reports/users/{id}/{report}`; `me` is the caller.
pub async fn answer(call: &Call, user: &str, report: &str) -> Result<Reply, Failure> {
    let mut options = Options::parse(&call.query)?;
    let status = options.other(STATUS).map(str::to_ascii_lowercase);
    let (set, predicate, around) = match (report, status.as_deref()) {
        ("accesspackages", None | Some("assigned")) => (&ASSIGNED, Predicate::AssignmentHeld, r::OF_ASSIGNED),
        ("accesspackages", Some("canrequest")) => (&REQUESTABLE, Predicate::PackageAllowedRequestor, r::OF_REQUESTABLE),
        ("accesspackages", Some(_)) => {
            let message = "`status` must be assigned or canRequest";
            return Err(Error::whole(ErrorKind::Invalid, STATUS, message).into());
        }
        ("resourceassignments", _) => (&RESOURCES, Predicate::GrantHeld, r::OF_RESOURCE_ASSIGNMENT),
        _ => return Err(Failure::unknown_route(&call.full_path())),
    };
    let user = match Uuid::parse_str(user) {
        Ok(id) => ObjectId(id),
        Err(_) if user == "me" => {
            let me = |ctx: &mut Ctx<'_, '_>| super::key::me(ctx);
            call.app.engine().read(tenure_service::Cost::Small, call.identity, call.id, me).await?
        }
        Err(_) => return Err(Failure::unknown_route(&call.full_path())),
    };
    options.expand_by_default(around);
    let about = About { user, entity: set.entity, predicate };
    let resolved =
        Resolved { set, steps: Vec::new(), suffix: Suffix::Nothing, entity: set.entity, is_collection: true };
    read::report(call, resolved, &options, about).await
}
