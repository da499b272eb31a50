//! The schema, walked: what it says can be filtered, ordered, selected and expanded can be, on both databases.

use crate::campaign::Campaign;
use tenure_api::SCHEMA;
use tenure_odata::edm::{Container, EntitySet, EntityType, Kind, Property, Version};
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;

/// Properties that one order may name.
const ORDER_MAX: usize = 5;

/// Something that a filter can compare.
#[derive(Clone, Debug)]
pub struct Operand {
    /// Its path.
    pub path: String,
    /// A value of its kind, as a filter writes it.
    pub literal: String,
    pub is_text: bool,
    pub is_sortable: bool,
}

/// The path of every set in a version.
pub fn sets(version: Version) -> Vec<(String, &'static EntitySet)> {
    let mut all = all_sets(version);
    all.retain(|(_, set)| !set.is_one);
    all
}

/// The same, and the objects of which there is one.
pub fn all_sets(version: Version) -> Vec<(String, &'static EntitySet)> {
    let mut all = Vec::new();
    collect(&SCHEMA.root, &format!("/{}", version.prefix()), version, &mut all);
    all
}

fn collect(here: &'static Container, path: &str, version: Version, all: &mut Vec<(String, &'static EntitySet)>) {
    let sets = here.sets.iter().filter(|s| !s.me);
    all.extend(sets.filter_map(|s| Some((format!("{path}/{}", s.name.get(version)?), s))));
    for inner in here.containers {
        if let Some(name) = inner.name.get(version) {
            collect(inner, &format!("{path}/{name}"), version, all);
        }
    }
}

/// Everything of a type that a filter can compare, through one navigation to one object too.
pub fn operands(entity: &'static EntityType, version: Version) -> Vec<Operand> {
    let mut all = Vec::new();
    of_properties(entity.properties, "", version, &mut all);
    for nav in entity.navigations.iter().filter(|n| !n.many) {
        if let Some(name) = nav.name.get(version) {
            of_properties(nav.target.properties, &format!("{name}/"), version, &mut all);
        }
    }
    all
}

fn of_properties(properties: &'static [Property], before: &str, version: Version, all: &mut Vec<Operand>) {
    for property in properties {
        let Some(name) = property.name.get(version) else { continue };
        let path = format!("{before}{name}");
        if let Some(operand) = property.operand {
            let is_text = matches!(operand.kind, Kind::Text);
            all.push(Operand { path, literal: literal(operand.kind), is_text, is_sortable: operand.sortable });
        } else {
            of_properties(property.members, &format!("{path}/"), version, all);
        }
    }
}

fn literal(kind: Kind) -> String {
    match kind {
        Kind::Text => "'a'".to_owned(),
        Kind::Id => format!("'{}'", company::person("carla")),
        Kind::Bool => "true".to_owned(),
        Kind::Int => "7".to_owned(),
        Kind::Time => "2026-03-02T09:00:00Z".to_owned(),
        Kind::Enum(e) => format!("'{}'", e.members.first().map_or("", |(_, word)| word)),
    }
}

/// Every test of one operand.
fn tests_of(o: &Operand) -> String {
    let (path, literal) = (&o.path, &o.literal);
    let mut all = vec![
        format!("{path} eq {literal}"),
        format!("not ({path} ne {literal})"),
        format!("{path} in ({literal},{literal})"),
        format!("{path} eq null"),
    ];
    if o.is_text {
        all.extend(["startswith", "endswith", "contains"].map(|f| format!("{f}(tolower({path}),{literal})")));
    }
    all.join(" or ")
}

#[test]
fn whatever_the_schema_offers_works() {
    on_every_database(async |app| {
        let campaign = Campaign::start(app).await;
        campaign.assign(app, "carla").await;
        let carla = app.token_of_person("carla").await;
        for version in [Version::V1, Version::Beta, Version::Own] {
            // Invitations are made, and not kept.
            for (path, set) in sets(version).into_iter().filter(|(_, set)| set.id != "invitations") {
                // A list of environments says of which system.
                let always = if set.id == "resourceEnvironments" { "originSystem eq 'SharePointOnline'" } else { "" };
                let also = |filter: String| if always.is_empty() { filter } else { format!("{always} and ({filter})") };
                let only = if always.is_empty() { String::new() } else { format!("&$filter={always}") };
                // Packages are browsed by people.
                let token = if path.ends_with("/browse") { &carla } else { &campaign.token };
                let operands = operands(set.entity, version);
                for some in operands.chunks(ORDER_MAX) {
                    let filter = also(some.iter().map(tests_of).collect::<Vec<_>>().join(" or "));
                    let sorted = some.iter().filter(|o| o.is_sortable).map(|o| format!("{} desc", o.path));
                    let order = sorted.collect::<Vec<_>>().join(",");
                    let order = if order.is_empty() { order } else { format!("&$orderby={order}") };
                    app.get(&format!("{path}?$top=1&$count=true&$filter={filter}{order}"), token).await.expect(200);
                }
                for some in set.entity.known_names(version).collect::<Vec<_>>().chunks(30) {
                    app.get(&format!("{path}?$select={}{only}", some.join(",")), token).await.expect(200);
                }
                for nav in set.entity.navigations {
                    let Some(name) = nav.name.get(version) else { continue };
                    app.get(&format!("{path}?$expand={name}{only}"), token).await.expect(200);
                    let filter = if nav.many { format!("{name}/any()") } else { format!("{name} ne null") };
                    let filter = also(filter);
                    let answer = app.get(&format!("{path}?$filter={filter}"), token).await;
                    assert!([200, 400].contains(&answer.status), "{path} {filter}: {}", answer.text);
                }
            }
        }
    });
}
