//! One page of a round: what there is, or what changed, and how it is written.

use super::token::{Place, Progress, State};
use super::{Asked, Begin, Outcome, View};
use crate::wire::json;
use crate::wire::read::Plan;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use tenure_domain::delta::Horizon;
use tenure_domain::directory::ObjectKind;
use tenure_domain::limits::IN_LIST_MAX;
use tenure_odata::{Cells, Filter, Value};
use tenure_service::directory::changes::{horizon, reaches_back};
use tenure_service::rows::directory::change::{self, Changed, Edge, MEMBERSHIPS, Window};
use tenure_service::view::{Origin, Select};
use tenure_service::{Ctx, ServiceError, query};
use uuid::Uuid;

/// The streams that are read for a question.
fn streams(asked: &Asked, view: &View) -> Vec<i64> {
    let members = asked.tracks_members.then_some(MEMBERSHIPS);
    view.kinds.iter().map(|kind| kind.code()).chain(members).collect()
}

/// Answers a round, or a page of it.
pub fn run(ctx: &mut Ctx<'_, '_>, asked: &Asked, view: &View) -> Result<Outcome, ServiceError> {
    let extent = view.extent(asked);
    let streams = streams(asked, view);
    let state = match &asked.begin {
        Begin::All => {
            let until = horizon(ctx, &streams)?;
            return list(ctx, asked, view, (until, None));
        }
        Begin::Latest => {
            let since = horizon(ctx, &streams)?;
            let end = State { extent, progress: Progress::Done { since } };
            return Ok(Outcome::Page(b"[]".to_vec(), Box::new(end)));
        }
        Begin::At(state) => state,
    };
    // What a token has seen first is what it needs longest.
    let oldest = match &state.progress {
        Progress::Listing { until, .. } => until,
        Progress::Done { since } | Progress::Following { since, .. } => since,
    };
    if state.extent != extent || !reaches_back(ctx, oldest)? {
        return Ok(Outcome::Lost);
    }
    match &state.progress {
        Progress::Listing { until, after } => list(ctx, asked, view, (until.clone(), Some(*after))),
        Progress::Done { since } => {
            let until = horizon(ctx, &streams)?;
            follow(ctx, asked, view, (since, &until, None))
        }
        Progress::Following { since, until, after } => follow(ctx, asked, view, (since, until, Some(*after))),
    }
}

/// One value of the answer.
struct Entry {
    /// Its members, after the opening brace.
    body: Vec<u8>,
    /// Members of a group, as values.
    members: Vec<u8>,
}

impl Entry {
    const fn new(body: Vec<u8>) -> Self {
        Self { body, members: Vec::new() }
    }

    /// Only which object it is.
    fn of_id(id: Uuid) -> Self {
        let mut body = vec![b'{'];
        json::member(&mut body, "id");
        json::id(&mut body, id);
        Self::new(body)
    }

    fn member(&mut self, member: Uuid, kind: ObjectKind, is_member: bool) {
        if !self.members.is_empty() {
            self.members.push(b',');
        }
        self.members.push(b'{');
        json::member(&mut self.members, "@odata.type");
        json::text(&mut self.members, type_of(kind));
        json::member(&mut self.members, "id");
        json::id(&mut self.members, member);
        if !is_member {
            removed(&mut self.members, "deleted");
        }
        self.members.push(b'}');
    }
}

const fn type_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "#microsoft.graph.user",
        ObjectKind::Group => "#microsoft.graph.group",
        ObjectKind::ServicePrincipal => "#microsoft.graph.servicePrincipal",
        ObjectKind::Application => "#microsoft.graph.application",
    }
}

fn removed(out: &mut Vec<u8>, reason: &str) {
    json::member(out, "@removed");
    out.extend(b"{\"reason\":");
    json::text(out, reason);
    out.push(b'}');
}

/// The values in brackets.
fn written(entries: Vec<Entry>) -> Vec<u8> {
    let mut values = vec![b'['];
    for entry in entries {
        if values.len() > 1 {
            values.push(b',');
        }
        values.extend(entry.body);
        if !entry.members.is_empty() {
            json::member(&mut values, "members@delta");
            values.push(b'[');
            values.extend(entry.members);
            values.push(b']');
        }
        values.push(b'}');
    }
    values.push(b']');
    values
}

/// The entries of a page in the order in which their objects came first; a group and its members are one of them.
#[derive(Default)]
struct Entries {
    all: Vec<Entry>,
    at: HashMap<Uuid, usize>,
}

