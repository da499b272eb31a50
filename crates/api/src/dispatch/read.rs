//! Every GET: a path is walked over the schema, its parents are looked for, and its end is a list, one object, a count,
//! references or one property. What the caller may see is part of every statement (decisions.md D, J5).

use super::context::{Place, context_text, link_path, set_path};
use super::etag::Shown;
use super::reports::About;
use super::sites::names_origin_system;
use super::walk::{Check, Spot, admit, walk};
use super::{Target, etag};
use crate::app::App;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::json;
use crate::wire::read::{Level, Plan, encoded, expand, owned, position, write_expanded, write_property};
use crate::wire::schema::{ENTITLEMENT_SETS, SCHEMA};
use axum::http::StatusCode;
use std::sync::Arc;
use tenure_domain::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use tenure_odata::edm::{Column, EntityType, Property, Version};
use tenure_odata::path::{Resolved, Step, Suffix};
use tenure_odata::query::{Context, Options};
use tenure_odata::token::{Cursor, SIGNATURE_BYTES, fingerprint};
use tenure_odata::{Cells, Query, Value};
use tenure_service::view::columns as c;
use tenure_service::view::{Origin, OwnedRow, Select};
use tenure_service::{Cost, Ctx, ServiceError, query};
use uuid::Uuid;

/// What is asked, owned, so that it can travel to a database thread.
pub(super) struct Asked {
    version: Version,
    pub(super) resolved: Resolved,
    pub(super) query: Query,
    cursor: Option<Cursor>,
    pub(super) page: u32,
    context: String,
    root: String,
    pub(super) link: String,
    /// A report about somebody, in place of what the path leads to.
    report: Option<About>,
}

impl Asked {
    /// What a call asks.
    pub(super) fn new(call: &Call, resolved: Resolved, query: Query, cursor: Option<Cursor>, page: u32) -> Self {
        Self {
            version: call.version,
            context: context_text(call, &resolved, &query),
            root: call.root(),
            link: format!("{}/{}", call.root(), link_path(&resolved, call.version)),
            resolved,
            query,
            cursor,
            page,
            report: None,
        }
    }
}

/// Answers a GET.
pub async fn get(call: &Call, mut target: Target) -> Result<Reply, Failure> {
    let resolved = target.resolved;
    let inline = resolved.entity.inline.and_then(|name| name.get(call.version));
    if let (Some(name), false, Suffix::Nothing) = (inline, resolved.is_collection, resolved.suffix) {
        target.options.expand_by_default(name);
    }
    if let (Suffix::Value, false) = (resolved.suffix, is_property(&resolved)) {
        return Err(Failure::unknown_route(&call.full_path()));
    }
    if resolved.entity.relation == c::site::RELATION {
        target.options.forget_search_for_all();
    }
    let asked = asked(call, resolved, &target.options, None)?;
    let query = &asked.query;
    if !query.search.is_empty() && is_directory(asked.resolved.entity) && !is_eventual(call) {
        let message = "$search in the directory needs the header ConsistencyLevel: eventual";
        return Err(Failure::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message));
    }
    let asked = Arc::new(asked);
    match (asked.resolved.suffix, is_property(&asked.resolved), asked.resolved.is_collection) {
        (Suffix::Count, _, _) => count(call, asked).await,
        (_, true, _) => property(call, asked).await,
        (Suffix::Ref, _, _) => references(call, asked, &target.options).await,
        (_, _, true) => list(call, asked, &target.options).await,
        (_, _, false) => single(call, asked).await,
    }
}

/// What a call asks by its query options, with the page it goes on from.
fn asked(call: &Call, resolved: Resolved, options: &Options, report: Option<About>) -> Result<Asked, Failure> {
    let context = Context { version: call.version, fold: SCHEMA.fold };
    let query = Query::build(context, resolved.entity, options)?;
    let open = |token: &str| Cursor::open(token, fingerprint_of(call, options), &|b| sign(&call.app, b));
    let cursor = query.token.as_deref().map(open).transpose()?;
    let page = query.top.or_else(|| preferred_page(call)).unwrap_or(PAGE_ROWS_DEFAULT);
    Ok(Asked { report, ..Asked::new(call, resolved, query, cursor, page) })
}

/// A page of a report.
pub(super) async fn report(call: &Call, resolved: Resolved, options: &Options, about: About) -> Result<Reply, Failure> {
    let asked = Arc::new(asked(call, resolved, options, Some(about))?);
    list(call, asked, options).await
}

