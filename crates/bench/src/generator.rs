//! The load generator: keep-alive connections on one thread, each asking again as soon as it was answered.

use crate::failure::{Failure, Outcome, While};
use crate::place::World;
use crate::rng::Rng;
use crate::works::{Asked, Pair, Supply, Tokens, Work, approve, create, get_by_id, hello, list, member, seen, token};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;

/// How often a membership is looked for before it counts as missing.
const LOOKS_MAX: u32 = 10_000;
/// An answer larger than that is a fault.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Whom to ask.
#[derive(Clone)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// With TLS, by this configuration.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// The bearer tokens.
    pub tokens: Tokens,
}

/// How much to ask.
#[derive(Clone, Copy)]
pub struct Load {
    /// Connections.
    pub connections: usize,
    /// How long what ends is counted.
    pub time: Duration,
    /// How long before that it is already asked, so that both ends of what is counted lie within full work; without it
    /// all that was asked counts, however long it took.
    pub lead: Option<Duration>,
    /// For the random choices.
    pub seed: u64,
    /// Whether 503 is an answer like another.
    pub may_refuse: bool,
    /// Each connection begins a work so often at most; none: as soon as it was answered.
    pub pace: Option<Duration>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Microseconds of every work that counts, in order of size.
    pub micros: Vec<u32>,
    /// Refused ones.
    pub refused: u64,
    /// Works that were done within the time: of one that began before or ended after, the part that lies within. Whole
    /// works would not do. Those who wait for one commit are answered together, and a short time has two or three of
    /// these waves.
    pub counted: f64,
    /// How long it was counted.
    pub time: Duration,
    /// All works that were done, those too that do not count.
    pub done: usize,
    /// Seconds of processor time of the measured process for all of them.
    pub processor: f64,
}

impl Measured {
    /// Microseconds of processor time per work.
    pub fn processor_micros(&self) -> f64 {
        self.processor * 1e6 / to_f64(self.done).max(1.0)
    }

    /// Works per second.
    pub fn rate(&self) -> f64 {
        self.counted / self.time.as_secs_f64().max(1e-9)
    }

    /// Milliseconds that so many of a hundred stay below.
    pub fn percentile(&self, of_hundred: usize) -> f64 {
        let at = (self.micros.len() * of_hundred / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(at).map_or(0.0, |us| f64::from(*us) / 1_000.0)
    }
}

/// As a number to divide.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below the limit")]
pub fn to_f64(count: usize) -> f64 {
    count as f64
}

/// What a connection asks.
#[derive(Clone, Copy)]
pub struct Source<'w> {
    /// The work.
    pub work: Work,
    /// What requests can name.
    pub world: &'w World,
    /// What was not used yet.
    pub supply: &'w Supply<'w>,
}

#[derive(Default)]
struct Tally {
    micros: Vec<u32>,
    counted: f64,
    refused: u64,
    done: usize,
}

/// When works begin and which of them count.
#[derive(Clone, Copy)]
struct Window {
    /// What ends before does not count.
    opens: Instant,
    /// Nothing begins after it.
    closes: Instant,
    /// Whether what ends later counts.
    to_the_end: bool,
}

impl Window {
    fn of(load: Load, started: Instant) -> Self {
        let opens = started + load.lead.unwrap_or_default();
        Self { opens, closes: opens + load.time, to_the_end: load.lead.is_none() }
    }

    /// Whether how long it took and what was answered counts.
    fn counts(self, ended: Instant) -> bool {
        ended >= self.opens && (self.to_the_end || ended < self.closes)
    }

    /// Which part of a work counts as done.
    fn part(self, began: Instant, ended: Instant) -> f64 {
        if self.to_the_end {
            return 1.0;
        }
        let within = ended.min(self.closes).saturating_duration_since(began.max(self.opens));
        (within.as_secs_f64() / (ended - began).as_secs_f64().max(1e-9)).min(1.0)
    }
}

/// Speaks over one connection.
pub fn alone<T>(target: &Target, speak: impl AsyncFnOnce(&mut Connection) -> Outcome<T>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    runtime.block_on(async { speak(&mut Connection::open(target).await?).await })
}