impl Entries {
    /// The entry of an object, made by `make` if there is none.
    fn of(&mut self, id: Uuid, make: impl FnOnce() -> Entry) -> Option<&mut Entry> {
        let at = match self.at.entry(id) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(new) => {
                self.all.push(make());
                *new.insert(self.all.len() - 1)
            }
        };
        self.all.get_mut(at)
    }

    /// The object as it is now, whether something of it was told before or not.
    fn object(&mut self, id: Uuid, body: Vec<u8>) {
        if let Some(entry) = self.of(id, || Entry::of_id(id)) {
            entry.body = body;
        }
    }

    fn member(&mut self, group: Uuid, member: Uuid, kind: ObjectKind, is_member: bool) {
        if let Some(entry) = self.of(group, || Entry::of_id(group)) {
            entry.member(member, kind, is_member);
        }
    }
}

/// What a filter narrows the list of objects to, and what the caller follows of it.
fn filter(asked: &Asked, view: &View) -> Option<Filter> {
    if view.kinds.is_empty() {
        return Some(Filter::Const(false));
    }
    // Rows of one kind need no word for it.
    let column = asked.entity.discriminator.filter(|_| view.kinds.len() < super::KINDS.len())?;
    let kind = |kind: &ObjectKind| Filter::Kind { column, code: kind.code() };
    Some(Filter::Or(view.kinds.iter().map(kind).collect()))
}

/// A page of what there is: objects in the order of their ids, each group followed by its members.
fn list(
    ctx: &mut Ctx<'_, '_>,
    asked: &Asked,
    view: &View,
    (until, after): (Horizon, Option<Place>),
) -> Result<Outcome, ServiceError> {
    let filter = filter(asked, view);
    let position: Option<[Value; 1]> = after.map(|(object, _)| [Value::Id(object)]);
    let plan = Plan::new(asked.entity, asked.version, &asked.query);
    let mut select: Select<'_> = Select::all(asked.entity, plan.columns.clone(), asked.page + 1);
    select.filter = filter.as_ref();
    select.after = position.as_ref().map(<[Value; 1]>::as_slice);
    if let Some(ids) = &asked.ids {
        select = select.origin(Origin::Keys(named(ids)));
    }
    let edges: Vec<Edge> = if asked.tracks_members && !view.kinds.is_empty() {
        let (group, member) = after.unwrap_or_default();
        let from = (group, member.unwrap_or_default());
        let groups = asked.ids.as_deref().map(named);
        ctx.fetch(change::edges(from, groups.as_deref(), &view.members, asked.page + 1))?
    } else {
        Vec::new()
    };
    let mut objects: Vec<(Uuid, Vec<u8>)> = Vec::new();
    let key = select.layout().key;
    query::read(ctx, &[select], &mut |_, row| {
        objects.extend(row.cell(key).id().map(|id| (id, object_body(&plan, row))));
        Ok(())
    })?;
    let (mut objects, mut edges) = (objects.into_iter().peekable(), edges.into_iter().peekable());
    let (mut entries, mut last, mut left) = (Entries::default(), None, asked.page);
    // Objects and members come in one order: each list has one more than a page, so that what is next is always known.
    loop {
        let member_is_next = match (objects.peek(), edges.peek()) {
            (None, None) => {
                let progress = Progress::Done { since: until };
                return Ok(page(entries, asked, view, progress));
            }
            (Some((object, _)), Some(edge)) => edge.group < *object,
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        if let (0, Some(after)) = (left, last) {
            return Ok(page(entries, asked, view, Progress::Listing { until, after }));
        }
        left = left.saturating_sub(1);
        if member_is_next {
            if let Some(edge) = edges.next() {
                entries.member(edge.group, edge.member, edge.kind, true);
                last = Some((edge.group, Some(edge.member)));
            }
        } else if let Some((id, body)) = objects.next() {
            entries.object(id, body);
            last = Some((id, None));
        }
    }
}

fn page(entries: Entries, asked: &Asked, view: &View, progress: Progress) -> Outcome {
    Outcome::Page(written(entries.all), Box::new(State { extent: view.extent(asked), progress }))
}

/// Ids for a statement, which takes at least one: nothing has the empty one.
fn named(ids: &[Uuid]) -> Vec<Uuid> {
    if ids.is_empty() { vec![Uuid::nil()] } else { ids.to_vec() }
}

fn object_body(plan: &Plan<'_>, row: &dyn Cells) -> Vec<u8> {
    let mut body = vec![b'{'];
    plan.write_members(row, &mut body);
    body
}

/// A page of what changed, in the order of changes.
fn follow(
    ctx: &mut Ctx<'_, '_>,
    asked: &Asked,
    view: &View,
    (since, until, after): (&Horizon, &Horizon, Option<(i64, i64)>),
) -> Result<Outcome, ServiceError> {
    let ids = asked.ids.as_deref().map(named);
    let window = Window { since, until, after, objects: ids.as_deref() };
    let pages: Vec<_> = streams(asked, view)
        .into_iter()
        .map(|stream| change::page(stream, window, &view.members, asked.page + 1))
        .collect();
    let mut changes: Vec<Changed> = ctx.fetch(pages)?.concat();
    changes.sort_unstable_by_key(|change| (change.stamp, change.place));
    let size = asked.page as usize;
    let more = changes.len() > size;
    changes.truncate(size);
    let mut bodies = objects(ctx, asked, &changes)?;
    let mut entries = Entries::default();
    for change in &changes {
        tell(asked, change, &mut bodies, &mut entries);
    }
    let progress = match changes.last().filter(|_| more) {
        Some(last) => {
            Progress::Following { since: since.clone(), until: until.clone(), after: (last.stamp, last.place) }
        }
        None => Progress::Done { since: until.clone() },
    };
    Ok(page(entries, asked, view, progress))
}

/// The changed objects of a page that are there, as they are written.
fn objects(ctx: &mut Ctx<'_, '_>, asked: &Asked, changes: &[Changed]) -> Result<HashMap<Uuid, Vec<u8>>, ServiceError> {
    let is_object = |change: &&Changed| change.stream != MEMBERSHIPS && change.state == change::State::There;
    let ids: Vec<Uuid> = changes.iter().filter(is_object).map(|change| change.object).collect();
    let mut bodies = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(bodies);
    }
    let plan = Plan::new(asked.entity, asked.version, &asked.query);
    let selects: Vec<Select<'_>> = ids
        .chunks(IN_LIST_MAX)
        .map(|ids| {
            let limit = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            Select::all(asked.entity, plan.columns.clone(), limit).origin(Origin::Keys(ids.to_vec()))
        })
        .collect();
    let key = selects.first().map_or(0, |select| select.layout().key);
    query::read(ctx, &selects, &mut |_, row| {
        bodies.extend(row.cell(key).id().map(|id| (id, object_body(&plan, row))));
        Ok(())
    })?;
    Ok(bodies)
}

