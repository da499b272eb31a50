//! The lines that are printed.

use crate::arguments::Kind;
use crate::generator::Measured;
use serde_json::{Value, json};

/// What was measured beside a work.
pub struct Beside {
    /// The ceiling.
    pub ceiling: Measured,
    /// How far the ratio may be off.
    pub error: f64,
}

/// Prints lines as they come, and a table at the end.
pub struct Report {
    json_only: bool,
    lines: Vec<Value>,
}

/// Digits that mean something.
fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

impl Report {
    /// Nothing yet.
    pub const fn new(json_only: bool) -> Self {
        Self { json_only, lines: Vec::new() }
    }

    /// Says what is done, to a person.
    pub fn say(&self, text: &str) {
        if !self.json_only {
            eprintln!("{text}");
        }
    }

    /// A work, and the ceiling's rate where there is one.
    pub fn work(&mut self, work: &str, kind: Kind, stack: &Measured, beside: Option<&Beside>) {
        let mut line = json!({
            "work": work,
            "store": kind.name(),
            "rps": rounded(stack.rate(), 0),
            "p50_ms": rounded(stack.percentile(50), 2),
            "p99_ms": rounded(stack.percentile(99), 2),
            "cpu_us": rounded(stack.processor_micros(), 1),
        });
        if let Some(object) = line.as_object_mut().filter(|_| stack.refused > 0) {
            // 503 has no effect and is tried again; it is no work done.
            object.insert("refused".to_owned(), json!(stack.refused));
        }
        if let (Some(Beside { ceiling, error }), Some(object)) = (beside, line.as_object_mut()) {
            object.insert("ceiling_rps".to_owned(), json!(rounded(ceiling.rate(), 0)));
            object.insert("ceiling_cpu_us".to_owned(), json!(rounded(ceiling.processor_micros(), 1)));
            object.insert("ratio".to_owned(), json!(rounded(stack.rate() / ceiling.rate().max(1e-9), 3)));
            object.insert("ratio_error".to_owned(), json!(rounded(*error, 3)));
        }
        self.line(line);
    }

    /// Any line.
    pub fn line(&mut self, line: Value) {
        println!("{line}");
        self.lines.push(line);
    }

    /// The table, to a person.
    pub fn end(&self) {
        if self.json_only {
            return;
        }
        eprintln!(
            "\n{:<22} {:<9} {:>9} {:>9} {:>9} {:>12} {:>6} {:>6} {:>8} {:>8}",
            "work", "store", "rps", "p50 ms", "p99 ms", "ceiling rps", "ratio", "+/-", "cpu us", "ceiling"
        );
        for line in &self.lines {
            let text = |name: &str| match line.get(name) {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            eprintln!(
                "{:<22} {:<9} {:>9} {:>9} {:>9} {:>12} {:>6} {:>6} {:>8} {:>8}",
                text("work"),
                text("store"),
                text("rps"),
                text("p50_ms"),
                text("p99_ms"),
                text("ceiling_rps"),
                text("ratio"),
                text("ratio_error"),
                text("cpu_us"),
                text("ceiling_cpu_us")
            );
        }
    }
}
