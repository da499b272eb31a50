//! The product under simulation: the real store, use cases and job runner over a file that is not made durable, with
//! clocks that stand still until they are moved. A [`World`] is one life of the process; it ends like a machine that
//! loses its power, and the next one goes on with the file as it then was.

use crate::model::Micros;
use crate::outside::Outside;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tenure_connect::Connectors;
use tenure_domain::Timestamp;
use tenure_domain::Uuid;
use tenure_domain::ids::{Entropy, SeededEntropy};
use tenure_domain::time::{Clock, DemoClock, ManualClock};
use tenure_jobs::{AdvanceError, Runner, Sealer};
use tenure_service::{Clocks, Ctx, Engine, Identity, ServiceError, Store};
use tokio::runtime::Runtime;

/// Commits that are as good as without end.
pub const ALWAYS: u64 = u64::MAX / 2;

/// What outlives a process: the file, the clocks of the world, where randomness has come to.
pub struct Earth {
    folder: tempfile::TempDir,
    file: PathBuf,
    lives: u32,
    /// The wall clock.
    pub wall: Arc<ManualClock>,
    /// How many commits will still be made before the power fails.
    pub commits_left: Arc<AtomicU64>,
    entropy: Arc<AtomicU64>,
    seed: u64,
    /// The directory outside.
    pub outside: Outside,
}

impl Earth {
    /// A world in which nothing has happened, in a folder of the memory if there is one.
    pub fn new(seed: u64, now: Micros, outside: Outside, commits_left: Arc<AtomicU64>) -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let wall = Arc::new(ManualClock::at(Timestamp::from_microsecond(now).unwrap_or(Timestamp::UNIX_EPOCH)));
        Ok(Self {
            file: folder.path().join("0.db"),
            folder,
            lives: 0,
            wall,
            commits_left,
            entropy: Arc::new(AtomicU64::new(1)),
            seed,
            outside,
        })
    }

    /// The database.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The power has failed: what the next life finds is what the file and its log hold now.
    pub fn lose_power(&mut self) -> std::io::Result<()> {
        self.lives += 1;
        let next = self.folder.path().join(format!("{}.db", self.lives));
        let log = |file: &Path| PathBuf::from(format!("{}-wal", file.display()));
        // First the file, then its log: a checkpoint that writes into the file meanwhile copies what the log still has.
        std::fs::copy(&self.file, &next)?;
        if log(&self.file).exists() {
            std::fs::copy(log(&self.file), log(&next))?;
        }
        self.file = next;
        Ok(())
    }

    /// Forgets the files of earlier lives.
    pub fn bury(&self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if !path.display().to_string().starts_with(&self.file.display().to_string()) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Randomness that counts as drawn when it is first used: how often something is read again depends on the machine, and
/// what is only read uses none.
struct Drawn {
    next: Arc<AtomicU64>,
    seed: u64,
    sequence: Option<SeededEntropy>,
}

impl Entropy for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) {
        let sequence = self.sequence.get_or_insert_with(|| {
            // Mixed, because two sequences that begin near each other share their later draws.
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            SeededEntropy::new(SeededEntropy::new(self.seed.rotate_left(40) ^ number).next_u64())
        });
        sequence.fill(bytes);
    }
}

/// One life of the process.
pub struct World {
    pub engine: Engine,
    pub runner: Runner,
    pub demo: Arc<DemoClock>,
    pub sealer: Option<Sealer>,
    runtime: Runtime,
}

impl World {
    /// Starts the process on the file.
    pub fn start(earth: &Earth) -> Result<Self, String> {
        let store = Store::rehearsed(earth.file(), earth.commits_left.clone()).map_err(|e| e.to_string())?;
        let demo = Arc::new(DemoClock::new(earth.wall.clone(), 0));
        let clocks = Clocks { business: demo.clone(), wall: earth.wall.clone() };
        let (next, seed) = (earth.entropy.clone(), earth.seed);
        let entropy =
            Arc::new(move || -> Box<dyn Entropy> { Box::new(Drawn { next: next.clone(), seed, sequence: None }) });
        let engine = Engine::new(store, clocks, entropy);
        earth.outside.follow(demo.clone());
        let connectors = Connectors::default().with(Arc::new(earth.outside.clone()));
        let runner = Runner::new(engine.clone(), connectors);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| e.to_string())?;
        let world = Self { engine, runner, demo, sealer: None, runtime };
        let tenant = world.engine.read_blocking(tenure_service::bootstrap::tenant).map_err(|e| e.to_string())?;
        world.demo.set_offset_micros(tenant.map_or(0, |t| t.clock_offset));
        Ok(world)
    }

    /// The business clock.
    pub fn now(&self) -> Micros {
        self.demo.now().as_microsecond()
    }

    /// Runs a use case that writes.
    pub fn write<T, F>(&self, identity: Identity, f: F) -> Result<T, ServiceError>
    where
        F: FnMut(&mut Ctx<'_, '_>) -> Result<T, ServiceError> + Send + 'static,
        T: Send + 'static,
    {
        let correlation: Uuid = self.engine.new_id();
        self.runtime.block_on(self.engine.write(identity, correlation, f))
    }

    /// Whether anything is due, as the job runner of a server looks before it works.
    pub fn is_due(&self) -> Result<bool, ServiceError> {
        let due = self.runtime.block_on(self.runner.next_due())?;
        Ok(due.is_some_and(|due| due <= self.demo.now()))
    }

    /// One pass of the job runner.
    pub fn pass(&self) -> Result<u32, ServiceError> {
        self.runtime.block_on(self.runner.pass())
    }

    /// Frees what the life before this one had claimed.
    pub fn take_over(&self) -> Result<(), ServiceError> {
        self.runtime.block_on(self.runner.take_over())
    }

    /// Moves the demo clock from one due instant to the next.
    pub fn advance(&self, to: Micros) -> Result<(), ServiceError> {
        let to = Timestamp::from_microsecond(to).unwrap_or(Timestamp::MAX);
        match self.runtime.block_on(tenure_jobs::advance(&self.runner, &self.demo, to)) {
            Ok(_) => Ok(()),
            Err(AdvanceError::Failed(error)) => Err(error),
            Err(AdvanceError::Backwards { now }) => Err(ServiceError::Internal(format!("{to} lies before {now}"))),
        }
    }

    /// Seals what is new in the audit.
    pub fn seal(&self) -> Result<(), ServiceError> {
        match &self.sealer {
            Some(sealer) => self.runtime.block_on(sealer.seal()).map(|_| ()),
            None => Ok(()),
        }
    }
}