/// Whether a type belongs to the directory, whose searches are advanced queries (semantics.md 5).
fn is_directory(entity: &EntityType) -> bool {
    ["user", "group", "directoryObject", "application", "servicePrincipal"].contains(&entity.name)
}

fn is_eventual(call: &Call) -> bool {
    call.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

fn is_property(resolved: &Resolved) -> bool {
    matches!(resolved.steps.last(), Some(Step::Property(_)))
}

/// `Prefer: odata.maxpagesize=50`
pub(super) fn preferred_page(call: &Call) -> Option<u32> {
    let named = call.preferences().find_map(|p| {
        let (name, value) = p.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        (name == "odata.maxpagesize" || name == "maxpagesize").then(|| value.trim().parse::<u32>().ok())?
    });
    named.filter(|n| *n > 0).map(|n| n.min(PAGE_ROWS_MAX))
}

pub(super) fn sign(app: &App, bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
    tenure_auth::secret::tag(&app.keys().page_key, bytes)
}

/// Which of its lists a report shows: part of its address.
pub(super) const STATUS: &str = "status";

/// What a next link belongs to: the path and everything that decides which rows there are, and in which order.
fn fingerprint_of(call: &Call, options: &Options) -> u64 {
    let path = call.path.to_ascii_lowercase();
    let option = |name| options.get(name).unwrap_or_default();
    let status = options.other(STATUS).map(|status| (STATUS, status));
    let aliases: String = options.aliases().chain(status).flat_map(|(n, v)| [n, "=", v, ";"]).collect();
    let parts = [call.version.prefix(), &path, option("filter"), option("orderby"), option("search"), aliases.as_str()];
    fingerprint(parts)
}

/// The link to the next page: the same query, with the place where this page ended.
fn next_link(call: &Call, options: &Options, cursor: &Cursor) -> String {
    let mut link = format!("{}{}?", call.root(), call.path);
    for (name, value) in options.repeated() {
        link.extend(["$", name, "=", &encoded(value), "&"]);
    }
    for (name, value) in options.aliases().chain(options.other(STATUS).map(|status| (STATUS, status))) {
        link.extend([&encoded(name), "=", &encoded(value), "&"]);
    }
    link.push_str("$skiptoken=");
    link.push_str(&cursor.seal(&|b| sign(&call.app, b)));
    link
}

/// How much a list may have to look at. A filter mostly finds its page by an index; one that does not is noticed by its
/// steps and goes to a reader thread (decisions.md D9).
fn cost(query: &Query) -> Cost {
    if query.count || !query.search.is_empty() { Cost::Unknown } else { Cost::Small }
}

/// Reads parents and rows in one round trip; a missing parent is a 404.
pub(super) fn read_checked(
    ctx: &mut Ctx<'_, '_>,
    checks: &[Check],
    main: Select<'_>,
    sink: &mut dyn FnMut(&dyn Cells),
) -> Result<(), ServiceError> {
    let mut selects: Vec<Select<'_>> = checks.iter().map(|(s, _)| s.clone()).collect();
    selects.push(main);
    let mut found = vec![false; checks.len()];
    query::read(ctx, &selects, &mut |job, row| {
        match found.get_mut(job) {
            Some(there) => *there = true,
            None => sink(row),
        }
        Ok(())
    })?;
    match checks.iter().zip(found).find(|(_, there)| !there) {
        Some(((_, refusal), _)) => Err(refusal.clone().into()),
        None => Ok(()),
    }
}

/// A page that was read.
struct Page {
    /// The body, still open after its last value.
    body: Vec<u8>,
    /// Where the next page starts, if there is one.
    after: Option<Vec<Value>>,
    count: Option<i64>,
}

fn open_list(asked: &Asked, count: Option<i64>) -> Vec<u8> {
    let mut body = Vec::with_capacity(4_096);
    body.push(b'{');
    json::member(&mut body, "@odata.context");
    json::text(&mut body, &asked.context);
    if let Some(count) = count {
        json::member(&mut body, "@odata.count");
        json::int(&mut body, count);
    }
    json::member(&mut body, "value");
    body.push(b'[');
    body
}

fn close_list(call: &Call, options: &Options, page: Page) -> Reply {
    let mut body = page.body;
    body.push(b']');
    if let Some(after) = page.after {
        let cursor = Cursor { fingerprint: fingerprint_of(call, options), count: page.count, after };
        json::member(&mut body, "@odata.nextLink");
        json::text(&mut body, &next_link(call, options, &cursor));
    }
    body.push(b'}');
    Reply::json(StatusCode::OK, body)
}

async fn list(call: &Call, asked: Arc<Asked>, options: &Options) -> Result<Reply, Failure> {
    let cost = cost(&asked.query);
    let counts = asked.query.count && asked.cursor.is_none();
    let turn = if counts { Some(call.app.count_turn().await?) } else { None };
    let read = call.app.engine().read(cost, call.identity, call.id, move |ctx| {
        let _ = &turn;
        list_page(ctx, &asked)
    });
    let page = read.await?;
    Ok(close_list(call, options, page))
}

fn list_page(ctx: &mut Ctx<'_, '_>, asked: &Asked) -> Result<Page, ServiceError> {
    let (spot, checks) = match &asked.report {
        Some(about) => (about.spot(ctx)?, Vec::new()),
        None => walk(ctx, asked.version, &asked.resolved)?,
    };
    if asked.report.is_none() {
        admit(&ctx.sight()?, &asked.resolved, &spot)?;
        names_origin_system(&asked.resolved, &asked.query)?;
    }
    let plan = Plan::new(spot.entity, asked.version, &asked.query);
    let select = list_select(asked, &spot, plan.columns.clone());
    let layout = select.layout();
    let count = page_count(ctx, asked, &spot)?;
    let mut body = open_list(asked, count);
    let (mut rows, mut shown, mut after, mut more) = (Vec::new(), 0, None, false);
    let expands = plan.expands();
    read_checked(ctx, &checks, select, &mut |row| {
        if shown == asked.page {
            more = true;
            return;
        }
        shown += 1;
        if shown == asked.page {
            after = Some(position(row, layout.order, layout.order_count, layout.key));
        }
        if expands {
            rows.push(owned(row, layout.key + 1));
            return;
        }
        separate(&mut body);
        body.push(b'{');
        plan.write_members(row, &mut body);
        body.push(b'}');
    })?;
    if expands {
        let level = expand(ctx, &plan, rows, layout.key)?;
        write_level(&plan, &level, layout.key, &asked.link, &mut body);
    }
    Ok(Page { body, after: after.filter(|_| more), count })
}

/// A comma between two values.
fn separate(body: &mut Vec<u8>) {
    if body.last() != Some(&b'[') {
        body.push(b',');
    }
}

fn write_level(plan: &Plan<'_>, level: &Level, key_at: usize, link: &str, body: &mut Vec<u8>) {
    for at in 0..level.rows.len() {
        separate(body);
        body.push(b'{');
        write_expanded(plan, level, at, key_at, &|| object_link(level, at, key_at, (link, true)), body);
        body.push(b'}');
    }
}

/// Where the object of a row is.
pub(super) fn object_link(level: &Level, at: usize, key_at: usize, (link, wants_id): (&str, bool)) -> String {
    match level.rows.get(at).and_then(|row| row.cell(key_at).id()) {
        Some(id) if wants_id => format!("{link}/{id}"),
        _ => link.to_owned(),
    }
}

pub(super) fn list_select<'q>(asked: &'q Asked, spot: &Spot, columns: Vec<Column>) -> Select<'q> {
    let mut select: Select<'q> = spot.select(columns, asked.page + 1);
    select.filter = asked.query.filter.as_ref();
    select.search = &asked.query.search;
    select.order = &asked.query.order;
    select.after = asked.cursor.as_ref().map(|c| c.after.as_slice());
    select.skip = if asked.cursor.is_some() { 0 } else { asked.query.skip };
    select
}

