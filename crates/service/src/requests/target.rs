//! Whom access is asked for: people and service principals of the directory, and people outside who are known by their
//! address only (behaviour.md e.2).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::authorize::Action;
use tenure_domain::directory::application::ServicePrincipal;
use tenure_domain::directory::guest::{Address, NewAccount, home_domain};
use tenure_domain::directory::user::{User, UserKind};
use tenure_domain::ids::{ObjectId, OrganizationId, SubjectId};
use tenure_domain::organization::{Organization, Origin, belongings};
use tenure_domain::policy::eligibility::{External, Proposal, TargetFacts};
use tenure_domain::refusal::{Code, GuardName, Refusal};
use tenure_domain::request::{RequestType, TargetState};
use tenure_domain::subject::{Lifecycle, Subject, SubjectKind};
use tenure_domain::text::fold;
use tenure_store::rows::directory::user;
use tenure_store::rows::tenant::Tenant;
use tenure_store::{First, Query, rows};
use uuid::Uuid;

/// Whom access is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetRef {
    /// A directory object.
    Object(ObjectId),
    /// A mail address.
    Email {
        /// The address.
        address: String,
        /// What to call somebody who is not in the directory.
        name: Option<String>,
    },
    /// The caller.
    Caller,
}

/// Where the organizations of a person are read, and the domains that are our own.
pub(crate) type Home = (Option<Query<Organization>>, Option<(Query<Organization>, Query<String>)>, First<Tenant>);

fn home(domain: Option<&str>, person: Option<ObjectId>) -> Home {
    let by_issuer = person.map(|p| (rows::organization::of_issuers(p), rows::identity_link::issuers(p)));
    (domain.map(rows::organization::of_domain), by_issuer, rows::tenant::get())
}

/// What was read there.
pub(crate) type HomeRows = (Option<Vec<Organization>>, Option<(Vec<Organization>, Vec<String>)>, Option<Tenant>);

/// What follows for somebody from outside.
fn external(domain: Option<String>, (named, by_issuer, tenant): HomeRows) -> External {
    let (mut candidates, issuers) = by_issuer.unwrap_or_default();
    let named = named.unwrap_or_default();
    let is_ours = |d: &String| tenant.as_ref().is_some_and(|t| t.domains.iter().any(|own| fold(own) == *d));
    let is_unknown = |d: &String| !named.iter().any(|o| o.has_domain(d));
    let proposal = domain.clone().filter(|d| !is_ours(d) && is_unknown(d)).map(|domain| {
        let is_name_taken = named.iter().any(|o| fold(&o.name) == domain);
        Proposal { domain, is_name_taken }
    });
    candidates.extend(named);
    let organizations = belongings(&candidates, &Origin { domain, issuers });
    External { organizations, proposal, ..External::default() }
}

/// What is known of a guest of the directory because he is one.
pub fn external_of(ctx: &mut Ctx<'_, '_>, person: &User) -> Result<External, ServiceError> {
    if person.kind == UserKind::Member {
        return Ok(External::default());
    }
    let domain = home_domain(person.mail.as_deref(), &person.principal_name);
    let found = ctx.fetch(home(domain.as_deref(), Some(person.id)))?;
    Ok(external(domain, found))
}

/// The same, when it was read already for the domain he came from then.
fn external_from(
    ctx: &mut Ctx<'_, '_>,
    person: &User,
    seen: Option<(Option<String>, HomeRows)>,
) -> Result<External, ServiceError> {
    let domain = home_domain(person.mail.as_deref(), &person.principal_name);
    match seen.filter(|(seen, _)| *seen == domain) {
        Some((_, found)) if person.kind == UserKind::Guest => Ok(external(domain, found)),
        _ => external_of(ctx, person),
    }
}

/// Somebody who is named by an address that nobody in the directory has.
pub(super) struct Stranger {
    subject: Subject,
    external: External,
}

/// Whom a request names.
pub(super) enum Named {
    /// An object of the directory, or nothing.
    Object {
        /// Its id.
        id: ObjectId,
        /// Who it is, if it was named by an address.
        by_address: Option<Box<User>>,
    },
    /// Somebody who is not in the directory.
    Stranger(Box<Stranger>),
}

impl Named {
    /// The id of the object, or the one it will get.
    pub(super) fn id(&self) -> ObjectId {
        match self {
            Self::Object { id, .. } => *id,
            Self::Stranger(stranger) => ObjectId(stranger.subject.id.0),
        }
    }

    /// The organization of somebody who may not be known to the database yet: that to which his first request will bind
    /// him.
    pub(super) fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Stranger(stranger) => {
                let belongs = stranger.external.organizations.first().map(|b| b.organization);
                belongs.or(stranger.subject.organization)
            }
            Self::Object { .. } => None,
        }
    }

    /// Where the organizations of somebody are read of whom it is known already that he is a guest.
    pub(super) fn home(&self) -> Option<Home> {
        match self {
            Self::Object { by_address: Some(user), .. } if user.kind == UserKind::Guest => {
                let domain = home_domain(user.mail.as_deref(), &user.principal_name);
                Some(home(domain.as_deref(), Some(user.id)))
            }
            Self::Object { .. } | Self::Stranger(_) => None,
        }
    }
}

