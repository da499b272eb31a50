//! Other programs: started, watched with a limit, and quoted when they fail.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::clock;
use crate::failure::{Context, Failure, Outcome};

const LOG_TAIL_LINES_MAX: usize = 40;

/// How a program ended whose standard output we passed on.
pub struct Echoed {
    pub status: ExitStatus,
    /// Its last line, held back so that the caller may say something before it.
    pub closing: Option<String>,
}

/// What the program wrote to standard output. Quotes everything it wrote when it fails.
pub fn output(command: &mut Command) -> Outcome<String> {
    let ended = run_silently(command)?;
    let standard = String::from_utf8_lossy(&ended.stdout).into_owned();
    if ended.status.success() {
        return Ok(standard);
    }
    let errors = String::from_utf8_lossy(&ended.stderr);
    Err(Failure::new(format!("{}: {}\n{standard}{errors}", line_of(command), ended.status)))
}

/// Whether the program succeeded, and what it wrote to standard output.
pub fn ended(command: &mut Command) -> Outcome<(bool, String)> {
    let ended = run_silently(command)?;
    Ok((ended.status.success(), String::from_utf8_lossy(&ended.stdout).into_owned()))
}

/// True when the program exists and succeeds; for looking around.
pub fn succeeds(command: &mut Command) -> bool {
    run_silently(command).is_ok_and(|ended| ended.status.success())
}

/// Runs to the end with our terminal.
pub fn succeed_within(command: &mut Command, limit: Duration) -> Outcome<()> {
    let mut child = command.spawn().context(not_started(command))?;
    match wait_within(&mut child, limit)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::new(format!("`{}` failed: {status}", line_of(command)))),
        None => Err(overdue(command, child, limit)),
    }
}

/// Runs to the end, passing standard output on line by line.
pub fn echo_within(command: &mut Command, limit: Duration) -> Outcome<Echoed> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().context(not_started(command))?;
    let lines = child.stdout.take().map(lines_of);
    let echoed = lines.map_or(Ok(None), |lines| echo(&lines, started, limit));
    let Ok(closing) = echoed else { return Err(overdue(command, child, limit)) };
    match wait_within(&mut child, limit.saturating_sub(started.elapsed()))? {
        Some(status) => Ok(Echoed { status, closing }),
        None => Err(overdue(command, child, limit)),
    }
}

/// `None` when the limit passed first.
pub fn wait_within(child: &mut Child, limit: Duration) -> Outcome<Option<ExitStatus>> {
    clock::poll(limit, || child.try_wait().context("waiting for a program"))
}

/// Asks a program to end, as an operator would.
pub fn terminate(child: &Child) -> Outcome<()> {
    // The shell's own `kill`: small systems have no program of that name.
    output(Command::new("sh").args(["-c", "kill -TERM \"$0\"", &child.id().to_string()])).map(drop)
}

/// Hides variables of the developer's shell that would change what the program does.
pub fn hide_environment(command: &mut Command, prefix: &str) {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with(prefix) {
            command.env_remove(name);
        }
    }
}

/// The last lines of a log, to be shown with a failure.
pub fn log_tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES_MAX)..].join("\n");
    format!("---- the end of {}\n{tail}\n----", log.display())
}

fn run_silently(command: &mut Command) -> Outcome<Output> {
    command.stdin(Stdio::null()).output().context(not_started(command))
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Stops at the end of the output, at text that is no text, and when nobody listens any more.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn echo(lines: &Receiver<String>, started: Instant, limit: Duration) -> Result<Option<String>, RecvTimeoutError> {
    let mut held_back: Option<String> = None;
    loop {
        match lines.recv_timeout(limit.saturating_sub(started.elapsed())) {
            Ok(line) => {
                if let Some(earlier) = held_back.replace(line) {
                    println!("{earlier}");
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(held_back),
            Err(timeout) => return Err(timeout),
        }
    }
}

fn overdue(command: &Command, mut child: Child, limit: Duration) -> Failure {
    // Already gone is as good as killed.
    let _ = child.kill();
    let _ = child.wait();
    Failure::new(format!("`{}` was stopped: not done after {} s", line_of(command), limit.as_secs()))
}

fn not_started(command: &Command) -> String {
    format!("`{}` could not be started (is it installed and on PATH?)", command.get_program().display())
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{echo_within, output, succeed_within};

    const SOON: Duration = Duration::from_millis(100);
    const LATER: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_last_line_is_held_back() {
        let echoed = echo_within(&mut shell("echo one; echo two; exit 3"), LATER).unwrap();
        assert_eq!(echoed.closing.as_deref(), Some("two"));
        assert_eq!(echoed.status.code(), Some(3));
    }

    #[test]
    fn what_does_not_end_is_stopped() {
        assert!(echo_within(&mut shell("exec sleep 60"), SOON).is_err());
        assert!(succeed_within(&mut shell("exec sleep 60"), SOON).is_err());
    }

    #[test]
    fn a_failure_quotes_what_the_program_said() {
        let failure = output(&mut shell("echo the reason >&2; exit 1")).unwrap_err();
        assert!(failure.to_string().contains("the reason"), "{failure}");
    }
}
