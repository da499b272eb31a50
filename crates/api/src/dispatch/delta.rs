//! `…/delta()`: what changed since the last round, for users, groups, directory objects, service principals and
//! applications (semantics.md 1.5; ADR 17). The first round lists what there is; a token then stands for what was seen,
//! and the next round gives what was not. What the caller may see is part of every statement, as in lists.

mod round;
mod token;

use self::token::State;
use super::Target;
use super::context::{context_text, set_path};
use super::read::{preferred_page, sign};
use super::walk::capabilities;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::json;
use crate::wire::read::encoded;
use crate::wire::schema::SCHEMA;
use axum::http::StatusCode;
use tenure_domain::authorize::{Reach, Sight, read_denied};
use tenure_domain::directory::ObjectKind;
use tenure_domain::limits::{DELTA_FILTER_MAX, PAGE_ROWS_DEFAULT};
use tenure_domain::refusal::Refusal;
use tenure_odata::edm::{EntityType, Version};
use tenure_odata::path::{Resolved, Step, Suffix};
use tenure_odata::query::{Context, Options};
use tenure_odata::token::{Cursor, fingerprint};
use tenure_odata::{Filter, Operation, Query, Value};
use tenure_service::Cost;
use tenure_service::rows::directory::change::Members;
use tenure_service::view::columns as c;
use tenure_service::view::reach;
use uuid::Uuid;

/// The sets that can be followed, by their names in the schema.
const SETS: [&str; 5] = ["users", "groups", "directoryObjects", "servicePrincipals", "applications"];
/// Options that lists have and changes have not.
const NO_OPTIONS: [&str; 4] = ["expand", "orderby", "search", "skip"];
/// What a caller asks for who wants no more than a token.
const LATEST: &str = "latest";

/// Whether a path asks for changes.
pub fn is_asked(resolved: &Resolved) -> bool {
    resolved.steps.iter().any(|step| matches!(step, Step::Operation { name: "delta", .. }))
}

/// Where a round begins.
enum Begin {
    /// With everything there is.
    All,
    /// Nowhere: only what comes is wanted.
    Latest,
    /// Where the one before ended, or a page of it.
    At(Box<State>),
}

/// What is asked, owned, so that it can travel to a database thread.
struct Asked {
    version: Version,
    entity: &'static EntityType,
    query: Query,
    begin: Begin,
    page: u32,
    context: String,
    /// Only these objects.
    ids: Option<Vec<Uuid>>,
    /// Only objects of these kinds.
    kinds: Vec<ObjectKind>,
    /// Whether members of groups are told of.
    tracks_members: bool,
}

/// What a round, or a page of it, comes to.
enum Outcome {
    /// The values, in brackets, and what stands for what comes next.
    Page(Vec<u8>, Box<State>),
    /// What the token stands for is not known any more.
    Lost,
}

/// What a caller follows.
struct View {
    /// Kinds of objects of which he sees all.
    kinds: Vec<ObjectKind>,
    /// Of which members of groups he is told.
    members: Members,
}

const KINDS: [ObjectKind; 4] =
    [ObjectKind::User, ObjectKind::Group, ObjectKind::ServicePrincipal, ObjectKind::Application];

const fn reach_of(kind: ObjectKind, sight: &Sight) -> Reach {
    match kind {
        ObjectKind::User => sight.users,
        ObjectKind::Group => sight.groups,
        ObjectKind::ServicePrincipal | ObjectKind::Application => sight.applications,
    }
}

/// The kinds of which a caller sees all. What is only his own is no part of changes: which of it is his is no property
/// of the objects, and nothing would tell when that ends.
fn kinds_seen(sight: &Sight) -> Vec<ObjectKind> {
    KINDS.into_iter().filter(|kind| reach_of(*kind, sight) == Reach::All).collect()
}

impl View {
    /// Who may list a set may follow it; everybody else is told what a list would tell him.
    fn of(sight: &Sight, asked: &Asked) -> Result<Self, Refusal> {
        if reach(asked.entity.relation, sight) != Reach::All {
            return Err(read_denied(capabilities(asked.entity)));
        }
        let seen = kinds_seen(sight);
        let kinds = asked.kinds.iter().copied().filter(|kind| seen.contains(kind)).collect();
        let me = sight.me.filter(|_| sight.users == Reach::Own).map(|me| me.0);
        Ok(Self { kinds, members: Members { kinds: seen, me } })
    }

