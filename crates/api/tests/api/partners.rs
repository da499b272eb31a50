//! Connected organizations: made, changed and deleted in both versions, their identity sources and their sponsors.

use crate::campaign::Campaign;
use crate::{EM, EM_BETA};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tenure_testkit::app::on_every_database;
use tenure_testkit::{TestApp, company};

/// Makes an organization of one domain; gives its id.
pub async fn organization(app: &TestApp, token: &str, name: &str, domain: &str, state: &str) -> String {
    let body = json!({
        "displayName": name,
        "identitySources": [{ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": domain, "displayName": domain }],
        "state": state,
    });
    let made = app.post(&format!("{EM}/connectedOrganizations"), token, body).await;
    app.made(made, &format!("organization:{}", name.to_lowercase()))
}

#[test]
fn an_organization_made_in_one_version_is_read_in_the_other() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        // As the published page of the older version makes it.
        let body = json!({
            "displayName": "Connected organization name",
            "description": "Connected organization description",
            "identitySources": [{
                "@odata.type": "#microsoft.graph.domainIdentitySource",
                "domainName": "example.com",
                "displayName": "example.com",
            }],
            "state": "proposed",
        });
        let made = app.post(&format!("{EM}/connectedOrganizations/"), &token, body).await;
        let id = app.made(made.clone(), "organization:example");
        assert_snapshot!("organization_made_in_v1", app.show(&made));
        let in_beta = app.get(&format!("{EM_BETA}/connectedOrganizations/{id}"), &token).await;
        assert_snapshot!("organization_read_in_beta", app.show(&in_beta));
        let rows = app.get(
            "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Create connected organization'",
            &token,
        );
        assert_snapshot!("audit_row_of_an_organization", app.show_json(&rows.await.expect(200).values()[0]));
    });
}

#[test]
fn every_kind_of_identity_source_is_given_back_with_its_type() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let tenant = "bf85dc9d-cb43-44a4-80c4-469e8c58249e";
        let sources = [
            json!({ "@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": tenant, "displayName": "Wingtip" }),
            json!({ "@odata.type": "#microsoft.graph.crossCloudAzureActiveDirectoryTenant", "tenantId": tenant,
                    "cloudInstance": "microsoftonline.us", "displayName": null }),
            json!({ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "wingtip.example", "displayName": null }),
            json!({ "@odata.type": "#microsoft.graph.externalDomainFederation", "domainName": "wingtip.example",
                    "issuerUri": "https://sso.wingtip.example", "displayName": null }),
            json!({ "@odata.type": "#microsoft.graph.socialIdentitySource", "socialIdentitySourceType": "facebook", "displayName": null }),
        ];
        for version in [EM, EM_BETA] {
            for (n, source) in sources.iter().enumerate() {
                let body = json!({ "displayName": format!("{version} {n}"), "identitySources": [source] });
                let made = app.post(&format!("{version}/connectedOrganizations"), &token, body).await.expect(201);
                assert_eq!(made.json["identitySources"], json!([source]));
                assert_eq!(made.json["state"], "configured", "the default");
            }
        }
        // Several are taken, and types without the mark too.
        let mut several = sources.to_vec();
        several[0]["@odata.type"] = json!("microsoft.graph.azureActiveDirectoryTenant");
        let body = json!({ "displayName": "All", "identitySources": several });
        let made = app.post(&format!("{EM}/connectedOrganizations"), &token, body).await.expect(201);
        assert_eq!(made.json["identitySources"], json!(sources));
    });
}

#[test]
fn a_body_that_is_no_organization_is_refused_with_its_faults() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let set = format!("{EM}/connectedOrganizations");
        let of = |sources: Value| json!({ "displayName": "Partner", "identitySources": sources });
        let domain =
            |name: &str| json!([{ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": name }]);
        for (body, pointer) in [
            (json!({ "identitySources": domain("partner.example") }), "/displayName"),
            (json!({ "displayName": "Partner" }), "/identitySources"),
            (of(json!([])), "/identitySources"),
            (of(json!([{ "domainName": "partner.example" }])), "/identitySources/0/@odata.type"),
            (of(json!([{ "@odata.type": "#microsoft.graph.robot" }])), "/identitySources/0/@odata.type"),
            (of(json!([{ "@odata.type": "#microsoft.graph.domainIdentitySource" }])), "/identitySources/0/domainName"),
            (
                of(json!([{ "@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": "contoso" }])),
                "/identitySources/0/tenantId",
            ),
            (
                of(
                    json!([{ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "x.example", "domian": 1 }]),
                ),
                "/identitySources/0/domian",
            ),
            (of(domain("partner")), "/identitySources/0/domainName"),
            (of(domain(company::DOMAIN)), "/identitySources/0/domainName"),
            (
                json!({ "displayName": "Partner", "state": "friendly", "identitySources": domain("x.example") }),
                "/state",
            ),
        ] {
            let refused = app.post(&set, &token, body.clone()).await;
            assert_eq!((refused.status, refused.code()), (400, "InvalidModel"), "{body}");
            assert_eq!(refused.pointers(), [pointer], "{body}");
        }
        assert_eq!(app.get(&set, &token).await.expect(200).values().len(), 0, "nothing was kept");
    });
}