/// Adds what is told of a change: how it stands now with what changed.
fn tell(asked: &Asked, change: &Changed, bodies: &mut HashMap<Uuid, Vec<u8>>, entries: &mut Entries) {
    if change.stream == MEMBERSHIPS {
        // Of a group that is not there its own change tells.
        if change.state == change::State::There {
            entries.member(change.object, change.member, change.member_kind, change.is_member);
        }
        return;
    }
    let reason = match change.state {
        change::State::There => {
            if let Some(body) = bodies.remove(&change.object) {
                entries.object(change.object, body);
            }
            return;
        }
        change::State::Deleted => "changed",
        change::State::Gone => "deleted",
    };
    let mut body = vec![b'{'];
    if asked.entity.says_type {
        json::member(&mut body, "@odata.type");
        json::text(&mut body, type_of(change.member_kind));
    }
    json::member(&mut body, "id");
    json::id(&mut body, change.object);
    removed(&mut body, reason);
    entries.object(change.object, body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_and_its_members_are_one_value_in_whichever_order_they_come() {
        let (group, one, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let mut entries = Entries::default();
        entries.member(group, one, ObjectKind::User, true);
        entries.object(group, b"{\"id\":\"g\",\"displayName\":\"G\"".to_vec());
        entries.object(other, b"{\"id\":\"o\"".to_vec());
        entries.member(group, other, ObjectKind::Group, false);
        let text = String::from_utf8(written(entries.all)).unwrap_or_default();
        let members = format!(
            "[{{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"{one}\"}},\
             {{\"@odata.type\":\"#microsoft.graph.group\",\"id\":\"{other}\",\"@removed\":{{\"reason\":\"deleted\"}}}}]"
        );
        let whole = format!("[{{\"id\":\"g\",\"displayName\":\"G\",\"members@delta\":{members}}},{{\"id\":\"o\"}}]");
        assert_eq!(text, whole);
        assert_eq!(written(Vec::new()), b"[]");
    }
}
