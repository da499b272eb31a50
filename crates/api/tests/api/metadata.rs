//! `$metadata`: what the documents say, to whom, and that they say everything the schema serves. That answers are as
//! they are declared is asserted for every answer of every test, by the test kit.

use crate::EM;
use crate::campaign::{Campaign, open_policy};
use insta::assert_snapshot;
use roxmltree::{Document, Node};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenure_api::SCHEMA;
use tenure_odata::csdl;
use tenure_odata::edm::{Container, EntityType, Version};
use tenure_testkit::app::on_every_database;
use tenure_testkit::company;

#[test]
fn the_documents_are_for_everybody_who_asks() {
    on_every_database(async |app| {
        let older = app.get("/v1.0/$metadata", "").await.expect(200);
        assert_eq!(older.header("content-type"), "application/xml");
        assert_snapshot!("document_of_v1", older.text);
        let newer = app.get("/beta/$metadata", "").await.expect(200);
        assert_snapshot!("document_of_beta", newer.text);
        assert_snapshot!("document_of_our_own_surface", app.get("/tenure/v1/$metadata", "").await.expect(200).text);
        for path in
            ["/V1.0/$Metadata", "/v1.0/%24metadata", "/v1.0/$metadata/", "/v1.0/$metadata?$format=application/xml"]
        {
            assert_eq!(app.get(path, "").await.expect(200).text, older.text, "{path}");
        }
        assert_eq!(app.call("HEAD", "/v1.0/$metadata", "", Value::Null).await.status, 200);
    });
}

#[test]
fn other_methods_and_other_formats_are_refused() {
    on_every_database(async |app| {
        let posted = app.post("/v1.0/$metadata", "", json!({})).await;
        assert_eq!((posted.status, posted.code(), posted.header("allow")), (405, "MethodNotAllowed", "GET, HEAD"));
        let as_json = app.get("/v1.0/$metadata?$format=json", "").await;
        assert_eq!((as_json.status, as_json.code()), (400, "InvalidFilter"));
        assert_eq!(as_json.pointers(), ["$format"]);
        assert_eq!(app.get("/v1.0/$metadata/users", "").await.status, 401, "nothing lies below it");
    });
}

/// The element of that name below another.
fn named<'a, 'd>(parent: Node<'a, 'd>, tag: &str, name: &str) -> Option<Node<'a, 'd>> {
    parent.children().find(|n| n.tag_name().name() == tag && n.attribute("Name") == Some(name))
}

/// A property or navigation of a type or of what it adds to.
fn declares(schema: Node<'_, '_>, type_name: &str, member: &str) -> bool {
    let Some(node) = named(schema, "EntityType", type_name) else { return false };
    let here = ["Property", "NavigationProperty"].iter().any(|tag| named(node, tag, member).is_some());
    let base = node.attribute("BaseType").and_then(|b| b.rsplit('.').next());
    here || base.is_some_and(|base| declares(schema, base, member))
}

/// Every type that sets and navigations of a version reach.
fn reached(container: &'static Container, version: Version, all: &mut Vec<&'static EntityType>) {
    for set in container.sets.iter().filter(|s| s.name.get(version).is_some()) {
        reach(set.entity, version, all);
    }
    for inner in container.containers.iter().filter(|c| c.name.get(version).is_some()) {
        reached(inner, version, all);
    }
}

fn reach(entity: &'static EntityType, version: Version, all: &mut Vec<&'static EntityType>) {
    if all.iter().any(|known| std::ptr::eq(*known, entity)) {
        return;
    }
    all.push(entity);
    entity.variants.iter().for_each(|v| reach(v.entity, version, all));
    for nav in entity.navigations.iter().filter(|n| n.name.get(version).is_some()) {
        reach(nav.target, version, all);
    }
}

