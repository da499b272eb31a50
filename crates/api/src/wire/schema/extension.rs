//! Workflow extensions (semantics.md 10).

use super::types::extension as t;
use super::{id, keyed, time};
use crate::wire::json;
use serde_json::{Value as Json, json as j};
use tenure_domain::extension::{Authentication, Endpoint, ExtensionSettings};
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Name, Property, SearchBy, Variant, Version};
use tenure_odata::types::Shape;
use tenure_service::view::columns as c;

fn settings(row: &dyn Cells) -> ExtensionSettings {
    row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default()
}

fn endpoint_json(endpoint: &Endpoint) -> Json {
    match endpoint {
        Endpoint::LogicApp { subscription, group, workflow, url } => j!({
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": subscription,
            "resourceGroupName": group,
            "logicAppWorkflowName": workflow,
            "url": url,
        }),
        Endpoint::Http { target } => {
            j!({ "@odata.type": "#microsoft.graph.httpRequestEndpoint", "targetUrl": target })
        }
    }
}

fn endpoint(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::any(out, &settings(row).endpoint.as_ref().map_or(Json::Null, endpoint_json));
}

fn authentication(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let shown = settings(row).authentication.map(|authentication| match authentication {
        Authentication::Token { resource } => {
            j!({ "@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": resource })
        }
        Authentication::ProofOfPossession => j!({ "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication" }),
    });
    json::any(out, &shown.unwrap_or(Json::Null));
}

fn client(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let shown =
        settings(row).patience.map(|p| j!({ "timeoutInMilliseconds": p.timeout_millis, "maximumRetries": p.retries }));
    json::any(out, &shown.unwrap_or(Json::Null));
}

fn callback(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let shown = settings(row).callback.map(|wait| {
        j!({ "@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration",
            "timeoutDuration": wait.to_string() })
    });
    json::any(out, &shown.unwrap_or(Json::Null));
}

macro_rules! of_every_kind {
    ($columns:ident, [$($more:expr),* $(,)?]) => {
        &[
            id(Name::both("id"), &[c::$columns::ID]).required(),
            keyed(Name::both("displayName"), &[c::$columns::NAME], c::$columns::NAME_KEY),
            Property::new(Name::both("description"), Codec::Text, &[c::$columns::DESCRIPTION]),
            Property::new(Name::both("endpointConfiguration"), Codec::Custom(endpoint), &[c::$columns::SETTINGS])
                .is(Shape::structure(&t::ENDPOINT)),
            Property::new(
                Name::both("authenticationConfiguration"),
                Codec::Custom(authentication),
                &[c::$columns::SETTINGS],
            )
            .is(Shape::structure(&t::AUTHENTICATION)),
            Property::new(Name::both("clientConfiguration"), Codec::Custom(client), &[c::$columns::SETTINGS])
                .is(Shape::structure(&t::CLIENT)),
            $($more,)*
        ]
    };
}

macro_rules! of_a_catalog {
    ($name:literal) => {
        EntityType::new(
            $name,
            c::workflow_extension::RELATION,
            of_every_kind!(
                workflow_extension,
                [
                    Property::new(
                        Name::both("callbackConfiguration"),
                        Codec::Custom(callback),
                        &[c::workflow_extension::SETTINGS],
                    )
                    .is(Shape::structure(&t::CALLBACK)),
                    Property::new(Name::both("createdBy"), Codec::Text, &[c::workflow_extension::CREATED_BY]),
                    time(Name::both("createdDateTime"), &[c::workflow_extension::CREATED]),
                    Property::new(Name::both("lastModifiedBy"), Codec::Text, &[c::workflow_extension::MODIFIED_BY]),
                    time(Name::both("lastModifiedDateTime"), &[c::workflow_extension::MODIFIED]),
                ]
            ),
        )
        .adds_to(&EXTENSION)
    };
}

/// An extension of a catalog.
pub static EXTENSION: EntityType =
    EntityType::new("customCalloutExtension", c::workflow_extension::RELATION, of_every_kind!(workflow_extension, []))
        .variants(c::workflow_extension::KIND, &KINDS)
        .says_type()
        .search(SearchBy::Columns(&[c::workflow_extension::NAME_KEY]));

static KINDS: [Variant; 2] = [Variant { code: 1, entity: &OF_REQUESTS }, Variant { code: 2, entity: &OF_ASSIGNMENTS }];

/// One that is called while a request goes its way.
pub static OF_REQUESTS: EntityType = of_a_catalog!("accessPackageAssignmentRequestWorkflowExtension");

/// One that is called before an assignment ends.
pub static OF_ASSIGNMENTS: EntityType = of_a_catalog!("accessPackageAssignmentWorkflowExtension");

/// The newer version's older form.
pub static LEGACY: EntityType = EntityType::new(
    "customAccessPackageWorkflowExtension",
    c::legacy_extension::RELATION,
    of_every_kind!(
        legacy_extension,
        [
            time(Name::both("createdDateTime"), &[c::legacy_extension::CREATED]),
            time(Name::both("lastModifiedDateTime"), &[c::legacy_extension::MODIFIED]),
        ]
    ),
)
.adds_to(&EXTENSION)
.search(SearchBy::Columns(&[c::legacy_extension::NAME_KEY]));
