//! The database server dies and comes back.

use std::time::Duration;

use super::writer::Writer;
use crate::clock;
use crate::crash::servers::Servers;
use crate::failure::{Failure, Outcome};
use crate::postgres::Postgres;
use crate::session::Session;

const ROUNDS: u32 = 2;
/// The processes that serve connections outlive their killed parent for a moment.
const WRITES_MAX: u32 = 1_000;
const AWAY_TIME_MAX: Duration = Duration::from_mins(1);
const WRITES_BETWEEN: u32 = 20;

pub fn database_is_gone(session: &Session, postgres: &Postgres) -> Outcome<()> {
    let database = postgres.create_database("trouble_away")?;
    let folder = session.workspace.target.join("trouble").join("away");
    let mut servers = Servers::start_fresh(&folder, session.server()?, Some(database), 1)?;
    let address = servers.addresses().first().copied().ok_or_else(|| Failure::new("no server"))?;
    let mut writer = Writer::new(address, servers.folder())?;
    for _ in 0..ROUNDS {
        for _ in 0..WRITES_BETWEEN {
            writer.write()?;
        }
        postgres.kill()?;
        writer.write_until_refused(WRITES_MAX)?;
        let refused = clock::poll(AWAY_TIME_MAX, || Ok((!writer.read()?).then_some(())))?;
        refused.ok_or_else(|| Failure::new("reads were answered without a database"))?;
        let mut said = (0, 0);
        let told = clock::poll(AWAY_TIME_MAX, || {
            said = (writer.status("/healthz")?, writer.status("/readyz")?);
            Ok((said == (200, 503)).then_some(()))
        })?;
        told.ok_or_else(|| Failure::new(format!("without a database /healthz and /readyz said {said:?}")))?;
        postgres.start_again()?;
        writer.recovers()?;
    }
    writer.proves()?;
    println!("the database was away {ROUNDS} times: {} writes refused, nothing lost, recovered", writer.refusals());
    servers.stop()
}