#[test]
fn everything_the_schema_serves_is_declared() {
    for version in Version::ALL {
        let text = csdl::document(&SCHEMA, version);
        let document = Document::parse(&text).expect("well-formed XML");
        let schema = document.descendants().find(|n| n.tag_name().name() == "Schema").expect("a schema");
        let mut types = Vec::new();
        reached(&SCHEMA.root, version, &mut types);
        assert!(!types.is_empty());
        for entity in types {
            assert!(named(schema, "EntityType", entity.name).is_some(), "{version:?} {}", entity.name);
            let properties = entity.properties.iter().filter(|p| !p.of_derived).filter_map(|p| p.name.get(version));
            let navs = entity.navigations.iter().filter(|n| !n.of_derived).filter_map(|n| n.name.get(version));
            for name in properties.chain(navs) {
                assert!(declares(schema, entity.name, name), "{version:?} {}/{name}", entity.name);
            }
            for operation in entity.operations.iter().filter(|o| o.is_in(version)) {
                let tag = if operation.is_function { "Function" } else { "Action" };
                assert!(named(schema, tag, operation.name).is_some(), "{version:?} {}", operation.name);
            }
        }
    }
}

#[test]
fn every_type_that_is_named_is_declared_once() {
    for version in Version::ALL {
        let text = csdl::document(&SCHEMA, version);
        let document = Document::parse(&text).expect("well-formed XML");
        let prefix = format!("{}.", csdl::namespace(version));
        let types: Vec<&str> = document
            .descendants()
            .filter(|n| ["EntityType", "ComplexType", "EnumType"].contains(&n.tag_name().name()))
            .filter_map(|n| n.attribute("Name"))
            .collect();
        let once: BTreeSet<&str> = types.iter().copied().collect();
        assert_eq!(types.len(), once.len(), "{version:?} {types:?}");
        for node in document.descendants() {
            for name in ["Type", "BaseType", "EntityType"].iter().filter_map(|a| node.attribute(*a)) {
                let name = name.strip_prefix("Collection(").and_then(|n| n.strip_suffix(')')).unwrap_or(name);
                let known = name.strip_prefix(&prefix).map_or(name.starts_with("Edm."), |n| once.contains(n));
                assert!(known, "{version:?} {name}");
            }
        }
    }
}

#[test]
fn words_of_a_policy_that_are_not_declared_are_refused() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let mut body = open_policy(&campaign.package);
        body["reviewSettings"] = json!({
            "isEnabled": true,
            "schedule": {
                "startDateTime": "2026-04-01T00:00:00Z",
                "recurrence": {
                    "pattern": { "type": "hourly", "interval": 1, "daysOfWeek": ["someday"], "index": "fifth" },
                    "range": { "type": "never", "startDate": "soon" },
                },
            },
        });
        body["customExtensionStageSettings"] = json!([{
            "stage": "assignmentRequestCreated",
            "customExtension": { "@odata.type": "#microsoft.graph.robot", "id": company::WRITER_ID },
        }]);
        let refused = app.post(&format!("{EM}/assignmentPolicies"), &campaign.token, body).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidModel"));
        let faults: BTreeSet<&str> = refused.pointers().into_iter().collect();
        let wanted = [
            "/customExtensionStageSettings/0/customExtension/@odata.type",
            "/reviewSettings/schedule/recurrence/pattern/daysOfWeek",
            "/reviewSettings/schedule/recurrence/pattern/index",
            "/reviewSettings/schedule/recurrence/pattern/type",
            "/reviewSettings/schedule/recurrence/range/startDate",
            "/reviewSettings/schedule/recurrence/range/type",
        ];
        assert_eq!(faults, wanted.into_iter().collect());
    });
}

#[test]
fn what_the_directory_keeps_as_it_came_must_fit_what_is_declared() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let path = format!("/v1.0/users/{}", company::person("carla"));
        let wrong = json!({
            "employeeOrgData": { "costCenter": 7 },
            "otherMails": ["c@example.org", null],
            "employeeHireDate": "soon",
            "showInAddressList": "yes",
        });
        let refused = app.patch(&path, &token, wrong).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidModel"));
        let faults: BTreeSet<&str> = refused.pointers().into_iter().collect();
        let wanted = ["/employeeHireDate", "/employeeOrgData/costCenter", "/otherMails/1", "/showInAddressList"];
        assert_eq!(faults, wanted.into_iter().collect());
        let right = json!({ "employeeOrgData": { "costCenter": "7" }, "showInAddressList": true });
        app.patch(&path, &token, right.clone()).await.expect(204);
        let select = format!("{path}?$select=employeeOrgData,showInAddressList");
        let kept = app.get(&select, &token).await.expect(200);
        assert_eq!(kept.json["employeeOrgData"], right["employeeOrgData"]);
        assert_eq!(kept.json["showInAddressList"], right["showInAddressList"]);
    });
}