/// The count is made for the first page and carried along.
fn page_count(ctx: &mut Ctx<'_, '_>, asked: &Asked, spot: &Spot) -> Result<Option<i64>, ServiceError> {
    match (&asked.cursor, asked.query.count) {
        (_, false) => Ok(None),
        (Some(cursor), true) => Ok(cursor.count),
        (None, true) => query::count(ctx, &list_select(asked, spot, Vec::new())).map(Some),
    }
}

async fn count(call: &Call, asked: Arc<Asked>) -> Result<Reply, Failure> {
    let turn = call.app.count_turn().await?;
    let read = call.app.engine().read(Cost::Unknown, call.identity, call.id, move |ctx| {
        let _ = &turn;
        let (spot, checks) = walk(ctx, asked.version, &asked.resolved)?;
        admit(&ctx.sight()?, &asked.resolved, &spot)?;
        names_origin_system(&asked.resolved, &asked.query)?;
        if let Some((last, others)) = checks.split_last() {
            let mut found = false;
            read_checked(ctx, others, last.0.clone(), &mut |_| found = true)?;
            if !found {
                return Err(last.1.clone().into());
            }
        }
        query::count(ctx, &list_select(&asked, &spot, Vec::new()))
    });
    Ok(Reply::text("text/plain", read.await?.to_string()))
}

