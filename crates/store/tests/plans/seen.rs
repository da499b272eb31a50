//! The statements that calls were seen to send, and their plans.

use tenure_store::record::Recorded;
use tenure_store::{Statement, Store};
use tenure_testkit::app::TestApp;

/// One statement, the first time it was seen.
#[derive(Clone, Debug)]
pub struct Sent {
    pub statement: Statement,
    pub plan: Vec<String>,
}

/// What one call sent that no call before it had sent.
#[derive(Clone, Debug)]
pub struct Section {
    pub name: &'static str,
    /// Why reads of this call take longer the more there is, if they do.
    pub grows: Option<&'static str>,
    pub sent: Vec<Sent>,
    /// The path and the token of a read, so that it can be made again.
    pub read: Option<(String, String)>,
}

/// All calls.
#[derive(Clone, Debug, Default)]
pub struct Seen(pub Vec<Section>);

impl Seen {
    /// Adds what a call sent. How many values a list has makes no other statement.
    pub fn add(&mut self, name: &'static str, grows: Option<&'static str>, recorded: Vec<Recorded>) {
        let mut sent: Vec<Sent> = Vec::new();
        for statement in recorded.into_iter().flat_map(|r| r.batches).flatten() {
            let mut known = self.0.iter().flat_map(|s| &s.sent).chain(&sent);
            if known.all(|s| shape(&s.statement.sql) != shape(&statement.sql)) {
                sent.push(Sent { statement, plan: Vec::new() });
            }
        }
        self.0.push(Section { name, grows, sent, read: None });
    }

    /// The call that was added last was this read.
    pub fn was_read(&mut self, path: &str, token: &str) {
        if let Some(last) = self.0.last_mut() {
            last.read = Some((path.to_owned(), token.to_owned()));
        }
    }

    /// Whether that text was sent.
    pub fn has(&self, sql: &str) -> bool {
        self.0.iter().flat_map(|s| &s.sent).any(|s| s.statement.sql == sql)
    }

    /// Asks the database for the plan of each.
    pub fn explain(&mut self, app: &TestApp) {
        for sent in self.0.iter_mut().flat_map(|s| &mut s.sent) {
            let statement = sent.statement.clone();
            let plan = app.engine().read_blocking(move |ctx| Ok(ctx.tx.explain(&statement)?));
            sent.plan = plan.unwrap_or_else(|e| panic!("{}: {e}", sent.statement.sql));
        }
    }

    /// As a snapshot shows it. A plan that is nothing but a row to be written is left out.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for section in &self.0 {
            let told: Vec<&Sent> = section.sent.iter().filter(|s| reads(&s.plan)).collect();
            if !told.is_empty() {
                text.extend(["# ", section.name, "\n\n"]);
            }
            for sent in told {
                text.extend([&*label(&sent.statement.sql), "\n"]);
                for line in &sent.plan {
                    text.extend(["    ", line, "\n"]);
                }
                text.push('\n');
            }
        }
        text
    }
}

fn reads(plan: &[String]) -> bool {
    !plan.is_empty() && !(plan.iter().all(|l| l.starts_with("Insert on") || l.trim() == "Result"))
}

/// The name of a registered statement; of others what follows the columns.
pub fn label(sql: &str) -> String {
    let known = Store::statements().into_iter().find(|s| s.text == sql);
    match known {
        Some(sql) => {
            let module = sql.module.trim_start_matches("tenure_store::").trim_start_matches("rows::");
            format!("{module}::{}", sql.name)
        }
        None => match (sql.split_once(" FROM "), sql.starts_with("SELECT ")) {
            (Some((_, rest)), true) => format!("FROM {}", shape(rest)),
            _ => shape(sql),
        },
    }
}

/// A statement as far as it decides a plan: parameters without their numbers, and a list of them as one.
pub fn shape(sql: &str) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        text.push('$');
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    text.push_str(rest);
    while text.contains("$, $") {
        text = text.replace("$, $", "$");
    }
    text
}