#[test]
fn a_change_is_accepted_in_the_older_version_and_has_no_content_in_the_newer() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = organization(app, &token, "Partner", "partner.example", "proposed").await;
        let changed =
            app.patch(&format!("{EM}/connectedOrganizations/{id}"), &token, json!({ "state": "configured" })).await;
        assert_eq!((changed.status, changed.text.as_str()), (202, ""));
        let path = format!("{EM_BETA}/connectedOrganizations/{id}");
        let changed =
            app.patch(&path, &token, json!({ "displayName": "Partners", "description": "All of them" })).await;
        assert_eq!((changed.status, changed.text.as_str()), (204, ""));
        let prefer = [("prefer", "return=representation")];
        let body = json!({ "description": null });
        let v1 = format!("{EM}/connectedOrganizations/{id}");
        let changed = app.call_with("PATCH", &v1, (&token, &prefer), body).await;
        assert_snapshot!("organization_after_a_change_that_is_shown", app.show(&changed));
        let stale =
            app.call_with("PATCH", &v1, (&token, &[("if-match", "W/\"1\"")]), json!({ "displayName": "x" })).await;
        assert_eq!(stale.status, 412);
    });
}

#[test]
fn two_organizations_do_not_share_a_name() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        organization(app, &token, "Partner", "partner.example", "configured").await;
        let other = organization(app, &token, "Other", "other.example", "configured").await;
        let body = json!({ "displayName": "PARTNER", "identitySources":
            [{ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "third.example" }] });
        let again = app.post(&format!("{EM}/connectedOrganizations"), &token, body).await;
        assert_eq!((again.status, again.code()), (400, "DuplicateName"));
        assert_eq!(again.pointers(), ["/displayName"]);
        let renamed = app
            .patch(&format!("{EM}/connectedOrganizations/{other}"), &token, json!({ "displayName": "partner" }))
            .await;
        assert_eq!((renamed.status, renamed.code()), (400, "DuplicateName"));
    });
}

#[test]
fn organizations_are_found_by_name_state_domain_and_tenant() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let tenant = "bf85dc9d-cb43-44a4-80c4-469e8c58249e";
        organization(app, &token, "Partner Company", "partner.example", "configured").await;
        organization(app, &token, "Unknown", "unknown.example", "proposed").await;
        let body = json!({ "displayName": "Wingtip Toys", "identitySources":
            [{ "@odata.type": "#microsoft.graph.azureActiveDirectoryTenant", "tenantId": tenant }] });
        app.post(&format!("{EM_BETA}/connectedOrganizations"), &token, body).await.expect(201);
        let typed = "identitySources/any(is:is/microsoft.graph";
        for (filter, wanted) in [
            ("displayName eq 'wingtip toys'".to_owned(), vec!["Wingtip Toys"]),
            ("contains(tolower(displayName),'company')".to_owned(), vec!["Partner Company"]),
            ("state eq 'proposed'".to_owned(), vec!["Unknown"]),
            (format!("{typed}.azureActiveDirectoryTenant/tenantId eq '{tenant}')"), vec!["Wingtip Toys"]),
            (format!("{typed}.azureActiveDirectoryTenant/tenantId eq 'ffffffff-cb43-44a4-80c4-469e8c58249e')"), vec![]),
            (format!("{typed}.domainIdentitySource/domainName eq 'Partner.Example')"), vec!["Partner Company"]),
            (format!("{typed}.domainIdentitySource/domainName eq 'example')"), vec![]),
        ] {
            for version in [EM, EM_BETA] {
                let found =
                    app.get(&format!("{version}/connectedOrganizations?$filter={filter}"), &token).await.expect(200);
                assert_eq!(found.column("displayName"), wanted, "{filter}");
            }
        }
        let wrong = app
            .get(&format!("{EM}/connectedOrganizations?$filter=identitySources/any(is:is/colour eq 'x')"), &token)
            .await;
        assert_eq!((wrong.status, wrong.code()), (400, "InvalidFilter"));
        let counted = app.get(&format!("{EM}/connectedOrganizations/$count"), &token).await.expect(200);
        assert_eq!(counted.text, "3");
        let page = app
            .get(&format!("{EM}/connectedOrganizations?$top=1&$orderby=displayName&$select=displayName"), &token)
            .await;
        assert_eq!(page.expect(200).column("displayName"), ["Partner Company"]);
    });
}

