//! Lists as files (behaviour.md i.1): the same rows, filter, order and rights as the list, read page by page and sent as
//! they are read. Only one page is held, however long the list is.

mod table;

use super::Target;
use super::read::{Asked, list_select, object_link, read_checked};
use super::walk::{admit, walk};
use crate::error::Failure;
use crate::http::{Call, Reply, Streamed};
use crate::turns::Turn;
use crate::wire::read::{Plan, expand, owned, position, write_expanded};
use crate::wire::schema::SCHEMA;
use axum::body::Body;
use axum::http::header;
use bytes::Bytes;
use futures_util::stream;
use std::io;
use std::sync::Arc;
use table::Table;
use tenure_domain::limits::EXPORT_ROWS;
use tenure_odata::edm::{EntityType, Version};
use tenure_odata::path::{self, Step, Suffix};
use tenure_odata::query::{Context, Options};
use tenure_odata::{Error, ErrorKind, Query, Value};
use tenure_service::{Cost, Ctx, ServiceError};

/// How a list is written.
enum Format {
    /// A table.
    Csv(Table),
    /// A JSON object per line, as in the list.
    JsonLines,
}

impl Format {
    const fn media_type(&self) -> &'static str {
        match self {
            Self::Csv(_) => "text/csv; charset=utf-8",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }

    const fn extension(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// What is exported.
struct Export {
    asked: Asked,
    /// What rows are read as, where that is not what the list has.
    entity: &'static EntityType,
    version: Version,
    format: Format,
}

/// A page as it is sent, and where the next one starts.
struct Page {
    bytes: Vec<u8>,
    after: Option<Vec<Value>>,
}

/// Options that say which page of a list is wanted.
const PAGING: [&str; 5] = ["top", "skip", "count", "skiptoken", "deltatoken"];

fn refused(option: &'static str, message: impl Into<String>) -> Failure {
    Error::whole(ErrorKind::Invalid, option, message).into()
}

/// Answers `GET export/{path}`; `path` is that of a list of the older published version.
pub async fn answer(call: &Call, path: &str) -> Result<Reply, Failure> {
    let call = Call { version: Version::V1, path: path.into(), ..call.clone() };
    let options = Options::parse(&call.query)?;
    if let Some(name) = PAGING.iter().find(|name| options.get(name).is_some()) {
        return Err(refused("$query", format!("an export gives the whole list: leave ${name} out")));
    }
    let resolved = path::resolve(&SCHEMA, Version::V1, path, |alias| options.alias(alias))?;
    let is_list = resolved.is_collection
        && resolved.suffix == Suffix::Nothing
        && !super::is_action(&resolved)
        && !matches!(resolved.steps.last(), Some(Step::Property(_)));
    if !is_list {
        return Err(
            Error::whole(ErrorKind::NotFound, "path", format!("`{path}` is no list that can be exported")).into()
        );
    }
    let query = Query::build(Context { version: Version::V1, fold: SCHEMA.fold }, resolved.entity, &options)?;
    let name = resolved.steps.iter().rev().find_map(|step| match step {
        Step::Nav(nav) => nav.name.get(Version::V1),
        _ => None,
    });
    let name = name.unwrap_or(resolved.set.id);
    let export = export(&call, Target { resolved, options, keys: Vec::new() }, query)?;
    let turn = call.app.export_turn().await?;
    let disposition = format!("attachment; filename=\"{name}.{}\"", export.format.extension());
    let media_type = export.format.media_type();
    let export = Arc::new(export);
    // The first page is read before anything is said: what is refused is refused as the list would be.
    let first = read(&call, &export, None).await.map_err(Failure::from)?;
    let mut begun = Vec::new();
    if let Format::Csv(table) = &export.format {
        table.write_head(&mut begun);
    }
    begun.extend(first.bytes);
    let body = sent(Feed { call, export, ready: Some(begun.into()), after: first.after, _turn: turn });
    let reply = Reply { stream: Some(Streamed::new(body)), ..Reply::text(media_type, Bytes::new()) };
    Ok(reply.with(header::CONTENT_DISPOSITION, &disposition))
}

/// What is wanted, and how it is written.
fn export(call: &Call, target: Target, query: Query) -> Result<Export, Failure> {
    let entity = target.resolved.entity;
    let (format, query, entity, version) = match target.options.get("format").map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => {
            if !query.expand.is_empty() {
                return Err(refused("$expand", "a table has no place for what is expanded: ask for format=jsonl"));
            }
            let table = Table::of(entity, &query).map_err(|message| refused("$select", message))?;
            match table.around() {
                Some((wider, options)) => {
                    let options = Options::parse(options)?;
                    let around = Query::build(Context { version: Version::Own, fold: SCHEMA.fold }, wider, &options)?;
                    let query = Query { expand: around.expand, ..query };
                    (Format::Csv(table), query, wider, Version::Own)
                }
                None => (Format::Csv(table), query, entity, Version::V1),
            }
        }
        Some("jsonl") => (Format::JsonLines, query, entity, Version::V1),
        _ => return Err(refused("format", "`format` must be csv or jsonl")),
    };
    Ok(Export { asked: Asked::new(call, target.resolved, query, None, EXPORT_ROWS), entity, version, format })
}

async fn read(call: &Call, export: &Arc<Export>, after: Option<Vec<Value>>) -> Result<Page, ServiceError> {
    let export = export.clone();
    let read = move |ctx: &mut Ctx<'_, '_>| page(ctx, &export, after.as_deref());
    call.app.engine().read(Cost::Unknown, call.identity, call.id, read).await
}

/// One page, with the rights that the caller has now.
fn page(ctx: &mut Ctx<'_, '_>, export: &Export, after: Option<&[Value]>) -> Result<Page, ServiceError> {
    let asked = &export.asked;
    let (mut spot, checks) = walk(ctx, Version::V1, &asked.resolved)?;
    admit(&ctx.sight()?, &asked.resolved, &spot)?;
    spot.entity = export.entity;
    let plan = Plan::new(export.entity, export.version, &asked.query);
    let mut select = list_select(asked, &spot, plan.columns.clone());
    select.after = after;
    let layout = select.layout();
    let expands = plan.expands();
    let (mut bytes, mut rows, mut shown, mut last, mut more) = (Vec::new(), Vec::new(), 0, None, false);
    read_checked(ctx, &checks, select, &mut |row| {
        if shown == asked.page {
            more = true;
            return;
        }
        shown += 1;
        if shown == asked.page {
            last = Some(position(row, layout.order, layout.order_count, layout.key));
        }
        if expands {
            rows.push(owned(row, layout.key + 1));
        } else {
            let mut object = Vec::with_capacity(512);
            object.push(b'{');
            plan.write_members(row, &mut object);
            object.push(b'}');
            export.format.write(&object, &mut bytes);
        }
    })?;
    if expands {
        let level = expand(ctx, &plan, rows, layout.key)?;
        for at in 0..level.rows.len() {
            let mut object = Vec::with_capacity(1_024);
            object.push(b'{');
            let link = || object_link(&level, at, layout.key, (&asked.link, true));
            write_expanded(&plan, &level, at, layout.key, &link, &mut object);
            object.push(b'}');
            export.format.write(&object, &mut bytes);
        }
    }
    Ok(Page { bytes, after: last.filter(|_| more) })
}

impl Format {
    /// Writes a row that was written as JSON.
    fn write(&self, object: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::JsonLines => {
                out.extend_from_slice(object);
                out.push(b'\n');
            }
            Self::Csv(table) => table.write(object, out),
        }
    }
}

/// An export under way.
struct Feed {
    call: Call,
    export: Arc<Export>,
    ready: Option<Bytes>,
    after: Option<Vec<Value>>,
    _turn: Turn,
}

/// The body, read while it is sent. When a page cannot be read the connection is broken off: what was sent has no end, and
/// nobody takes it for the whole list.
fn sent(feed: Feed) -> Body {
    Body::from_stream(stream::try_unfold(feed, |mut feed| async move {
        if let Some(ready) = feed.ready.take() {
            return Ok(Some((ready, feed)));
        }
        let Some(after) = feed.after.take() else { return Ok(None) };
        match read(&feed.call, &feed.export, Some(after)).await {
            Ok(page) => {
                feed.after = page.after;
                Ok((!page.bytes.is_empty()).then(|| (Bytes::from(page.bytes), feed)))
            }
            Err(error) => {
                tracing::warn!(%error, id = %feed.call.id, "an export broke off");
                Err(io::Error::other("the export broke off"))
            }
        }
    }))
}
