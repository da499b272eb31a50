//! What a workflow extension says of its calls (semantics.md 10).

use super::{DURATION, NUMBER, TEXT};
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Structure};

/// Where a call goes.
pub static ENDPOINT: Structure =
    Structure::complex(Name::both("customExtensionEndpointConfiguration"), &[]).one_of(&[&LOGIC_APP, &HTTP]);

static LOGIC_APP: Structure = Structure::complex(
    Name::both("logicAppTriggerEndpointConfiguration"),
    &[
        Member::new("subscriptionId", TEXT),
        Member::new("resourceGroupName", TEXT),
        Member::new("logicAppWorkflowName", TEXT),
        Member::new("url", TEXT),
    ],
)
.adds_to(&ENDPOINT);

static HTTP: Structure =
    Structure::complex(Name::both("httpRequestEndpoint"), &[Member::new("targetUrl", TEXT)]).adds_to(&ENDPOINT);

/// How a call proves who makes it.
pub static AUTHENTICATION: Structure =
    Structure::complex(Name::both("customExtensionAuthenticationConfiguration"), &[]).one_of(&[&TOKEN, &PROOF]);

static TOKEN: Structure =
    Structure::complex(Name::both("azureAdTokenAuthentication"), &[Member::new("resourceId", TEXT)])
        .adds_to(&AUTHENTICATION);

static PROOF: Structure = Structure::complex(Name::both("azureAdPopTokenAuthentication"), &[]).adds_to(&AUTHENTICATION);

/// How patient the caller is.
pub static CLIENT: Structure = Structure::complex(
    Name::both("customExtensionClientConfiguration"),
    &[Member::new("maximumRetries", NUMBER), Member::new("timeoutInMilliseconds", NUMBER)],
);

/// How long a request waits.
pub static CALLBACK: Structure =
    Structure::complex(Name::both("customExtensionCallbackConfiguration"), &[Member::new("timeoutDuration", DURATION)]);
