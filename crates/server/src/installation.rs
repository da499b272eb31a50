//! One installation: its folder, its database, its clocks and its master key.

use crate::config::Options;
use crate::failure::{Failure, Outcome, While};
use crate::master_key::{self, MasterKey};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_auth::SystemEntropy;
use tenure_domain::limits::DB_THREADS;
use tenure_domain::time::{DemoClock, SystemClock};
use tenure_service::identity::Tenant;
use tenure_service::identity::keys::{self, KeyRing};
use tenure_service::{Clocks, Engine, ServerConfig, Store, bootstrap};

/// Opened, migrated, and checked to fit together.
pub struct Installation {
    /// Runs use cases.
    pub engine: Engine,
    /// The business clock, if it can be moved.
    pub demo_clock: Option<Arc<DemoClock>>,
    /// The master key.
    pub master: MasterKey,
    /// The tenant, unless this is the first start.
    pub tenant: Option<Tenant>,
}

/// The folder, made when it is not there.
pub fn folder(options: &Options) -> Outcome<&Path> {
    let folder = &options.data_dir;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).doing(format!("making {}", folder.display()))?;
    Ok(folder)
}

/// Where the embedded database is.
pub fn database_path(options: &Options) -> PathBuf {
    options.data_dir.join("tenure.db")
}

/// Opens the installation; its folder and master key are made on the first start.
pub fn open(options: &Options) -> Outcome<Installation> {
    let folder = folder(options)?;
    let known_master = master_key::read(options)?;
    let store = match &options.database {
        Some(url) => Store::server(&ServerConfig { url: url.clone(), threads: DB_THREADS }),
        None => Store::embedded(&database_path(options)),
    };
    let store = store.doing("opening the database")?;
    let wall = Arc::new(SystemClock);
    let demo_clock = options.demo.then(|| Arc::new(DemoClock::new(wall.clone(), 0)));
    let clocks = match &demo_clock {
        Some(clock) => Clocks { business: clock.clone(), wall },
        None => Clocks { business: wall.clone(), wall },
    };
    let engine = Engine::new(store, clocks, Arc::new(|| Box::new(SystemEntropy)));
    let tenant = engine.read_blocking(bootstrap::tenant)?;
    if let Some(tenant) = &tenant {
        check_kind(tenant, options.demo)?;
    }
    if let (Some(clock), Some(tenant)) = (&demo_clock, &tenant) {
        clock.set_offset_micros(tenant.clock_offset);
    }
    let master = match (known_master, &tenant) {
        (Some(master), _) => master,
        (None, None) => master_key::create(options)?,
        (None, Some(_)) => {
            return Err(Failure::new(format!(
                "the database has a tenant, but its master key is not in {}; restore master.key, or name it with \
                 --master-key-file",
                folder.display()
            )));
        }
    };
    Ok(Installation { engine, demo_clock, master, tenant })
}

fn check_kind(tenant: &Tenant, demo: bool) -> Outcome<()> {
    match (tenant.is_demo, demo) {
        (true, false) => Err(Failure::new("this database holds a demo tenant; start it with --demo")),
        (false, true) => Err(Failure::new("this database holds a real tenant; start it without --demo")),
        _ => Ok(()),
    }
}

impl Installation {
    /// The keys, made where they are missing.
    pub fn keys(&self) -> Outcome<KeyRing> {
        let master = self.master;
        Ok(self.engine.write_blocking(move |ctx| keys::open(ctx, &master))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Transport;
    use crate::files;
    use crate::providers::OutboundEntry;
    use std::net::SocketAddr;
    use tenure_service::bootstrap::NewTenant;

    fn options(folder: &Path) -> Options {
        Options {
            data_dir: folder.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 1)),
            database: None,
            demo: false,
            public_url: None,
            tls_names: Vec::new(),
            transport: Transport::PrivateAuthority,
            master_key_file: None,
            audit_checkpoint_file: None,
            metrics_listen: None,
            log: None,
            log_format: crate::log::Format::Text,
            otlp_endpoint: None,
            quota: None,
            providers: Vec::new(),
            outbound: OutboundEntry::default(),
        }
    }

    #[test]
    fn a_missing_or_another_master_key_is_refused_at_the_start_and_nothing_begins_anew() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| unreachable!("{e}"));
        let options = options(folder.path());
        let first = || open(&options).and_then(|place| place.keys().map(|ring| (place, ring.times())));
        let (place, times) = first().unwrap_or_else(|e| unreachable!("{e}"));
        let new = NewTenant { id: None, name: "X".to_owned(), domains: vec!["x.example".to_owned()], is_demo: false };
        let made = place.engine.write_blocking(move |ctx| bootstrap::create_tenant(ctx, &new).map(drop));
        assert!(made.is_ok(), "{made:?}");
        drop(place);
        let key = folder.path().join("master.key");
        let kept = files::read_if_there(&key).ok().flatten().unwrap_or_default();
        assert!(std::fs::remove_file(&key).is_ok());
        let missing = open(&options).err().map(|e| e.0).unwrap_or_default();
        assert!(missing.contains("its master key is not in"), "{missing}");
        assert!(!key.exists(), "no other key was made");
        assert_eq!(files::write_private(&key, &"A".repeat(kept.len())), Ok(()));
        let wrong = first().err().map(|e| e.0).unwrap_or_default();
        assert!(wrong.contains("the master key does not fit this database"), "{wrong}");
        assert_eq!(files::write_private(&key, &kept), Ok(()));
        assert_eq!(first().ok().map(|(_, again)| again), Some(times));
    }
}
