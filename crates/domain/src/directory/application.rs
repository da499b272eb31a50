//! Applications, their service principals and app roles (semantics.md 13; decisions.md B12).

use super::Attributes;
use crate::ids::{AppRoleAssignmentId, ObjectId};
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The Microsoft Graph application, whose app roles and scopes are the permissions of this API.
pub const GRAPH_APP_ID: Uuid = Uuid::from_u128(0x0000_0003_0000_0000_c000_0000_0000_0000);
/// The published client of the Graph command line tools.
pub const GRAPH_COMMAND_LINE_APP_ID: Uuid = Uuid::from_u128(0x14d8_2eec_204b_4c2f_b7e8_296a_70da_b67e);
/// The published client of the Azure command line.
pub const AZURE_COMMAND_LINE_APP_ID: Uuid = Uuid::from_u128(0x04b0_7795_8ddb_461a_bbee_02f9_e1bf_7b46);

/// A role an application defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppRole {
    /// Its id.
    pub id: Uuid,
    /// Its display name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// The word in a token's roles.
    #[serde(default)]
    pub value: Option<String>,
    /// `User`, `Application` or both.
    #[serde(default)]
    pub allowed_member_types: Vec<String>,
    /// Whether it can be assigned.
    #[serde(default)]
    pub is_enabled: bool,
}

/// Checks the app roles of one application: ids and values are unique.
pub fn check_app_roles(roles: &[AppRole]) -> Result<(), Refusal> {
    for (i, role) in roles.iter().enumerate() {
        let twice = roles.iter().take(i).any(|r| r.id == role.id || (r.value.is_some() && r.value == role.value));
        if twice {
            let message = format!("the app role `{}` has the id or value of another app role", role.id);
            return Err(Refusal::new(Code::RequestBadRequest, message).detail(format!("/appRoles/{i}"), "not unique"));
        }
    }
    Ok(())
}

/// From when until when a certificate lets its application sign in: within the certificate's own time, all of it unless
/// less is asked for. The refusal names the member of the entry that asks for more.
pub fn certificate_period(
    (start, end): (Option<Timestamp>, Option<Timestamp>),
    (first, last): (Timestamp, Timestamp),
) -> Result<(Timestamp, Timestamp), (&'static str, String)> {
    let (start, end) = (start.unwrap_or(first), end.unwrap_or(last));
    if start < first {
        return Err(("startDateTime", format!("lies before the certificate's, {first}")));
    }
    if end > last || end < start {
        return Err(("endDateTime", format!("must lie between the start and {last}")));
    }
    Ok((start, end))
}

/// An application's registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Its id.
    pub id: ObjectId,
    /// The id clients sign in with.
    pub app_id: Uuid,
    /// Display name.
    pub name: String,
    /// An alternate key, unique in the tenant.
    pub unique_name: Option<String>,
    /// Whether it may sign in without a secret.
    pub is_public_client: bool,
    /// The roles it defines.
    pub roles: Vec<AppRole>,
    /// Everything else.
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub version: i64,
}

/// The identity of an application in this tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct ServicePrincipal {
    /// Its id.
    pub id: ObjectId,
    /// The id clients sign in with.
    pub app_id: Uuid,
    /// Display name.
    pub name: String,
    /// Whether it can sign in.
    pub is_enabled: bool,
    /// The roles that can be assigned.
    pub roles: Vec<AppRole>,
    /// Everything else.
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub version: i64,
}

/// A principal holding an app role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRoleAssignment {
    /// Its id.
    pub id: AppRoleAssignmentId,
    /// The application's service principal.
    pub resource: ObjectId,
    /// The role; the zero id is default access.
    pub role: Uuid,
    /// Who holds it.
    pub principal: ObjectId,
    /// When it was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_roles_are_unique_by_id_and_value() {
        let role = |n: u128, value: &str| AppRole {
            id: Uuid::from_u128(n),
            display_name: None,
            description: None,
            value: Some(value.to_owned()),
            allowed_member_types: vec!["User".to_owned()],
            is_enabled: true,
        };
        assert!(check_app_roles(&[role(1, "a"), role(2, "b")]).is_ok());
        assert!(check_app_roles(&[role(1, "a"), role(1, "b")]).is_err());
        assert!(check_app_roles(&[role(1, "a"), role(2, "a")]).is_err());
    }

    #[test]
    fn a_certificate_is_good_within_its_own_time() {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let refused = |start: Option<i64>, end: Option<i64>| {
            let period = certificate_period((start.map(at), end.map(at)), (at(10), at(20)));
            period.map(|(start, end)| (start.as_second(), end.as_second())).map_err(|(member, _)| member)
        };
        assert_eq!(refused(None, None), Ok((10, 20)));
        assert_eq!(refused(Some(12), Some(12)), Ok((12, 12)));
        assert_eq!(refused(Some(9), None), Err("startDateTime"));
        assert_eq!(refused(None, Some(21)), Err("endDateTime"));
        assert_eq!(refused(Some(15), Some(14)), Err("endDateTime"));
    }
}
