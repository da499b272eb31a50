//! The database server dies and comes back.

use super::writer::Writer;
use crate::crash::servers::Servers;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

const ROUNDS: u32 = 3;
const WRITES_MAX: u32 = 5;
const WRITES_BETWEEN: u32 = 20;

pub fn database_is_gone(session: &Session) -> Outcome<()> {
    let postgres = session.postgres()?;
    let database = postgres.create_database("trouble_away")?;
    let folder = session.workspace.target.join("trouble").join("away");
    let servers = Servers::start_fresh(&folder, session.server()?, Some(database), 1)?;
    let address = servers.addresses().first().copied().ok_or_else(|| Failure::new("no server"))?;
    let mut writer = Writer::new(address, servers.folder())?;
    for _ in 0..ROUNDS {
        for _ in 0..WRITES_BETWEEN {
            writer.write()?;
        }
        postgres.kill()?;
        writer.write_until_refused(WRITES_MAX)?;
        if writer.read()? {
            return Err(Failure::new("a read was answered without a database"));
        }
        let (alive, ready) = (writer.status("/healthz")?, writer.status("/readyz")?);
        if (alive, ready) != (200, 503) {
            return Err(Failure::new(format!("without a database /healthz said {alive} and /readyz {ready}")));
        }
        postgres.start_again()?;
        writer.recovers()?;
    }
    writer.proves()?;
    println!("the database was away {ROUNDS} times: {} writes refused, nothing lost, recovered", writer.refusals());
    servers.stop()
}