/// Finds out whom a request names.
pub(super) fn find(ctx: &mut Ctx<'_, '_>, target: &TargetRef, kind: RequestType) -> Result<Named, ServiceError> {
    match target {
        TargetRef::Object(id) => Ok(Named::Object { id: *id, by_address: None }),
        TargetRef::Caller => match ctx.identity_person() {
            Some(id) if kind == RequestType::UserAdd => Ok(Named::Object { id, by_address: None }),
            _ => {
                let message = "assignment/targetId is required";
                Err(Refusal::new(Code::InvalidModel, message).detail("/assignment/targetId", "missing").into())
            }
        },
        TargetRef::Email { address, name } => by_address(ctx, address, name.as_deref()),
    }
}

/// Somebody who is not in the directory, by the id he is known by here since he was first named by his address.
pub(super) fn outside(ctx: &mut Ctx<'_, '_>, target: &TargetRef) -> Result<Option<Named>, ServiceError> {
    let TargetRef::Object(id) = target else { return Ok(None) };
    let subject = ctx.fetch(rows::subject::get(SubjectId(id.0)))?.filter(|s| s.object.is_none());
    match subject.and_then(|s| Some((s.email?, s.name))) {
        Some((address, name)) => by_address(ctx, &address, Some(&name)).map(Some),
        None => Ok(None),
    }
}

/// Where somebody is looked for by an address.
pub(crate) type Lookup = (First<User>, First<Subject>, First<ObjectId>, Home);

fn lookup(address: &Address) -> Lookup {
    let text = address.text();
    (
        user::of_address(&text),
        rows::subject::known_by_address(&text),
        user::named_so(&address.guest_alias()),
        home(Some(&address.domain()), None),
    )
}

fn by_address(ctx: &mut Ctx<'_, '_>, text: &str, name: Option<&str>) -> Result<Named, ServiceError> {
    let malformed = || {
        let message = "email must be a mail address, such as ada@example.com";
        Refusal::new(Code::InvalidModel, message).detail("/assignment/target/email", message)
    };
    let Some(address) = Address::parse(text) else {
        ctx.pending(Action::AssignDirectly)?;
        return Err(malformed().into());
    };
    let (_, (known, subject, namesake, home)) = ctx.load_placed(Action::AssignDirectly, lookup(&address))?;
    if let Some(user) = known {
        return Ok(Named::Object { id: user.id, by_address: Some(Box::new(user)) });
    }
    let tenant = home.2.clone();
    let domain = address.domain();
    if tenant.as_ref().is_some_and(|t| t.domains.iter().any(|own| fold(own) == domain)) {
        let message = "nobody in the directory has this address, and its domain is our own: make the account first";
        let refusal = Refusal::new(Code::TargetNotEligible, message).by(GuardName::TargetKnown);
        return Err(refusal.detail("/assignment/target/email", message).into());
    }
    let mut subject = subject.unwrap_or_else(|| Subject {
        id: ctx.ids.next(ctx.now),
        object: None,
        kind: SubjectKind::User,
        name: address.text(),
        email: Some(address.text()),
        principal_name: None,
        organization: None,
        lifecycle: Lifecycle::NotDefined,
    });
    if let Some(name) = name.map(str::trim).filter(|n| !n.is_empty()) {
        tenure_domain::text::check_name("assignment/target/displayName", name)?;
        name.clone_into(&mut subject.name);
    }
    let account = account(&address, &subject, tenant.as_ref(), namesake.is_some());
    let external = External { account: Some(account), by_address: true, ..external(Some(domain), home) };
    Ok(Named::Stranger(Box::new(Stranger { subject, external })))
}

fn account(address: &Address, subject: &Subject, tenant: Option<&Tenant>, has_namesake: bool) -> NewAccount {
    let domain = tenant.and_then(|t| t.domains.first()).map_or("", String::as_str);
    NewAccount::new(address, &subject.name, domain, ObjectId(subject.id.0), has_namesake)
}

/// What was read about an object of the directory.
pub(crate) type ObjectRows = (Option<User>, Option<ServicePrincipal>, Vec<Uuid>);

