//! What the store counts of itself, for whoever watches the server. Numbers only.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Bounds of the sizes of group commits: 1, 2, 4, … 64 use cases.
const GROUP_BOUNDS: u16 = 7;

/// Counters and gauges of one store; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Use cases of one commit.
    pub(crate) group_sizes: Histogram,
    /// Transactions that were tried again after they lost against others.
    pub(crate) retries: Counter,
    /// Jobs that were turned away because too much was waiting.
    pub(crate) refused: Counter,
    /// Jobs waiting for the writer, or for any thread of a server database.
    pub(crate) writer_waiting: Gauge,
    /// Reads waiting for a reader thread.
    pub(crate) reader_waiting: Gauge,
    /// Bytes of the write-ahead log.
    pub(crate) log_bytes: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            group_sizes: Histogram::new(exponential_buckets(1.0, 2.0, GROUP_BOUNDS)),
            retries: Counter::default(),
            refused: Counter::default(),
            writer_waiting: Gauge::default(),
            reader_waiting: Gauge::default(),
            log_bytes: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Makes them known under their names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("store_commit_use_cases", "Use cases of one commit", self.group_sizes.clone());
        registry.register("store_retries", "Transactions tried again after a lost race", self.retries.clone());
        registry.register("store_refused", "Use cases turned away because too many were waiting", self.refused.clone());
        registry.register("store_writer_waiting", "Use cases that wait for the database", self.writer_waiting.clone());
        registry.register("store_reader_waiting", "Reads that wait for a reader thread", self.reader_waiting.clone());
        registry.register(
            "store_log_bytes",
            "Bytes of the write-ahead log of an embedded database",
            self.log_bytes.clone(),
        );
    }
}

/// A number as a gauge takes it.
pub(crate) fn gauge(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
