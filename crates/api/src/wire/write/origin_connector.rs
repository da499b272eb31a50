//! Connectors of resources whose origin is outside, as clients write them (semantics.md 10).

use super::{Body, read};
use crate::wire::schema::origin_connector as schema;
use serde_json::Value as Json;
use tenure_domain::origin_connector::{Connection, OriginConnectorKind};
use tenure_domain::{Patch, Refusal};
use tenure_odata::edm::Version;
use tenure_service::origin_connectors::{NewOriginConnector, OriginConnectorPatch};

const CONNECTION: &[&str] = &["connectionInfo"];
/// What the server says itself.
const ECHOES: &[&str] = &["createdBy", "createdDateTime", "modifiedBy", "modifiedDateTime"];

fn kind(b: &Body<'_>, version: Version) -> Option<OriginConnectorKind> {
    let said = b.text(&["connectorType"])?;
    let known = schema::kinds(version);
    let found = known.iter().find(|(word, _)| word.eq_ignore_ascii_case(&said)).map(|(_, kind)| *kind);
    if found.is_none() {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        b.fault("connectorType", format!("it is {}", words.join(" or ")));
    }
    found
}

fn connection(b: &Body<'_>) -> Connection {
    let known = ["externaltokenbasedsapiagconnectioninfo", "connectioninfo"];
    if b.type_name().is_some_and(|name| !known.contains(&name.to_ascii_lowercase().as_str())) {
        b.fault("@odata.type", "a connection is an externalTokenBasedSapIagConnectionInfo");
    }
    let connection = Connection {
        url: b.text(&["url"]),
        access_token_url: b.text(&["accessTokenUrl"]),
        client_id: b.text(&["clientId"]),
        key_vault_name: b.text(&["keyVaultName"]),
        resource_group: b.text(&["resourceGroup"]),
        secret_name: b.text(&["secretName"]),
        subscription_id: b.text(&["subscriptionId"]),
    };
    b.finish(None, &[]);
    connection
}

/// A connector to be made.
pub fn new_connector(value: &Json, version: Version) -> Result<NewOriginConnector, Refusal> {
    read(value, |b| {
        if b.raw(&["connectorType"]).is_none_or(Json::is_null) {
            b.missing(&["connectorType"]);
        }
        let made = NewOriginConnector {
            kind: kind(b, version).unwrap_or(OriginConnectorKind::SapIag),
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            description: b.text(&["description"]),
            connection: b.object(CONNECTION).map(|inner| connection(&inner)),
        };
        b.finish(Some(&schema::ORIGIN_CONNECTOR), ECHOES);
        Some(made)
    })
}

/// A change of a connector.
pub fn connector_patch(value: &Json, version: Version) -> Result<OriginConnectorPatch, Refusal> {
    read(value, |b| {
        let patch = OriginConnectorPatch {
            kind: kind(b, version),
            name: b.patch_text(&["displayName"]),
            description: b.patch_text(&["description"]),
            connection: match b.patch_object(CONNECTION) {
                Patch::Absent => Patch::Absent,
                Patch::Null => Patch::Null,
                Patch::Value(inner) => Patch::Value(connection(&inner)),
            },
        };
        b.finish(Some(&schema::ORIGIN_CONNECTOR), ECHOES);
        Some(patch)
    })
}
