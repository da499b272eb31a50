//! Another program holds the database file.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::writer::Writer;
use crate::crash::servers::Servers;
use crate::failure::{Context, Failure, Outcome};
use crate::session::Session;

/// Holds the file until its input ends.
const HOLDER: &str = "\
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()";
const WRITES_MAX: u32 = 5;

pub fn is_locked(session: &Session) -> Outcome<()> {
    let folder = session.workspace.target.join("trouble").join("locked");
    let mut servers = Servers::start_fresh(&folder, session.server()?, None, 1)?;
    let address = servers.addresses().first().copied().ok_or_else(|| Failure::new("no server"))?;
    let mut writer = Writer::new(address, servers.folder())?;
    writer.write()?;
    let mut holder = Command::new("python3");
    holder.args(["-c", HOLDER]).arg(servers.folder().join("tenure.db"));
    let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting python")?;
    let mut line = String::new();
    if let Some(output) = holder.stdout.take() {
        BufReader::new(output).read_line(&mut line).context("reading from python")?;
    }
    if line.trim() != "held" {
        return Err(Failure::new("the file could not be held"));
    }
    writer.write_until_refused(WRITES_MAX)?;
    if !writer.read()? {
        return Err(Failure::new("a locked file stops writers only, but a read was refused"));
    }
    drop(holder.stdin.take());
    holder.wait().context("waiting for python")?;
    writer.recovers()?;
    writer.proves()?;
    println!("the file was locked: {} writes refused, nothing lost, recovered", writer.refusals());
    servers.stop()
}
