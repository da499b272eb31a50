//! One HTTP call over plain TCP, and the same call repeated until somebody answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock;
use crate::failure::{Context, Failure, Outcome};

const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
const ANSWER_TIME_MAX: Duration = Duration::from_mins(2);
/// A call is repeated for so long; the server is back long before.
const PATIENCE: Duration = Duration::from_mins(2);

/// A call.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub token: &'a str,
    pub content_type: &'a str,
    pub body: String,
    /// The id by which a repeated call is known.
    pub id: &'a str,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub json: Value,
    /// How often the call was made.
    pub tries: u32,
    /// Seconds after which the server wants to be asked again.
    pub retry_after: Option<u64>,
}

impl Answer {
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// A member of the answer, as text.
    pub fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// One try.
pub fn once(address: SocketAddr, call: &Call<'_>, tries: u32) -> Outcome<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIME_MAX).context("connecting")?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX)).context("connecting")?;
    let repeated = if tries > 1 { format!("Retry-Attempt: {}\r\n", tries - 1) } else { String::new() };
    let identity = if call.id.is_empty() { String::new() } else { format!("client-request-id: {}\r\n", call.id) };
    let bearer =
        if call.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", call.token) };
    let text = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
         ConsistencyLevel: eventual\r\n{bearer}{identity}{repeated}\r\n{}",
        call.method,
        call.path.replace(' ', "%20"),
        call.content_type,
        call.body.len(),
        call.body
    );
    stream.write_all(text.as_bytes()).context("sending")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).context("reading")?;
    parse(&bytes, tries)
}

fn parse(bytes: &[u8], tries: u32) -> Outcome<Answer> {
    let cut = || Failure::new("the answer was cut off");
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(cut)?;
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().parse::<u64>().ok())?
        })
    };
    if header("content-length").is_some_and(|length| usize::try_from(length) != Ok(body.len())) {
        return Err(cut());
    }
    let json = serde_json::from_str(body).unwrap_or(Value::Null);
    Ok(Answer { status, json, tries, retry_after: header("retry-after") })
}

/// Repeats a call, at one server after the other, until it is answered by something else than "not now".
pub fn until_answered(addresses: &[SocketAddr], first: usize, call: &Call<'_>) -> Outcome<Answer> {
    let (mut tries, started) = (0, Instant::now());
    let answer = clock::poll(PATIENCE, || {
        tries += 1;
        let at = (first + usize::try_from(tries).unwrap_or(0)) % addresses.len();
        let Some(address) = addresses.get(at) else { return Err(Failure::new("no server")) };
        match once(*address, call, tries) {
            Ok(answer) if ![429, 503, 504].contains(&answer.status) => Ok(Some(answer)),
            _ => Ok(None),
        }
    })?;
    answer.ok_or_else(|| {
        Failure::new(format!("{} {} had no answer for {} s", call.method, call.path, started.elapsed().as_secs()))
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_that_was_cut_off_is_none() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"id\":\"a\"";
        assert!(parse(whole, 1).is_ok_and(|a| a.status == 201 && a.json.is_null()));
        assert!(parse(&whole[..whole.len() - 1], 1).is_err());
        assert!(parse(b"HTTP/1.1 20", 1).is_err());
    }
}
