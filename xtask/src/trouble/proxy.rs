//! Between server and database sits somebody who cuts the line when the database says that a commit went through.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::writer::Writer;
use crate::crash::servers::Servers;
use crate::failure::{Context, Failure, Outcome};
use crate::postgres::Postgres;
use crate::session::Session;

const WRITES: u32 = 120;
/// Every so many commits one answer is lost.
const COMMITS_PER_LOSS: u32 = 5;
const MESSAGE_BYTES_MAX: usize = 64 << 20;

pub fn answers_get_lost(session: &Session, postgres: &Postgres) -> Outcome<()> {
    let database = postgres.create_database("trouble_lost")?;
    let direct = postgres.address();
    let loss = Arc::new(Loss::default());
    let proxy = start(direct, &loss)?;
    let database = database.replace(&direct.to_string(), &proxy.to_string());
    let folder = session.workspace.target.join("trouble").join("lost");
    let mut servers = Servers::start_fresh(&folder, session.server()?, Some(database), 1)?;
    let address = servers.addresses().first().copied().ok_or_else(|| Failure::new("no server"))?;
    let mut writer = Writer::new(address, servers.folder())?;
    loss.begun.store(true, Ordering::SeqCst);
    for _ in 0..WRITES {
        writer.write()?;
    }
    loss.begun.store(false, Ordering::SeqCst);
    writer.recovers()?;
    writer.proves()?;
    let lost = loss.lost.load(Ordering::SeqCst);
    if lost < WRITES / COMMITS_PER_LOSS / 2 {
        return Err(Failure::new(format!("only {lost} answers were lost: that proves nothing")));
    }
    println!("{lost} answers to COMMIT were lost: {} writes refused, the others are there", writer.refusals());
    servers.stop()
}

/// What is lost.
#[derive(Default)]
struct Loss {
    begun: AtomicBool,
    commits: AtomicU32,
    lost: AtomicU32,
}

impl Loss {
    /// Whether this answer is lost.
    fn takes(&self, kind: u8, body: &[u8]) -> bool {
        let taken = kind == b'C'
            && body == b"COMMIT\0"
            && self.begun.load(Ordering::SeqCst)
            && self.commits.fetch_add(1, Ordering::SeqCst).is_multiple_of(COMMITS_PER_LOSS);
        if taken {
            self.lost.fetch_add(1, Ordering::SeqCst);
        }
        taken
    }
}

/// Starts it; gives where it listens.
fn start(database: SocketAddr, loss: &Arc<Loss>) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("listening")?;
    let address = listener.local_addr().context("listening")?;
    let loss = loss.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that fails is the server's to make again.
            let _ = TcpStream::connect(database).map(|database| join(client, database, loss.clone()));
        }
    });
    Ok(address)
}

fn join(client: TcpStream, database: TcpStream, loss: Arc<Loss>) {
    let (Ok(mut from_client), Ok(mut to_database)) = (client.try_clone(), database.try_clone()) else { return };
    // Small messages go at once, as they do without anybody between; where that fails it is only slower.
    let _ = client.set_nodelay(true).and_then(|()| database.set_nodelay(true));
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_database);
        let _ = to_database.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        // Ends with the connection, on whichever side.
        let _ = answers(&database, &client, &loss);
        let _ = client.shutdown(Shutdown::Both);
        let _ = database.shutdown(Shutdown::Both);
    });
}

/// Passes messages on until one is lost: a byte that says what it is, four of length, and the rest.
fn answers(mut database: &TcpStream, mut client: &TcpStream, loss: &Loss) -> std::io::Result<()> {
    loop {
        let mut head = [0; 5];
        database.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..MESSAGE_BYTES_MAX).contains(&length) {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length - 4];
        database.read_exact(&mut body)?;
        if loss.takes(kind, &body) {
            return Ok(());
        }
        client.write_all(&head)?;
        client.write_all(&body)?;
    }
}