/// Asks as much as it can.
pub fn run(target: &Target, source: Source<'_>, load: Load) -> Outcome<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    let local = LocalSet::new();
    let (started, results) = local.block_on(&runtime, async {
        let connecting = (0..load.connections).map(|_| Connection::open(target));
        let connections: Vec<Connection> =
            futures_util::future::join_all(connecting).await.into_iter().collect::<Outcome<_>>()?;
        let started = Instant::now();
        let window = Window::of(load, started);
        let seeded = connections.into_iter().zip(0..);
        let asking = seeded.map(|(connection, n)| ask_until(connection, source, (load, window), n));
        Ok::<_, Failure>((started, futures_util::future::join_all(asking).await))
    })?;
    let time = if load.lead.is_some() { load.time } else { started.elapsed() };
    let mut measured = Measured { time, ..Measured::default() };
    for result in results {
        let tally = result?;
        measured.micros.extend(tally.micros);
        measured.counted += tally.counted;
        measured.refused += tally.refused;
        measured.done += tally.done;
    }
    measured.micros.sort_unstable();
    Ok(measured)
}

async fn ask_until(
    mut connection: Connection,
    source: Source<'_>,
    (load, window): (Load, Window),
    number: u32,
) -> Outcome<Tally> {
    let mut rng = Rng::new((load.seed + u64::from(number)).wrapping_mul(0x1000_0001));
    let mut turns = load.pace.map(|pace| {
        // They begin one after another, not all at once.
        let share = u32::try_from(load.connections).unwrap_or(u32::MAX).max(1);
        tokio::time::interval_at(tokio::time::Instant::now() + pace * number / share, pace)
    });
    let mut tally = Tally::default();
    while Instant::now() < window.closes {
        if let Some(turns) = &mut turns {
            turns.tick().await;
        }
        let began = Instant::now();
        let done = match source.work {
            Work::Member => {
                let pair = source.supply.take().doing("a person without access")?;
                connection.until_member(pair, load.may_refuse).await?
            }
            _ => {
                let asked =
                    source.next(&mut rng).doing("something that was not asked yet; with more --rows there is more")?;
                connection.ask(&asked, load.may_refuse).await?
            }
        };
        tally.done += usize::from(done);
        let ended = Instant::now();
        tally.counted += if done { window.part(began, ended) } else { 0.0 };
        match (window.counts(ended), done) {
            (true, true) => tally.micros.push(u32::try_from((ended - began).as_micros()).unwrap_or(u32::MAX)),
            (true, false) => tally.refused += 1,
            (false, _) => {}
        }
    }
    Ok(tally)
}