/// What rules look at, and the subject row that belongs to it; nothing when there is no such object.
pub(super) fn state(
    ctx: &mut Ctx<'_, '_>,
    named: &Named,
    (person, service, groups): ObjectRows,
    home: Option<HomeRows>,
) -> Result<Option<TargetState>, ServiceError> {
    if let Named::Stranger(stranger) = named {
        let facts = stranger_facts(&stranger.subject, stranger.external.clone());
        return Ok(Some(TargetState { facts, subject: stranger.subject.clone() }));
    }
    let subject = match (&person, &service) {
        (Some(user), _) => super::subject_of(user),
        (None, Some(sp)) => Subject {
            id: SubjectId(sp.id.0),
            object: Some(sp.id),
            kind: SubjectKind::ServicePrincipal,
            name: sp.name.clone(),
            email: None,
            principal_name: None,
            organization: None,
            lifecycle: Lifecycle::NotDefined,
        },
        (None, None) => return Ok(None),
    };
    let named_person = match named {
        Named::Object { by_address, .. } => by_address.as_deref(),
        Named::Stranger(_) => None,
    };
    let seen = named_person.zip(home).map(|(p, rows)| (home_domain(p.mail.as_deref(), &p.principal_name), rows));
    let facts = object_facts(ctx, (person, service, groups), seen)?;
    let by_address = named_person.is_some();
    let with = |facts: TargetFacts| TargetFacts { external: External { by_address, ..facts.external }, ..facts };
    Ok(facts.map(with).map(|facts| TargetState { facts, subject }))
}

/// Somebody who was deleted, as he is remembered: what he holds stays his while he can be restored (decisions.md B8).
pub(super) fn deleted(ctx: &mut Ctx<'_, '_>, id: SubjectId) -> Result<Option<TargetState>, ServiceError> {
    let remembered = ctx.fetch(rows::subject::get(id))?;
    Ok(remembered.map(|subject| {
        let facts = TargetFacts { is_enabled: false, ..stranger_facts(&subject, External::default()) };
        TargetState { facts, subject }
    }))
}

fn object_facts(
    ctx: &mut Ctx<'_, '_>,
    (person, service, groups): ObjectRows,
    seen: Option<(Option<String>, HomeRows)>,
) -> Result<Option<TargetFacts>, ServiceError> {
    let groups = groups.into_iter().collect();
    if let Some(user) = person {
        let external = external_from(ctx, &user, seen)?;
        return Ok(Some(TargetFacts {
            id: user.id.0,
            kind: SubjectKind::User,
            is_member: user.kind == UserKind::Member,
            is_enabled: user.is_enabled,
            groups,
            external,
        }));
    }
    Ok(service.map(|sp| TargetFacts {
        id: sp.id.0,
        kind: SubjectKind::ServicePrincipal,
        is_member: false,
        is_enabled: sp.is_enabled,
        groups,
        external: External::default(),
    }))
}

fn stranger_facts(subject: &Subject, external: External) -> TargetFacts {
    TargetFacts {
        id: subject.id.0,
        kind: subject.kind,
        is_member: false,
        is_enabled: true,
        groups: std::collections::BTreeSet::new(),
        external,
    }
}

/// The target of a request that was made earlier, as it was known when it was made.
pub(crate) struct Waiting {
    subject: Option<Subject>,
    /// The address of somebody who was not in the directory.
    address: Option<Address>,
    /// The domain of a guest who was.
    domain: Option<String>,
}

/// What has to be read about it.
pub(crate) type WaitingRows = (Option<(Option<User>, Option<Subject>, Option<ObjectId>, HomeRows)>, Option<HomeRows>);

impl Waiting {
    pub(crate) fn new(subject: Option<Subject>) -> Self {
        let address = subject.as_ref().filter(|s| s.object.is_none()).and_then(|s| Address::parse(s.email.as_deref()?));
        let guest = subject.as_ref().filter(|s| s.object.is_some() && s.lifecycle != Lifecycle::NotDefined);
        let domain =
            guest.and_then(|s| home_domain(s.email.as_deref(), s.principal_name.as_deref().unwrap_or_default()));
        Self { subject, address, domain }
    }

    /// What is to be read about somebody from outside.
    pub(crate) fn wanted(&self) -> (Option<Lookup>, Option<Home>) {
        let person = self.subject.as_ref().and_then(|s| s.object);
        let home = self.domain.as_ref().map(|domain| home(Some(domain), person));
        (self.address.as_ref().map(lookup), home)
    }

    /// What rules look at; nothing when the target is gone.
    pub(crate) fn facts(
        self,
        ctx: &mut Ctx<'_, '_>,
        rows: ObjectRows,
        (found, home): WaitingRows,
    ) -> Result<Option<TargetFacts>, ServiceError> {
        if rows.0.is_some() || rows.1.is_some() {
            return object_facts(ctx, rows, home.map(|rows| (self.domain, rows)));
        }
        let (Some(subject), Some(address), Some((known, _, namesake, home))) = (self.subject, self.address, found)
        else {
            return Ok(None);
        };
        let account = account(&address, &subject, home.2.as_ref(), namesake.is_some());
        let account = Some(NewAccount { is_taken: known.is_some(), ..account });
        let external = External { account, ..external(Some(address.domain()), home) };
        Ok(Some(stranger_facts(&subject, external)))
    }
}
