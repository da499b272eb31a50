//! A small audit on a database of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tenure_auth::Vault;
use tenure_auth::audit::{Fault, Pin, Running, Summary, Verifier};
use tenure_domain::Timestamp;
use tenure_domain::ids::{Entropy, Ids, ObjectId, SeededEntropy};
use tenure_domain::seal::{End, Hex};
use tenure_domain::time::{Clock, ManualClock, plus_seconds};
use tenure_jobs::Sealer;
use tenure_service::bootstrap::{NewTenant, create_tenant};
use tenure_service::directory::users::create;
use tenure_service::{Clocks, Engine, ServiceError, audit};
use tenure_store::Tx;
use tenure_testkit::{Db, company};

/// A node.
pub struct Node {
    pub engine: Engine,
    pub sealer: Sealer,
    wall: Arc<ManualClock>,
}

impl Node {
    /// The first node of a database: it makes the tenant.
    pub fn first(db: &Db) -> Self {
        let node = Self::engine(db, 1);
        let new = NewTenant {
            id: None,
            name: "Contoso".to_owned(),
            domains: vec!["contoso.example".to_owned()],
            is_demo: false,
        };
        node.0.write_blocking(move |ctx| create_tenant(ctx, &new)).expect("a tenant");
        Self::on(node)
    }

    /// Another one.
    pub fn further(db: &Db, seed: u64) -> Self {
        Self::on(Self::engine(db, seed))
    }

    fn engine(db: &Db, seed: u64) -> (Engine, Arc<ManualClock>) {
        let wall = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().expect("an instant")));
        let clocks = Clocks { business: wall.clone(), wall: wall.clone() };
        let next = AtomicU64::new(seed * 1_000_000);
        let entropy = Arc::new(move || -> Box<dyn Entropy> {
            Box::new(SeededEntropy::new(next.fetch_add(1, Ordering::Relaxed)))
        });
        (Engine::new(db.store(), clocks, entropy), wall)
    }

    fn on((engine, wall): (Engine, Arc<ManualClock>)) -> Self {
        let key = engine.write_blocking(|ctx| audit::open_key(ctx, &Vault::new(&[7; 32]))).expect("a key");
        Self { sealer: Sealer::new(engine.clone(), key, None), engine, wall }
    }

    pub fn now(&self) -> Timestamp {
        self.wall.now()
    }

    pub fn let_pass(&self, seconds: i64) {
        self.wall.set(plus_seconds(self.wall.now(), seconds));
    }

    /// Makes a person, which one audit row tells.
    pub fn person(&self, alias: &str) -> ObjectId {
        let new = company::newcomer(format!("{alias} Archer"), format!("{alias}@contoso.example"));
        self.engine.write_blocking(move |ctx| create(ctx, &new)).expect("a person")
    }

    /// Seals what is new, if this node may.
    pub fn seal(&self) -> u32 {
        run(self.sealer.seal()).expect("sealing")
    }

    /// Seals, whoever has the lease.
    pub fn finish(&self) -> u32 {
        run(self.sealer.finish()).expect("sealing")
    }

    /// Erases the names of a person.
    pub fn erase(&self, person: ObjectId) -> usize {
        let now = self.now();
        let engine = self.engine.clone();
        let erase = self.engine.claim(move |tx| audit::erase_some(tx, person, now, &mut Ids::new(engine.entropy())));
        run(erase).expect("an erasure")
    }

    pub fn export(&self) -> String {
        self.engine.read_long(exported).expect("an export")
    }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    // Waiting is for the database threads only, so that any runtime will do.
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

/// The export that a transaction sees.
pub fn exported(tx: &mut Tx<'_>) -> Result<String, ServiceError> {
    let mut out = Vec::new();
    audit::export(tx, &mut |line| {
        out.extend_from_slice(line);
        Ok(())
    })?;
    String::from_utf8(out).map_err(|e| ServiceError::Internal(e.to_string()))
}

pub fn verify(export: &[u8]) -> Result<Summary, Fault> {
    verify_pinned(export, None)
}

pub fn verify_pinned(export: &[u8], pin: Option<Pin>) -> Result<Summary, Fault> {
    let mut verifier = Verifier::new(pin, None)?;
    for line in export.split_inclusive(|b| *b == b'\n') {
        verifier.line(line)?;
    }
    verifier.finish()
}

/// The text with a last line that fits it, as somebody would write it who changes an export.
pub fn with_fitting_end(lines: &[String]) -> String {
    let mut text: String = lines.iter().filter(|l| !l.starts_with("{\"end\"")).flat_map(|l| [&l[..], "\n"]).collect();
    let mut hash = Running::default();
    hash.update(text.as_bytes());
    let count = |name: &str| text.lines().filter(|l| l.starts_with(&format!("{{\"{name}\":"))).count() as u64;
    let end = tenure_domain::seal::Totals {
        writers: count("writer"),
        rows: count("row"),
        checkpoints: count("checkpoint"),
        sha256: Hex(hash.finish().0),
    };
    text += &(serde_json::to_string(&End { end }).expect("a line") + "\n");
    text
}