/// Where references to rows of a type lead: to the set of the type in entitlement management, else into the directory.
fn reference_place(entity: &EntityType, version: Version) -> String {
    let sets = ENTITLEMENT_SETS.iter().filter(|set| set.name.get(version).is_some());
    let own = sets.filter(|set| std::ptr::eq(set.entity, entity)).map(|set| set_path(set, version)).next();
    own.unwrap_or_else(|| "directoryObjects".to_owned())
}

async fn references(call: &Call, asked: Arc<Asked>, options: &Options) -> Result<Reply, Failure> {
    let is_collection = asked.resolved.is_collection;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let (spot, checks) = walk(ctx, asked.version, &asked.resolved)?;
        admit(&ctx.sight()?, &asked.resolved, &spot)?;
        names_origin_system(&asked.resolved, &asked.query)?;
        let select = list_select(&asked, &spot, Vec::new());
        let layout = select.layout();
        let mut body = open_list(&asked, None);
        let (mut ids, mut after, mut more) = (Vec::new(), None, false);
        read_checked(ctx, &checks, select, &mut |row| {
            if ids.len() == asked.page as usize {
                more = true;
                return;
            }
            ids.extend(row.cell(layout.key).id());
            after = Some(position(row, layout.order, layout.order_count, layout.key));
        })?;
        let place = reference_place(spot.entity, asked.version);
        let link = |id: Uuid| format!("{}/{place}/{id}", asked.root);
        if !is_collection {
            let id = *ids.first().ok_or_else(|| spot.missing())?;
            let single = serde_json::json!({ "@odata.context": asked.context, "@odata.id": link(id) });
            return Ok(Page { body: single.to_string().into_bytes(), after: None, count: None });
        }
        for id in ids {
            separate(&mut body);
            json::any(&mut body, &serde_json::json!({ "@odata.id": link(id) }));
        }
        Ok(Page { body, after: after.filter(|_| more), count: None })
    });
    let page: Page = read.await.map_err(Failure::from)?;
    if is_collection { Ok(close_list(call, options, page)) } else { Ok(Reply::json(StatusCode::OK, page.body)) }
}

async fn single(call: &Call, asked: Arc<Asked>) -> Result<Reply, Failure> {
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let (spot, checks) = walk(ctx, asked.version, &asked.resolved)?;
        admit(&ctx.sight()?, &asked.resolved, &spot)?;
        let last = asked.resolved.steps.iter().rev().find(|s| matches!(s, Step::Key(_) | Step::Nav(_)));
        let link = (asked.link.as_str(), !matches!(last, Some(Step::Nav(_))));
        let what = One { spot: &spot, checks: &checks, context: &asked.context, link };
        write_one(ctx, &what, (asked.version, &asked.query), &[])?.ok_or_else(|| spot.missing().into())
    });
    let shown: Shown = read.await.map_err(Failure::from)?;
    Ok(shown.reply(StatusCode::OK))
}

/// The id of the one object that a path leads to, for whoever may read it.
pub async fn id_at(call: &Call, resolved: Resolved) -> Result<Uuid, Failure> {
    let version = call.version;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let (spot, checks) = walk(ctx, version, &resolved)?;
        admit(&ctx.sight()?, &resolved, &spot)?;
        let select: Select<'_> = spot.select(Vec::new(), 1);
        let at = select.layout().key;
        let mut id = None;
        read_checked(ctx, &checks, select, &mut |row| id = row.cell(at).id())?;
        id.ok_or_else(|| spot.missing().into())
    });
    Ok(read.await?)
}

/// One row that is wanted.
struct One<'a> {
    spot: &'a Spot,
    checks: &'a [Check],
    context: &'a str,
    /// Where it is, and whether its id is still to be added.
    link: (&'a str, bool),
}