    /// A number that tells what is seen: who comes to see more, or less, begins anew.
    fn extent(&self, asked: &Asked) -> i64 {
        let bits = |kinds: &[ObjectKind]| kinds.iter().fold(0, |bits, kind| bits | (1 << kind.code()));
        let members = if asked.tracks_members { bits(&self.members.kinds) } else { 0 };
        bits(&self.kinds) | (members << 8)
    }
}

/// Answers a GET.
pub async fn get(call: &Call, target: Target) -> Result<Reply, Failure> {
    let Target { resolved, options, .. } = target;
    let is_whole_set = matches!(resolved.steps.as_slice(), [Step::Operation { .. }]);
    if !is_whole_set || resolved.suffix != Suffix::Nothing || !SETS.contains(&resolved.set.id) {
        return Err(Failure::unknown_route(&call.full_path()));
    }
    let asked = asked(call, &resolved, &options)?;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let view = View::of(&ctx.sight()?, &asked)?;
        round::run(ctx, &asked, &view).map(|outcome| (outcome, asked.context.clone()))
    });
    let (outcome, context) = read.await?;
    let link = |name, token: &str| link(call, &options, name, token);
    let Outcome::Page(values, next) = outcome else {
        return Err(Failure::sync_state_not_found(&link("$deltatoken", "")));
    };
    let token = Cursor { fingerprint: fingerprint_of(call, &resolved, &options), count: None, after: next.values() };
    let (member, name) =
        if next.is_end() { ("@odata.deltaLink", "$deltatoken") } else { ("@odata.nextLink", "$skiptoken") };
    let mut body = vec![b'{'];
    json::member(&mut body, "@odata.context");
    json::text(&mut body, &context);
    json::member(&mut body, member);
    json::text(&mut body, &link(name, &token.seal(&|bytes| sign(&call.app, bytes))));
    json::member(&mut body, "value");
    body.extend(values);
    body.push(b'}');
    Ok(Reply::json(StatusCode::OK, body))
}

fn asked(call: &Call, resolved: &Resolved, options: &Options) -> Result<Asked, Failure> {
    if let Some(name) = NO_OPTIONS.into_iter().find(|name| options.get(name).is_some_and(|text| !text.is_empty())) {
        return Err(Failure::option(
            name,
            "a delta query has no such option: it gives whole objects, in its own order",
        ));
    }
    if options.get("count").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Err(Failure::option("count", "a delta query does not count"));
    }
    let context = Context { version: call.version, fold: SCHEMA.fold };
    let mut query = Query::build(context, resolved.entity, options)?;
    let text = context_text(call, resolved, &query);
    let (ids, kinds) = match query.filter.take() {
        None => (None, KINDS.to_vec()),
        Some(filter) => narrowed(&filter).ok_or_else(|| {
            let message = format!(
                "a delta query is filtered by ids, as in id eq '…' or id eq '…' ({DELTA_FILTER_MAX} at most), and \
                 directory objects by their types, as in isof('microsoft.graph.user') or isof('microsoft.graph.group')"
            );
            Failure::option("filter", &message)
        })?,
    };
    if ids.as_ref().is_some_and(|ids| ids.len() > DELTA_FILTER_MAX) {
        let message = format!("the filter of a delta query names at most {DELTA_FILTER_MAX} objects");
        return Err(Failure::new(StatusCode::BAD_REQUEST, "LimitExceeded", message));
    }
    let selects = |name: &str| query.select.as_ref().is_none_or(|names| names.iter().any(|n| n == name));
    let tracks_members = resolved.set.id == "groups" && selects("members");
    if !selects("id") {
        query.select.get_or_insert_default().push("id".to_owned());
    }
    Ok(Asked {
        version: call.version,
        entity: resolved.entity,
        begin: begin(call, resolved, options)?,
        page: query.top.or_else(|| preferred_page(call)).unwrap_or(PAGE_ROWS_DEFAULT),
        context: text,
        ids,
        kinds: kinds.into_iter().filter(|kind| kind_of(resolved).is_none_or(|own| own == *kind)).collect(),
        tracks_members,
        query,
    })
}

