//! Time: one timestamp type, ISO 8601 durations with calendar arithmetic, and the clocks.
//!
//! Rules never read a clock; a use case reads it once and hands `now` on. There are two of them (decisions.md I1): the
//! *business* clock, which a demo tenant may move, and the *wall* clock for tokens, leases and rate limits.

pub use jiff::Timestamp;
use jiff::{SignedDuration, Span, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::atomic::{AtomicI64, Ordering};
use std::{fmt, str::FromStr, sync::Arc};

/// A clock.
pub trait Clock: Send + Sync {
    /// The present instant, whole microseconds.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock. The only place that reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam: the one place that reads the system clock")]
    fn now(&self) -> Timestamp {
        whole_micros(Timestamp::now())
    }
}

/// A clock that only moves when told to.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.as_microsecond()))
    }

    /// Moves it to `to`.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_microsecond(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The clock of a demo tenant: another clock plus an offset that only grows (decisions.md I2).
pub struct DemoClock {
    base: Arc<dyn Clock>,
    offset_micros: AtomicI64,
}

impl DemoClock {
    /// `base`, moved forward by `offset_micros` microseconds.
    pub fn new(base: Arc<dyn Clock>, offset_micros: i64) -> Self {
        Self { base, offset_micros: AtomicI64::new(offset_micros) }
    }

    /// The distance to the base clock, in microseconds.
    pub fn offset_micros(&self) -> i64 {
        self.offset_micros.load(Ordering::SeqCst)
    }

    /// Sets the distance. It never shrinks: a smaller one is ignored, because time only moves forward.
    pub fn set_offset_micros(&self, micros: i64) {
        self.offset_micros.fetch_max(micros, Ordering::SeqCst);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        from_micros(self.base.now().as_microsecond().saturating_add(self.offset_micros()))
    }
}

/// The instant of a stored count of microseconds since 1970; out of range becomes the nearest end.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// `t` without what is smaller than a microsecond, which the store could not give back.
pub fn whole_micros(t: Timestamp) -> Timestamp {
    from_micros(t.as_microsecond())
}

/// `t` moved by `seconds`, stopping at the ends of time.
pub fn plus_seconds(t: Timestamp, seconds: i64) -> Timestamp {
    t.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(t)
}

/// An ISO 8601 duration as it was written (`P30D`, `PT8H`, `P1Y`): added to an instant by the UTC calendar.
#[derive(Clone, Copy, Debug)]
pub struct IsoDuration(Span);

/// A text that is no ISO 8601 duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an ISO 8601 duration such as P30D or PT8H")]
pub struct BadDuration(String);

const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_WEEK: i64 = 7;

impl IsoDuration {
    /// `n` days.
    pub fn days(n: i32) -> Self {
        Self(Span::new().try_days(n).unwrap_or_default())
    }

    /// `n` minutes.
    pub fn minutes(n: i64) -> Self {
        Self(Span::new().try_minutes(n).unwrap_or_default())
    }

    /// The instant this long after `t`, or `None` past the end of the calendar.
    pub fn after(&self, t: Timestamp) -> Option<Timestamp> {
        t.to_zoned(TimeZone::UTC).checked_add(self.0).ok().map(|z| whole_micros(z.timestamp()))
    }

    /// Its length in seconds, counted from 1970 (a month has 31 days there); negative when it points back.
    pub fn seconds(&self) -> i64 {
        self.after(Timestamp::UNIX_EPOCH).map_or(i64::MAX, Timestamp::as_second)
    }

    /// Its length in days, a part of a day counting as a whole one (decisions.md H4: beta shows whole days).
    pub fn days_rounded_up(&self) -> i64 {
        let seconds = self.seconds();
        seconds.div_euclid(SECONDS_PER_DAY) + i64::from(seconds.rem_euclid(SECONDS_PER_DAY) > 0)
    }

    /// Its length in minutes, rounded down.
    pub fn minutes_total(&self) -> i64 {
        self.seconds() / 60
    }