impl Source<'_> {
    fn next(&self, rng: &mut Rng) -> Option<Asked> {
        match self.work {
            Work::GetById => get_by_id(self.world, rng),
            Work::List => list(self.world, rng),
            Work::Create => self.supply.take().map(create),
            Work::Approve => self.supply.take_waiting().map(approve),
            Work::Token => Some(token(self.world)),
            Work::Hello => Some(hello()),
            Work::Member | Work::Seen => None,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// One connection.
pub struct Connection {
    stream: Box<dyn Stream>,
    host: String,
    tokens: Tokens,
    answer: Vec<u8>,
    body_at: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(target: &Target) -> Outcome<Self> {
        let stream = TcpStream::connect(target.address).await.doing("connecting")?;
        stream.set_nodelay(true).doing("connecting")?;
        let stream: Box<dyn Stream> = match &target.tls {
            None => Box::new(stream),
            Some(config) => {
                let name = rustls::pki_types::ServerName::from(target.address.ip());
                Box::new(TlsConnector::from(config.clone()).connect(name, stream).await.doing("the TLS handshake")?)
            }
        };
        let (host, tokens) = (target.address.to_string(), target.tokens.clone());
        Ok(Self { stream, host, tokens, answer: Vec::with_capacity(16 << 10), body_at: 0 })
    }

    /// Asks once; no when it was refused for want of room.
    pub async fn ask(&mut self, asked: &Asked, may_refuse: bool) -> Outcome<bool> {
        let status = self.exchange(&asked.to_bytes(&self.host, &self.tokens)).await?;
        match status {
            503 if may_refuse => Ok(false),
            status if status == asked.work.status() => Ok(true),
            status => {
                let body = String::from_utf8_lossy(self.body()).into_owned();
                Err(Failure(format!("{} was answered {status}: {body}", asked.work.name())))
            }
        }
    }

    /// Asks for access and looks until it is there; no when the request was refused for want of room.
    async fn until_member(&mut self, pair: Pair, may_refuse: bool) -> Outcome<bool> {
        if !self.ask(&member(pair), may_refuse).await? {
            return Ok(false);
        }
        let look = seen(pair);
        for _ in 0..LOOKS_MAX {
            self.ask(&look, false).await?;
            // The filter names the person: any row is the membership.
            if self.body().ends_with(b"}]}") {
                return Ok(true);
            }
        }
        Err(Failure(format!("{} did not become a member of {}", pair.person, pair.package.group)))
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        self.answer.get(self.body_at..).unwrap_or_default()
    }

    /// Sends a request and reads the whole answer; gives its status.
    pub async fn exchange(&mut self, request: &[u8]) -> Outcome<u16> {
        self.stream.write_all(request).await.doing("sending")?;
        // TLS keeps what is written until it is told to send it.
        self.stream.flush().await.doing("sending")?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await.doing("reading")? == 0 {
                return Err(Failure("the connection was closed before an answer".to_owned()));
            }
            if let Some((status, body_at, length)) = head(&self.answer) {
                while self.answer.len() < body_at + length.min(ANSWER_BYTES_MAX) {
                    if self.stream.read_buf(&mut self.answer).await.doing("reading")? == 0 {
                        return Err(Failure("the connection was closed within an answer".to_owned()));
                    }
                }
                self.body_at = body_at;
                return Ok(status);
            }
        }
    }
}

/// The status, where the body starts, and how long it is; nothing while the head is not whole.
fn head(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.filter_map(|line| line.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case("content-length"));
    Some((status, end + 4, length.map_or(Some(0), |(_, value)| value.trim().parse().ok())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_head_and_so_many_bytes_are_there() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\ncontent-le"), None);
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(head(whole), Some((201, whole.len() - 2, 2)));
        assert_eq!(head(b"HTTP/1.1 204 No Content\r\n\r\n"), Some((204, 27, 0)));
    }

    #[test]
    fn what_ends_before_or_after_the_window_does_not_count_unless_all_shall() {
        let (time, lead) = (Duration::from_secs(2), Some(Duration::from_secs(1)));
        let load = Load { connections: 1, time, lead, seed: 0, may_refuse: false, pace: None };
        let started = Instant::now();
        let counted = |load| {
            let window = Window::of(load, started);
            [0_u64, 999, 1_000, 2_999, 3_000].map(|millis| window.counts(started + Duration::from_millis(millis)))
        };
        assert_eq!(counted(load), [false, false, true, true, false]);
        assert_eq!(counted(Load { lead: None, ..load }), [true; 5]);
    }

    #[test]
    fn of_a_work_that_reaches_out_of_the_window_the_part_within_counts() {
        let (time, lead) = (Duration::from_secs(2), Some(Duration::from_secs(1)));
        let load = Load { connections: 1, time, lead, seed: 0, may_refuse: false, pace: None };
        let started = Instant::now();
        let at = |millis| started + Duration::from_millis(millis);
        let window = Window::of(load, started);
        for (began, ended, part) in [
            (0, 900, 0.0),
            (500, 1_500, 0.5),
            (1_000, 1_100, 1.0),
            (2_900, 3_300, 0.25),
            (500, 4_500, 0.5),
            (2_000, 2_000, 0.0),
        ] {
            assert!((window.part(at(began), at(ended)) - part).abs() < 1e-9, "{began} to {ended}");
        }
        assert!((Window::of(Load { lead: None, ..load }, started).part(at(0), at(9_000)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let measured = Measured { micros: (1..=100).map(|n| n * 1_000).collect(), ..Measured::default() };
        assert!((measured.percentile(50) - 51.0).abs() < 1e-9);
        assert!((measured.percentile(99) - 100.0).abs() < 1e-9);
    }
}
