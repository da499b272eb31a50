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
mod caller;
mod dispatch;
mod error;
mod http;
mod metadata;
mod oidc;
mod outside;
mod own;
mod session;
mod wire;

pub use app::{App, ClockControl, ClockFailure, Hosts, Moved, Settings};
pub use http::{Peer, router};
pub use outside::{AccessTokens, Outbound, Provider, Question, Said, Saying};
pub use wire::schema::SCHEMA;