/// Reads and writes one object; `overlay` replaces what columns say.
fn write_one(
    ctx: &mut Ctx<'_, '_>,
    what: &One<'_>,
    (version, query): (Version, &Query),
    overlay: &[(Column, Value)],
) -> Result<Option<Shown>, ServiceError> {
    let plan = Plan::new(what.spot.entity, version, query);
    let mut columns = plan.columns.clone();
    let version_at = columns.len();
    columns.extend(etag::column(what.spot.entity));
    let select: Select<'_> = what.spot.select(columns, 1);
    let key_at = select.layout().key;
    let counted = etag::column(what.spot.entity).is_some();
    let mut body = Vec::with_capacity(1_024);
    body.push(b'{');
    json::member(&mut body, "@odata.context");
    json::text(&mut body, what.context);
    if overlay.is_empty() && !plan.expands() {
        // Written as it arrives: nothing of the row is needed later.
        let mut found = None;
        read_checked(ctx, what.checks, select, &mut |row| {
            plan.write_members(row, &mut body);
            found = Some(if counted { row.cell(version_at).int() } else { None });
        })?;
        body.push(b'}');
        return Ok(found.map(|version| Shown { body, version }));
    }
    let mut row: Option<OwnedRow> = None;
    read_checked(ctx, what.checks, select, &mut |r| row = Some(owned(r, key_at + 1)))?;
    let Some(mut row) = row else { return Ok(None) };
    let version = if counted { row.cell(version_at).int() } else { None };
    for (column, value) in overlay {
        let at = plan.columns.iter().position(|c| c == column);
        if let Some(cell) = at.and_then(|at| row.0.get_mut(at)) {
            cell.clone_from(value);
        }
    }
    let level = expand(ctx, &plan, vec![row], key_at)?;
    write_expanded(&plan, &level, 0, key_at, &|| object_link(&level, 0, key_at, what.link), &mut body);
    body.push(b'}');
    Ok(Some(Shown { body, version }))
}

/// The object of that id, as an answer to what made or changed it.
pub async fn one(
    call: &Call,
    place: &Place,
    narrow: Vec<(Column, Value)>,
    entity: &'static EntityType,
    overlay: Vec<(Column, Value)>,
) -> Result<Option<Shown>, Failure> {
    let context = format!("{}/$metadata#{}/$entity", call.root(), place.context);
    let link = format!("{}/{}", call.root(), place.link);
    let version = call.version;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let spot = Spot {
            entity,
            origin: Origin::All,
            narrow: narrow.clone(),
            predicate: None,
            in_catalogs: false,
            label: String::new(),
        };
        let what = One { spot: &spot, checks: &[], context: &context, link: (&link, true) };
        write_one(ctx, &what, (version, &Query::default()), &overlay)
    });
    Ok(read.await?)
}

async fn property(call: &Call, asked: Arc<Asked>) -> Result<Reply, Failure> {
    let Some(Step::Property(property)) = asked.resolved.steps.last() else {
        return Err(Failure::unknown_route(&call.full_path()));
    };
    let property: &'static Property = property;
    let raw = asked.resolved.suffix == Suffix::Value;
    let name = property.name.get(call.version).unwrap_or_default();
    let context = format!("{}/{name}", asked.context.trim_end_matches("/$entity"));
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| {
        let (spot, checks) = walk(ctx, asked.version, &asked.resolved)?;
        admit(&ctx.sight()?, &asked.resolved, &spot)?;
        let select: Select<'_> = spot.select(property.columns.to_vec(), 1);
        let mut value = None;
        read_checked(ctx, &checks, select, &mut |row| {
            let mut out = Vec::new();
            write_property(property, row, asked.version, &mut out);
            value = Some(out);
        })?;
        value.ok_or_else(|| spot.missing().into())
    });
    let value: Vec<u8> = read.await.map_err(Failure::from)?;
    if value == b"null" {
        return Ok(Reply::no_content());
    }
    if raw {
        let plain: serde_json::Value = serde_json::from_slice(&value).unwrap_or_default();
        let text = plain.as_str().map_or_else(|| plain.to_string(), ToOwned::to_owned);
        return Ok(Reply::text("text/plain; charset=utf-8", text));
    }
    let mut body = Vec::new();
    body.push(b'{');
    json::member(&mut body, "@odata.context");
    json::text(&mut body, &context);
    json::member(&mut body, "value");
    body.extend(value);
    body.push(b'}');
    Ok(Reply::json(StatusCode::OK, body))
}