/// The kind that all objects of a set have, unless it has all kinds.
fn kind_of(resolved: &Resolved) -> Option<ObjectKind> {
    match resolved.set.id {
        "users" => Some(ObjectKind::User),
        "groups" => Some(ObjectKind::Group),
        "servicePrincipals" => Some(ObjectKind::ServicePrincipal),
        "applications" => Some(ObjectKind::Application),
        _ => None,
    }
}

/// Where a round begins. A token that was not made here, or not by this installation as it is now, is as good as an old
/// one; one that was made here for something else is a mistake.
fn begin(call: &Call, resolved: &Resolved, options: &Options) -> Result<Begin, Failure> {
    let given = |name| options.get(name).filter(|text| !text.is_empty());
    let text = match (given("skiptoken"), given("deltatoken")) {
        (None, None) => return Ok(Begin::All),
        (None, Some(text)) if text.eq_ignore_ascii_case(LATEST) => return Ok(Begin::Latest),
        (Some(text), None) | (None, Some(text)) => text,
        (Some(_), Some(_)) => {
            return Err(Failure::option("deltatoken", "a link has $skiptoken or $deltatoken, not both"));
        }
    };
    let lost = || Failure::sync_state_not_found(&link(call, options, "$deltatoken", ""));
    let cursor = Cursor::read(text, &|bytes| sign(&call.app, bytes)).map_err(|_| lost())?;
    if cursor.fingerprint != fingerprint_of(call, resolved, options) {
        let message = "the token belongs to another path, version or query: follow the link as it was given";
        return Err(Failure::new(StatusCode::BAD_REQUEST, "InvalidDeltaToken", message));
    }
    State::of(&cursor.after).map(|state| Begin::At(Box::new(state))).ok_or_else(lost)
}

/// What a token belongs to: the set in its version, and everything that decides what is told.
fn fingerprint_of(call: &Call, resolved: &Resolved, options: &Options) -> u64 {
    let set = set_path(resolved.set, call.version);
    let aliases: String = options.aliases().flat_map(|(n, v)| [n, "=", v, ";"]).collect();
    let option = |name| options.get(name).unwrap_or_default();
    fingerprint(["delta", call.version.prefix(), &set, option("filter"), option("select"), &aliases])
}

/// A link to the same query with a token.
fn link(call: &Call, options: &Options, name: &str, token: &str) -> String {
    let mut link = format!("{}{}?", call.root(), call.path);
    for (option, value) in options.repeated().filter(|(option, _)| !["deltatoken", "count"].contains(option)) {
        link.extend(["$", option, "=", &encoded(value), "&"]);
    }
    for (alias, value) in options.aliases() {
        link.extend([&encoded(alias), "=", &encoded(value), "&"]);
    }
    link.extend([name, "=", token]);
    link
}

/// The ids and the kinds that a filter names.
type Narrowed = (Option<Vec<Uuid>>, Vec<ObjectKind>);

/// What a filter by ids, or by kinds, names; nothing for any other.
fn narrowed(filter: &Filter) -> Option<Narrowed> {
    let alternatives = match filter {
        Filter::Or(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let kinds = alternatives.iter().map(kind_named).collect::<Option<Vec<ObjectKind>>>();
    if let Some(kinds) = kinds {
        return Some((None, kinds));
    }
    let mut ids = Vec::new();
    for alternative in alternatives {
        ids.extend(ids_named(alternative)?);
    }
    Some((Some(ids), KINDS.to_vec()))
}

fn kind_named(filter: &Filter) -> Option<ObjectKind> {
    match filter {
        Filter::Kind { code, .. } => ObjectKind::from_code(*code),
        _ => None,
    }
}

fn ids_named(filter: &Filter) -> Option<Vec<Uuid>> {
    let id = |value: &Value| match value {
        Value::Id(id) => Some(*id),
        _ => None,
    };
    match filter {
        Filter::Or(all) => all.iter().map(ids_named).collect::<Option<Vec<_>>>().map(|ids| ids.concat()),
        Filter::Compare { path, op: Operation::Eq, value }
            if path.navs.is_empty() && path.operand.column == c::object::ID =>
        {
            Some(vec![id(value)?])
        }
        Filter::In { path, values } if path.navs.is_empty() && path.operand.column == c::object::ID => {
            values.iter().map(id).collect()
        }
        // What can be no id names nothing.
        Filter::Const(false) => Some(Vec::new()),
        _ => None,
    }
}
