//! Workflow extensions as clients write them (semantics.md 10).

use super::{Body, read};
use crate::wire::schema::extension::OF_REQUESTS;
use serde_json::Value as Json;
use tenure_domain::extension::{Authentication, Endpoint, ExtensionKind, ExtensionSettings, Patience};
use tenure_domain::time::IsoDuration;
use tenure_domain::{Patch, Refusal};
use tenure_service::extensions::{ExtensionPatch, NewExtension, SettingsPatch};

const ENDPOINT: &[&str] = &["endpointConfiguration"];
const AUTHENTICATION: &[&str] = &["authenticationConfiguration"];
const CLIENT: &[&str] = &["clientConfiguration"];
const CALLBACK: &[&str] = &["callbackConfiguration"];
/// The published pages and the published model name it differently.
const TIMEOUT: &[&str] = &["timeoutDuration", "durationBeforeTimeout"];

/// One published page wraps the whole body.
fn unwrapped(value: &Json) -> &Json {
    match value.as_object() {
        Some(map) if map.len() == 1 => map.get("value").filter(|inner| inner.is_object()).unwrap_or(value),
        _ => value,
    }
}

fn kind(b: &Body<'_>, of_path: Option<ExtensionKind>) -> Option<ExtensionKind> {
    let said = b.type_name();
    let named = said.map(|name| match name.to_ascii_lowercase().as_str() {
        "accesspackageassignmentrequestworkflowextension" => Some(ExtensionKind::Request),
        "accesspackageassignmentworkflowextension" => Some(ExtensionKind::Assignment),
        "customaccesspackageworkflowextension" => Some(ExtensionKind::Legacy),
        _ => None,
    });
    match (named, of_path) {
        (Some(None), _) => {
            b.fault("@odata.type", "this is no type of a workflow extension");
            None
        }
        (Some(Some(kind)), Some(of_path)) if kind != of_path => {
            b.fault("@odata.type", "this type is not kept here");
            None
        }
        (Some(Some(ExtensionKind::Legacy)), None) => {
            b.fault("@odata.type", "this type is not kept here");
            None
        }
        (Some(kind), _) => kind,
        (None, of_path) => of_path,
    }
}

/// An extension to be made; `of_path` is its kind where the path says it.
pub fn new_extension(value: &Json, of_path: Option<ExtensionKind>) -> Result<NewExtension, Refusal> {
    read(unwrapped(value), |b| {
        let kind = kind(b, of_path);
        if kind.is_none() && b.type_name().is_none() {
            b.fault(
                "@odata.type",
                "an extension must say its type, such as #microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
            );
        }
        for required in [ENDPOINT, AUTHENTICATION] {
            if b.raw(required).is_none_or(Json::is_null) {
                b.missing(required);
            }
        }
        let made = NewExtension {
            kind: kind.unwrap_or(ExtensionKind::Request),
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            description: b.text(&["description"]),
            settings: settings(b).on(ExtensionSettings::default()),
        };
        b.finish(Some(&OF_REQUESTS), &[]);
        Some(made)
    })
}

/// A change of an extension.
pub fn extension_patch(value: &Json, of_path: Option<ExtensionKind>) -> Result<ExtensionPatch, Refusal> {
    read(unwrapped(value), |b| {
        let patch = ExtensionPatch {
            kind: kind(b, of_path),
            name: b.patch_text(&["displayName"]),
            description: b.patch_text(&["description"]),
            settings: settings(b),
        };
        b.finish(Some(&OF_REQUESTS), &[]);
        Some(patch)
    })
}

fn settings(b: &Body<'_>) -> SettingsPatch {
    SettingsPatch {
        endpoint: part(b, ENDPOINT, endpoint),
        authentication: part(b, AUTHENTICATION, authentication),
        patience: part(b, CLIENT, |client| {
            let patience = Patience {
                timeout_millis: client.int(&["timeoutInMilliseconds"]),
                retries: client.int(&["maximumRetries"]),
            };
            client.finish(None, &[]);
            Some(patience)
        }),
        callback: match b.patch_object(CALLBACK) {
            Patch::Absent => Patch::Absent,
            Patch::Null => Patch::Null,
            Patch::Value(callback) => callback_time(&callback).map_or(Patch::Null, Patch::Value),
        },
    }
}

/// A part that is read as a whole; one with a fault has been noted and changes nothing.
fn part<T>(b: &Body<'_>, names: &[&str], read: impl FnOnce(&Body<'_>) -> Option<T>) -> Patch<T> {
    match b.patch_object(names) {
        Patch::Absent => Patch::Absent,
        Patch::Null => Patch::Null,
        Patch::Value(inner) => read(&inner).map_or(Patch::Absent, Patch::Value),
    }
}

fn callback_time(b: &Body<'_>) -> Option<IsoDuration> {
    let wait = b.duration(TIMEOUT);
    b.finish(None, &[]);
    wait
}

fn endpoint(b: &Body<'_>) -> Option<Endpoint> {
    let said = b.type_name().map(str::to_ascii_lowercase);
    let is_http = said.as_deref() == Some("httprequestendpoint") || (said.is_none() && b.has(&["targetUrl"]));
    if said.as_deref().is_some_and(|s| !["httprequestendpoint", "logicapptriggerendpointconfiguration"].contains(&s)) {
        b.fault("@odata.type", "a call goes to a logicAppTriggerEndpointConfiguration or an httpRequestEndpoint");
        return None;
    }
    let endpoint = if is_http {
        b.required_text(&["targetUrl"]).map(|target| Endpoint::Http { target })
    } else {
        let subscription = b.required_text(&["subscriptionId"]);
        let group = b.required_text(&["resourceGroupName"]);
        let workflow = b.required_text(&["logicAppWorkflowName"]);
        let url = b.text(&["url"]);
        subscription.zip(group).zip(workflow).map(|((subscription, group), workflow)| Endpoint::LogicApp {
            subscription,
            group,
            workflow,
            url,
        })
    };
    b.finish(None, &[]);
    endpoint
}

fn authentication(b: &Body<'_>) -> Option<Authentication> {
    let said = b.type_name().map(str::to_ascii_lowercase);
    let made = match said.as_deref() {
        Some("azureadtokenauthentication") => Authentication::Token { resource: b.text(&["resourceId"]) },
        Some("azureadpoptokenauthentication") => Authentication::ProofOfPossession,
        None if b.has(&["resourceId"]) => Authentication::Token { resource: b.text(&["resourceId"]) },
        _ => {
            b.fault("@odata.type", "it is an azureAdTokenAuthentication or an azureAdPopTokenAuthentication");
            return None;
        }
    };
    b.finish(None, &[]);
    Some(made)
}
