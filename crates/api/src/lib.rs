//! **Room: the HTTP face.** Graph-shaped paths, both versions, `$batch`, the product's own surface, and the authority
//! that signs people and applications in.
//!
//! A request is turned into a use case of `service` or a selection of rows, and what comes back into JSON. What differs
//! between versions is in [`wire`] and nowhere else. Contains no rules and no SQL. May use: service, domain, odata, auth,
//! axum.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod app;
mod batch;
mod body;
mod caller;
mod dispatch;
mod error;
mod http;
mod metadata;
mod oidc;
mod outside;
mod own;
#[doc(hidden)]
pub mod probe;
mod quota;
mod session;
mod turns;
mod watch;
mod wire;

/// The query language keeps its own numbers, because it depends on nothing: they are those of the product.
const _: () = {
    use tenure_domain::limits as product;
    use tenure_odata::limits as language;
    assert!(language::PAGE_ROWS_MAX == product::PAGE_ROWS_MAX);
    assert!(language::SKIP_MAX == product::SKIP_MAX);
    assert!(language::EXPAND_DEPTH_MAX == product::EXPAND_DEPTH_MAX);
    assert!(language::EXPAND_NODES_MAX == product::EXPAND_NODES_MAX);
    assert!(language::FILTER_NODES_MAX == product::FILTER_NODES_MAX);
    assert!(language::FILTER_NAV_DEPTH_MAX == product::FILTER_NAV_DEPTH_MAX);
    assert!(language::FILTER_DEPTH_MAX == product::FILTER_DEPTH_MAX);
    assert!(language::PATH_SEGMENTS_MAX == product::PATH_SEGMENTS_MAX);
    assert!(language::ARGUMENTS_MAX == product::ARGUMENTS_MAX);
    assert!(language::ORDER_MAX == product::ORDER_MAX);
    assert!(language::SEARCH_TERMS_MAX == product::SEARCH_TERMS_MAX);
    assert!(language::SKIP_TOKEN_CHARS_MAX == product::SKIP_TOKEN_CHARS_MAX);
};

pub use app::{App, ClockControl, ClockFailure, Hosts, Moved, Settings};
pub use dispatch::written;
pub use http::{Peer, router};
pub use outside::{AccessTokens, Outbound, Provider, Question, Said, Saying};
pub use wire::schema::SCHEMA;
