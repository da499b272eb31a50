//! When something happens again, as clients write it.

use super::Body;
use crate::wire::schema::types::{DAY_OF_WEEK, RECURRENCE_PATTERN_TYPE, RECURRENCE_RANGE_TYPE, WEEK_INDEX};
use tenure_domain::policy::Recurrence;

/// Every so many units of a pattern.
pub fn simple_recurrence(pattern: &str, interval: i32) -> Recurrence {
    Recurrence {
        pattern: pattern.to_owned(),
        interval,
        month: 0,
        day_of_month: 0,
        days_of_week: Vec::new(),
        first_day_of_week: None,
        index: None,
        range: None,
        start_date: None,
        end_date: None,
        occurrences: 0,
        time_zone: None,
    }
}

/// The pattern and range of a body.
pub fn recurrence(b: &Body<'_>) -> Recurrence {
    let mut made = simple_recurrence("absoluteMonthly", 1);
    if let Some(p) = b.object(&["pattern"]) {
        made.pattern = p.declared_word(&["type"], &RECURRENCE_PATTERN_TYPE).unwrap_or(made.pattern);
        made.interval = p.int(&["interval"]).unwrap_or(1);
        made.month = p.int(&["month"]).unwrap_or(0);
        made.day_of_month = p.int(&["dayOfMonth"]).unwrap_or(0);
        made.days_of_week = p.declared_words(&["daysOfWeek"], &DAY_OF_WEEK).unwrap_or_default();
        made.first_day_of_week = p.declared_word(&["firstDayOfWeek"], &DAY_OF_WEEK);
        made.index = p.declared_word(&["index"], &WEEK_INDEX);
        p.finish(None, &[]);
    }
    if let Some(r) = b.object(&["range"]) {
        made.range = r.declared_word(&["type"], &RECURRENCE_RANGE_TYPE).or_else(|| Some("noEnd".to_owned()));
        made.start_date = r.day(&["startDate"]);
        made.end_date = r.day(&["endDate"]);
        made.occurrences = r.int(&["numberOfOccurrences"]).unwrap_or(0);
        made.time_zone = r.text(&["recurrenceTimeZone"]);
        r.finish(None, &[]);
    }
    b.finish(None, &[]);
    made
}
