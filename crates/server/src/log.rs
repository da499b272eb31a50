//! The log: lines of text or JSON on standard error. It holds ids and shapes of paths, never what a person wrote.

use crate::config::{Given, Options};
use crate::failure::{Outcome, While};
use crate::otlp::{self, Spans};
use serde::Deserialize;
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::{Directive, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What is logged when nothing else is said: what happens, but not each request, which would be most of the log.
pub const DEFAULT: &str = "info,request=warn";

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What holds for a command that sends no traces, with the log begun as it says.
pub fn begin(given: Given) -> Outcome<Options> {
    let options = Options { otlp_endpoint: None, ..given.complete()? };
    start(&options)?;
    Ok(options)
}

/// Starts the log. Gives the spans that are to be sent, if they are.
pub fn start(options: &Options) -> Outcome<Option<Spans>> {
    let (subscriber, spans) = subscriber(options)?;
    subscriber.try_init().doing("starting the log")?;
    Ok(spans)
}

/// Whoever is told what happens: the log, and the recorder of traces.
fn subscriber(options: &Options) -> Outcome<(Dispatch, Option<Spans>)> {
    let asked = options.log.clone().or_else(|| std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty()));
    let asked = asked.as_deref().unwrap_or(DEFAULT);
    // Spans are for traces; here they would only be in the way.
    let off = format!("{}=off", otlp::TARGET);
    let filter = EnvFilter::try_new(asked).doing(format!("reading the log level `{asked}`"))?;
    let filter = filter.add_directive(off.parse::<Directive>().doing("reading the log level")?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match options.log_format {
        Format::Text => lines.with_filter(filter).boxed(),
        Format::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let lines = tracing_subscriber::registry().with(lines);
    let Some(endpoint) = options.otlp_endpoint.clone() else { return Ok((lines.into(), None)) };
    // A layer that is not there would still have every span made, to be asked about it.
    let (recorder, spans) = otlp::recorder(endpoint);
    let recorder = recorder.with_filter(Targets::new().with_target(otlp::TARGET, Level::INFO));
    Ok((lines.with(recorder).into(), Some(spans)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Cli, Command};
    use clap::Parser;

    /// Whether requests are logged, and whether spans are made, with these flags.
    fn costs(flags: &[&str]) -> (bool, bool) {
        let words = ["tenure", "serve"].iter().chain(flags);
        let options = match Cli::parse_from(words).command {
            Command::Serve(given) => given.complete().unwrap_or_else(|e| unreachable!("{e}")),
            _ => unreachable!("serve"),
        };
        let (subscriber, _spans) = subscriber(&options).unwrap_or_else(|e| unreachable!("{e}"));
        tracing::dispatcher::with_default(&subscriber, || {
            let span = tracing::info_span!(target: "otel", "a span");
            (tracing::enabled!(target: "request", Level::INFO), !span.is_disabled())
        })
    }

    #[test]
    fn what_was_not_asked_is_switched_off_where_it_would_be_made() {
        assert_eq!(costs(&[]), (false, false));
        assert_eq!(costs(&["--log", "trace"]), (true, false));
        assert_eq!(costs(&["--otlp-endpoint", "http://127.0.0.1:1"]), (false, true));
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let options = match Cli::parse_from(["tenure", "serve", "--log", "request=loud"]).command {
            Command::Serve(given) => given.complete().unwrap_or_else(|e| unreachable!("{e}")),
            _ => unreachable!("serve"),
        };
        let refused = subscriber(&options).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refused.contains("request=loud"), "{refused}");
    }
}
