//! Connectors of resources whose origin is outside (semantics.md 10).

use super::types::TEXT;
use super::{id, keyed, time};
use crate::wire::json;
use serde_json::{Value as Json, json as j};
use tenure_domain::origin_connector::{Connection, OriginConnectorKind};
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, EnumType, Kind, Name, Property, SearchBy, Version};
use tenure_odata::types::{Member, Shape, Structure};
use tenure_service::view::columns::origin_connector as c;

/// What can be asked, in the words of a version: the older one knows one kind.
pub fn kinds(version: Version) -> &'static [(&'static str, OriginConnectorKind)] {
    if version == Version::V1 { OriginConnectorKind::ALL.split_at(1).0 } else { &OriginConnectorKind::ALL }
}

static KIND: EnumType = EnumType::named(Name::both("connectorType"), &[(1, "sapIag"), (2, "sapAc")]);

static CONNECTION: Structure =
    Structure::complex(Name::both("connectionInfo"), &[Member::new("url", TEXT)]).one_of(&[&BY_TOKEN]);

static BY_TOKEN: Structure = Structure::complex(
    Name::both("externalTokenBasedSapIagConnectionInfo"),
    &[
        Member::new("accessTokenUrl", TEXT),
        Member::new("clientId", TEXT),
        Member::new("keyVaultName", TEXT),
        Member::new("resourceGroup", TEXT),
        Member::new("secretName", TEXT),
        Member::new("subscriptionId", TEXT),
    ],
)
.adds_to(&CONNECTION);

fn connection(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let kept: Option<Connection> = row.cell(0).text().and_then(|text| serde_json::from_str(text).ok()).flatten();
    let shown = kept.map(|c| {
        j!({
            "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo",
            "url": c.url,
            "accessTokenUrl": c.access_token_url,
            "clientId": c.client_id,
            "keyVaultName": c.key_vault_name,
            "resourceGroup": c.resource_group,
            "secretName": c.secret_name,
            "subscriptionId": c.subscription_id,
        })
    });
    json::any(out, &shown.unwrap_or(Json::Null));
}

/// A connector.
pub static ORIGIN_CONNECTOR: EntityType = EntityType::new(
    "externalOriginResourceConnector",
    c::RELATION,
    &[
        id(Name::both("id"), &[c::ID]).required(),
        keyed(Name::both("displayName"), &[c::NAME], c::NAME_KEY),
        Property::new(Name::both("description"), Codec::Text, &[c::DESCRIPTION]),
        Property::new(Name::both("connectorType"), Codec::Enum(&KIND), &[c::KIND]).by(c::KIND, Kind::Enum(&KIND)),
        Property::new(Name::both("connectionInfo"), Codec::Custom(connection), &[c::CONNECTION])
            .is(Shape::structure(&CONNECTION)),
        Property::new(Name::both("createdBy"), Codec::Text, &[c::CREATED_BY]),
        time(Name::both("createdDateTime"), &[c::CREATED]),
        Property::new(Name::both("modifiedBy"), Codec::Text, &[c::MODIFIED_BY]),
        time(Name::both("modifiedDateTime"), &[c::MODIFIED]),
    ],
)
.search(SearchBy::Columns(&[c::NAME_KEY]));
