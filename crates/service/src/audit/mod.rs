//! The sealed audit as use cases: the key of checkpoints, the next checkpoint, an export, and the erasure of a person's
//! names (decisions.md F).

mod erase;
mod export;
mod refused;
mod seal;

pub use erase::erase_some;
pub use export::{Sink, export, public_key};
pub(crate) use refused::{Refused, record};
pub use seal::{Seal, open_key, seal};

pub use tenure_auth::audit::CheckpointKey;
pub use tenure_domain::seal::Checkpoint;
pub use tenure_store::seal::{checkpoints_after, has_unsealed, last_checkpoint, release_lease};
