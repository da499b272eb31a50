//! An action on an object that a longer path leads to, such as the refresh of the resource of a role of a package. The
//! object is found as a read of the path would find it, and then asked by the shortest path there is.

use super::{Target, read};
use crate::error::Failure;
use crate::http::Call;
use crate::wire::schema::SCHEMA;
use tenure_odata::edm::{Container, EntitySet, EntityType, Version};
use tenure_odata::path::{Key, Resolved, Step, Suffix};

/// The set whose objects a path calls, and the shape of the shortest path to the same call; nothing where the path calls no
/// single object.
pub fn shape(resolved: &Resolved, version: Version) -> Option<(&'static EntitySet, String)> {
    let (Some(Step::Operation { name, .. }), false) = (resolved.steps.last(), resolved.is_collection) else {
        return None;
    };
    let set = set_of(&SCHEMA.root, resolved.entity, version)?;
    Some((set, format!("{}/{{}}/{name}()", set.id)))
}

fn set_of(here: &'static Container, entity: &'static EntityType, version: Version) -> Option<&'static EntitySet> {
    let is_of = |set: &&EntitySet| {
        std::ptr::eq(set.entity, entity) && !set.me && !set.is_one && set.name.get(version).is_some()
    };
    here.sets.iter().find(is_of).or_else(|| {
        let mut inner = here.containers.iter().filter(|c| c.name.get(version).is_some());
        inner.find_map(|c| set_of(c, entity, version))
    })
}

/// The same call by the shortest path. Whether the caller may see what lies on the way is asked as for a read.
pub async fn nearer(call: &Call, target: Target, set: &'static EntitySet) -> Result<Target, Failure> {
    let mut way = target.resolved.clone();
    let called = way.steps.pop();
    let key = Key::Id(read::id_at(call, way).await?.to_string());
    let steps = [Step::Key(key.clone())].into_iter().chain(called).collect();
    let resolved =
        Resolved { set, steps, suffix: Suffix::Nothing, entity: target.resolved.entity, is_collection: false };
    Ok(Target { resolved, options: target.options, keys: vec![key] })
}
