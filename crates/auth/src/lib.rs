//! **Room: identity mechanics.** Sign and verify tokens, hash passwords, seal secrets, and what permission names mean.
//!
//! All of it is values in, values out: no database, no HTTP, no clock (decisions.md A6). State lives in the store, use
//! cases in `service`, routes in `api`. May use: domain, and the one cryptographic provider.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod audit;
pub mod cache;
pub mod certificate;
pub mod entropy;
pub mod foreign;
mod jws;
pub mod key;
pub mod password;
pub mod pkce;
pub mod scopes;
pub mod secret;
pub mod token;
pub mod vault;

pub use entropy::SystemEntropy;
pub use key::{PublicKey, SigningKey};
pub use token::{Claims, TokenError};
pub use vault::Vault;

/// A fault of the cryptographic provider: none of it depends on what a caller sends.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{0}")]
pub struct CryptoError(pub &'static str);