    /// Whether it is no time at all.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Whether it points into the past.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }
}

impl FromStr for IsoDuration {
    type Err = BadDuration;

    /// Reads ISO 8601, and the forms `30 days, 0:00:00` and `P4W2D` that official clients write (clients.md 3).
    fn from_str(text: &str) -> Result<Self, BadDuration> {
        let trimmed = text.trim();
        let bad = || BadDuration(trimmed.chars().take(64).collect());
        if trimmed.starts_with(['P', 'p', '-', '+']) {
            return trimmed.parse().ok().and_then(unmixed).map(Self).ok_or_else(bad);
        }
        python_timedelta(trimmed).map(Self).ok_or_else(bad)
    }
}

/// Weeks beside other units as days: ISO 8601 has no such form. One client writes thirty days as `P4W2D`, and would read
/// four weeks if it were told the same.
fn unmixed(span: Span) -> Option<Span> {
    let weeks = span.get_weeks();
    if weeks == 0 || span.fieldwise() == Span::new().try_weeks(weeks).ok()?.fieldwise() {
        return Some(span);
    }
    let days = i64::from(weeks).checked_mul(DAYS_PER_WEEK)?.checked_add(i64::from(span.get_days()))?;
    span.try_weeks(0).ok()?.try_days(days).ok()
}

/// `[D day[s], ]H:MM:SS`, with an optional fraction that is dropped.
fn python_timedelta(text: &str) -> Option<Span> {
    let (days, clock) = match text.split_once(", ") {
        Some((days, clock)) => (days.strip_suffix(" days").or_else(|| days.strip_suffix(" day"))?.parse().ok()?, clock),
        None => (0_i64, text),
    };
    let mut parts = clock.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds: i64 = parts.next()?.split('.').next()?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Span::new().try_days(days).ok()?.try_hours(hours).ok()?.try_minutes(minutes).ok()?.try_seconds(seconds).ok()
}

impl fmt::Display for IsoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for IsoDuration {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for IsoDuration {}

impl Serialize for IsoDuration {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IsoDuration {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn durations_are_read_and_written_as_iso_8601() {
        for text in ["P30D", "PT8H", "P1Y", "P2W", "PT0S", "P1DT12H"] {
            assert_eq!(text.parse::<IsoDuration>().map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("30 days, 0:00:00".parse(), Ok(IsoDuration::days(30)));
        for (mixed, text) in [("P4W2D", "P30D"), ("P1WT2H", "P7DT2H"), ("-P1W1D", "-P8D"), ("P1M1W", "P1M7D")] {
            assert_eq!(mixed.parse::<IsoDuration>().map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert!("30".parse::<IsoDuration>().is_err());
        assert!("P".parse::<IsoDuration>().is_err());
    }

    #[test]
    fn days_are_calendar_days_and_months_are_months() {
        let month = "P1M".parse::<IsoDuration>().map(|d| d.after(t("2026-01-31T10:00:00Z")));
        assert_eq!(month, Ok(Some(t("2026-02-28T10:00:00Z"))));
        assert_eq!(IsoDuration::days(30).after(t("2026-03-01T00:00:00Z")), Some(t("2026-03-31T00:00:00Z")));
    }

    #[test]
    fn beta_shows_whole_days_rounded_up() {
        assert_eq!("PT8H".parse::<IsoDuration>().map(|d| d.days_rounded_up()), Ok(1));
        assert_eq!("P14D".parse::<IsoDuration>().map(|d| d.days_rounded_up()), Ok(14));
    }

    #[test]
    fn a_demo_clock_never_goes_back() {
        let base = Arc::new(ManualClock::at(t("2026-01-01T00:00:00Z")));
        let clock = DemoClock::new(base, 0);
        clock.set_offset_micros(5_000_000);
        clock.set_offset_micros(1_000_000);
        assert_eq!(clock.now(), t("2026-01-01T00:00:05Z"));
    }
}
