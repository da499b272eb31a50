//! What a token of changes stands for, as the values that its text holds.

use tenure_domain::delta::{Horizon, Mark};
use tenure_domain::time::from_micros;
use tenure_odata::Value;
use uuid::Uuid;

/// The last thing of a page of the first round: a group or another object, and a member of it.
pub type Place = (Uuid, Option<Uuid>);

/// How far a reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// In the first round, whose snapshot was this one.
    Listing {
        /// What was seen when the round began.
        until: Horizon,
        /// Where its last page ended.
        after: Place,
    },
    /// At the end of a round.
    Done {
        /// What was seen.
        since: Horizon,
    },
    /// In a later round.
    Following {
        /// What was seen when the round before began.
        since: Horizon,
        /// What was seen when this one began.
        until: Horizon,
        /// Where its last page ended.
        after: (i64, i64),
    },
}

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What the caller sees.
    pub extent: i64,
    /// How far he has come.
    pub progress: Progress,
}

impl State {
    /// Whether a round has ended.
    pub const fn is_end(&self) -> bool {
        matches!(self.progress, Progress::Done { .. })
    }

    /// The values that a text holds.
    pub fn values(&self) -> Vec<Value> {
        let mut values = vec![Value::Int(self.extent)];
        match &self.progress {
            Progress::Listing { until, after: (object, member) } => {
                values.push(Value::Int(1));
                put(&mut values, until);
                // Nobody has the empty id.
                values.extend([*object, member.unwrap_or_default()].map(Value::Id));
            }
            Progress::Done { since } => {
                values.push(Value::Int(2));
                put(&mut values, since);
            }
            Progress::Following { since, until, after: (stamp, place) } => {
                values.push(Value::Int(3));
                put(&mut values, since);
                put(&mut values, until);
                values.extend([Value::Int(*stamp), Value::Int(*place)]);
            }
        }
        values
    }

    /// What values stand for.
    pub fn of(values: &[Value]) -> Option<Self> {
        let mut reader = Reader(values);
        let (extent, form) = (reader.int()?, reader.int()?);
        let progress = match form {
            1 => {
                let (until, object, member) = (reader.horizon()?, reader.id()?, reader.id()?);
                Progress::Listing { until, after: (object, (!member.is_nil()).then_some(member)) }
            }
            2 => Progress::Done { since: reader.horizon()? },
            3 => Progress::Following {
                since: reader.horizon()?,
                until: reader.horizon()?,
                after: (reader.int()?, reader.int()?),
            },
            _ => return None,
        };
        reader.0.is_empty().then_some(Self { extent, progress })
    }
}

fn put(values: &mut Vec<Value>, horizon: &Horizon) {
    values.extend([Value::Int(horizon.at.as_microsecond()), Value::Int(horizon.seen_to)]);
    match horizon.newest {
        None => values.push(Value::Null),
        Some(Mark { stamp, place, stream, at }) => {
            values.extend([stamp, place, stream, at.as_microsecond()].map(Value::Int));
        }
    }
    values.push(Value::Int(i64::try_from(horizon.late.len()).unwrap_or(0)));
    values.extend(horizon.late.iter().copied().map(Value::Int));
}

struct Reader<'v>(&'v [Value]);

impl Reader<'_> {
    fn next(&mut self) -> Option<&Value> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn int(&mut self) -> Option<i64> {
        match self.next()? {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    fn id(&mut self) -> Option<Uuid> {
        match self.next()? {
            Value::Id(id) => Some(*id),
            _ => None,
        }
    }

    fn horizon(&mut self) -> Option<Horizon> {
        let (at, seen_to) = (from_micros(self.int()?), self.int()?);
        let newest = match self.next()? {
            Value::Null => None,
            Value::Int(stamp) => {
                let stamp = *stamp;
                let (place, stream, at) = (self.int()?, self.int()?, from_micros(self.int()?));
                Some(Mark { stamp, place, stream, at })
            }
            _ => return None,
        };
        let count = self.int()?;
        let late = (0..count).map(|_| self.int()).collect::<Option<Vec<i64>>>()?;
        Some(Horizon { at, seen_to, late, newest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_domain::limits::{DELTA_OPEN_MAX, SKIP_TOKEN_CHARS_MAX};
    use tenure_odata::token::Cursor;

    fn horizon(late: usize, newest: bool) -> Horizon {
        let at = from_micros(1_700_000_000_000_000);
        let late = (0..late).filter_map(|n| i64::try_from(n).ok()).collect();
        let newest = newest.then_some(Mark { stamp: 9, place: 8, stream: 5, at });
        Horizon { at, seen_to: 7, late, newest }
    }

    fn all() -> [State; 4] {
        let id = Uuid::from_u128(7);
        let state = |progress| State { extent: 30, progress };
        [
            state(Progress::Listing { until: horizon(0, false), after: (id, None) }),
            state(Progress::Listing { until: horizon(2, true), after: (id, Some(id)) }),
            state(Progress::Done { since: horizon(3, true) }),
            state(Progress::Following {
                since: horizon(DELTA_OPEN_MAX, true),
                until: horizon(DELTA_OPEN_MAX, true),
                after: (i64::MAX, i64::MAX),
            }),
        ]
    }

    #[test]
    fn a_state_comes_back_as_it_was() {
        for state in all() {
            assert_eq!(State::of(&state.values()).as_ref(), Some(&state));
        }
    }

    #[test]
    fn values_that_are_no_state_are_none() {
        for state in all() {
            let values = state.values();
            for end in 0..values.len() {
                assert_eq!(State::of(values.get(..end).unwrap_or_default()), None, "{end}");
            }
            let longer: Vec<Value> = values.iter().cloned().chain([Value::Null]).collect();
            assert_eq!(State::of(&longer), None);
        }
        assert_eq!(State::of(&[Value::Int(1), Value::Int(9)]), None);
    }

    #[test]
    fn the_longest_state_fits_into_a_token() {
        for state in all() {
            let token = Cursor { fingerprint: 1, count: None, after: state.values() }.seal(&|_| [0; 16]);
            assert!(token.len() <= SKIP_TOKEN_CHARS_MAX, "{}", token.len());
        }
    }
}