#[test]
fn sponsors_stand_on_their_side() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = organization(app, &token, "Partner", "partner.example", "configured").await;
        let reference =
            |who: uuid::Uuid| json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/users/{who}") });
        let (carla, gil, sales) = (company::person("carla"), company::person("gil"), company::group("sales"));
        let (v1, beta) =
            (format!("{EM}/connectedOrganizations/{id}"), format!("{EM_BETA}/connectedOrganizations/{id}"));
        for (side, fit, unfit) in
            [("internalSponsors", vec![carla, sales], vec![gil]), ("externalSponsors", vec![gil], vec![carla, sales])]
        {
            for who in fit {
                app.post(&format!("{v1}/{side}/$ref"), &token, reference(who)).await.expect(204);
                let again = app.post(&format!("{beta}/{side}/$ref"), &token, reference(who)).await;
                assert_eq!((again.status, again.code()), (400, "Request_BadRequest"));
            }
            for who in unfit {
                let refused = app.post(&format!("{v1}/{side}/$ref"), &token, reference(who)).await;
                assert_eq!((refused.status, refused.code()), (400, "Request_BadRequest"), "{side} {who}");
            }
            let stranger = app.post(&format!("{v1}/{side}/$ref"), &token, reference(uuid::Uuid::from_u128(9))).await;
            assert_eq!((stranger.status, stranger.code()), (404, "Request_ResourceNotFound"));
        }
        let expanded = app.get(&format!("{v1}?$expand=internalSponsors,externalSponsors"), &token).await;
        assert_snapshot!("organization_with_its_sponsors", app.show(&expanded));
        let listed = app.get(&format!("{beta}/internalSponsors?$select=id"), &token).await.expect(200);
        assert_eq!(listed.values().len(), 2);
        assert_eq!(app.get(&format!("{v1}/externalSponsors/$ref"), &token).await.expect(200).values().len(), 1);
        app.delete(&format!("{v1}/internalSponsors/{sales}/$ref"), &token).await.expect(204);
        let by_query = format!("{beta}/internalSponsors/$ref?@id=https://graph.microsoft.com/beta/users/{carla}");
        app.delete(&by_query, &token).await.expect(204);
        assert_eq!(app.delete(&by_query, &token).await.status, 404, "there is no such sponsor any more");
        assert_eq!(app.get(&format!("{v1}/internalSponsors"), &token).await.expect(200).values().len(), 0);
        let audit =
            "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{id}')".replace("{id}", &id);
        let activities = app.get(&audit, &token).await.expect(200).column("activityDisplayName");
        assert_eq!(
            activities,
            [
                "Create connected organization",
                "Assign user as internal sponsor",
                "Assign user as internal sponsor",
                "Assign user as external sponsor",
                "Remove user as internal sponsor",
                "Remove user as internal sponsor",
            ]
        );
    });
}

#[test]
fn an_organization_that_policies_name_is_not_deleted() {
    on_every_database(async |app| {
        let campaign = Campaign::without_policy(app).await;
        let token = &campaign.token;
        let id = organization(app, token, "Partner", "partner.example", "configured").await;
        let policy = campaign.add_policy(app, for_organization(&campaign.package, &id)).await;
        let path = format!("{EM}/connectedOrganizations/{id}");
        assert_snapshot!("organization_that_a_policy_names", app.show(&app.delete(&path, token).await));
        app.delete(&format!("{EM}/assignmentPolicies/{policy}"), token).await.expect(204);
        app.delete(&path, token).await.expect(204);
        assert_eq!(app.get(&path, token).await.code(), "ResourceNotFound");
        assert_eq!(app.delete(&path, token).await.status, 404);
    });
}

/// A policy for the people of one organization.
pub fn for_organization(package: &str, organization: &str) -> Value {
    json!({
        "displayName": "Partner",
        "accessPackage": { "id": package },
        "allowedTargetScope": "specificConnectedOrganizationUsers",
        "specificAllowedTargets": [{
            "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
            "connectedOrganizationId": organization,
        }],
        "requestorSettings": { "enableTargetsToSelfAddAccess": true },
    })
}

#[test]
fn only_administrators_read_and_write_organizations() {
    on_every_database(async |app| {
        let token = app.token_app().await;
        let id = organization(app, &token, "Partner", "partner.example", "configured").await;
        let (set, one) = (format!("{EM}/connectedOrganizations"), format!("{EM}/connectedOrganizations/{id}"));
        let (reader, carla, anna) =
            (app.token_reader().await, app.token_of_person("carla").await, app.token_of_person("anna").await);
        app.get(&set, &reader).await.expect(200);
        app.get(&set, &anna).await.expect(200);
        assert_eq!(app.get(&set, &carla).await.status, 403);
        assert_eq!(app.get(&one, &carla).await.status, 403);
        for token in [&reader, &carla] {
            assert_eq!(app.post(&set, token, json!({})).await.status, 400, "the body is looked at first");
            let body = json!({ "displayName": "X", "identitySources":
                [{ "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "x.example" }] });
            assert_eq!(app.post(&set, token, body).await.status, 403);
            assert_eq!(app.patch(&one, token, json!({ "state": "proposed" })).await.status, 403);
            assert_eq!(app.delete(&one, token).await.status, 403);
            let missing = format!("{set}/{}", uuid::Uuid::nil());
            assert_eq!(app.delete(&missing, token).await.status, 403, "whether it exists or not");
        }
        app.patch(&one, &anna, json!({ "state": "proposed" })).await.expect(202);
    });
}
