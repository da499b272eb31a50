//! From what the stack asked of the database for two requests of one work to what the ceiling asks for the next ones.
//!
//! A value that is the same in both recordings is a constant. One that stands in the request (an id in its path, query or
//! body) is taken from the request. An id that was made during the recording is made anew, a number that grew goes on
//! growing, and bytes and texts stay as long as they were.

use crate::failure::{Failure, Outcome};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tenure_odata::Value;
use tenure_store::record::Recorded;
use uuid::Uuid;

/// Numbers go on so far above what the recording saw, so that nothing collides with it.
const HEADROOM: i64 = 1_000_000;
/// Rows of one kind that one request may write; their numbers lie side by side.
const ROWS_PER_REQUEST: i64 = 64;
const BYTES_OF_COUNTER: usize = 8;

#[derive(Clone, Debug)]
enum Slot {
    Constant(Value),
    Input(usize),
    /// The text at a place in what is known of an input.
    TextOf(usize, usize),
    Fresh(usize),
    Growing(i64),
    Bytes(Vec<u8>),
}

/// A statement without its values.
#[derive(Clone, Debug)]
pub struct Step {
    /// The text, with `$1` to `$n`.
    pub sql: Arc<str>,
    slots: Vec<Slot>,
}

/// A transaction without its values.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Whether it only reads.
    pub reads: bool,
    /// Its statements.
    pub steps: Vec<Step>,
}

/// What was recorded for one request.
pub struct Recording {
    /// The ids in the request, in order.
    pub inputs: Vec<Uuid>,
    /// What it asked of the database.
    pub transactions: Vec<Recorded>,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub body: Vec<u8>,
}

/// One work of the ceiling.
#[derive(Debug)]
pub struct Template {
    /// Its transactions.
    pub transactions: Vec<Transaction>,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub body: Vec<u8>,
    texts: Arc<Texts>,
    fresh: usize,
    count: AtomicI64,
}

/// What stands in the database about ids that requests can name: without it a row that is written again as it was would
/// be changed.
pub type Texts = HashMap<Uuid, Vec<String>>;

/// The values of one request.
pub struct Filling {
    texts: Arc<Texts>,
    inputs: Vec<Uuid>,
    fresh: Vec<Uuid>,
    count: i64,
}

/// Milliseconds since 1970 of a version 7 id.
fn made_at(id: Uuid) -> u64 {
    id.as_u128().checked_shr(80).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the benchmark stands outside the product, whose clocks do not reach it")]
pub fn wall_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

impl Template {
    /// Compares two recordings; ids made after `since` (milliseconds since 1970) are new ones.
    pub fn of(work: &str, since: u64, (one, other): (&Recording, &Recording), texts: &Arc<Texts>) -> Outcome<Self> {
        let differ = |what: &str| Failure(format!("{work}: two requests do not run the same {what}"));
        let steps_of = |r: &Recorded| r.batches.iter().flatten().map(|s| s.sql.to_string()).collect::<Vec<_>>();
        let differ_in = |a: &Recorded, b: &Recorded| {
            let (a, b) = (steps_of(a), steps_of(b));
            let at = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
            let text = |steps: &[String]| steps.get(at).cloned().unwrap_or_else(|| "nothing".to_owned());
            differ(&format!("statements: number {at} is `{}` and `{}`", text(&a), text(&b)))
        };
        if one.transactions.len() != other.transactions.len() || one.status != other.status {
            return Err(differ("transactions"));
        }
        let mut made: Vec<Uuid> = Vec::new();
        let mut transactions = Vec::new();
        for (a, b) in one.transactions.iter().zip(&other.transactions) {
            let (steps_a, steps_b) = (a.batches.iter().flatten(), b.batches.iter().flatten());
            if a.reads != b.reads || steps_of(a) != steps_of(b) {
                return Err(differ_in(a, b));
            }
            let mut steps = Vec::new();
            for (a, b) in steps_a.zip(steps_b) {
                if a.params.len() != b.params.len() {
                    return Err(differ("values"));
                }
                let pairs = a.params.iter().zip(&b.params);
                // What is written must not collide: whatever differs there is made anew. What is read must be there.
                let since = if b.sql.starts_with("SELECT") { since } else { 0 };
                let inputs = (one.inputs.as_slice(), other.inputs.as_slice());
                let slots = pairs.map(|(a, b)| slot(a, b, (inputs, &**texts), since, &mut made)).collect();
                steps.push(Step { sql: Arc::from(&*a.sql), slots });
            }
            transactions.push(Transaction { reads: a.reads, steps });
        }
        let (status, body) = (other.status, other.body.clone());
        Ok(Self { transactions, status, body, texts: texts.clone(), fresh: made.len(), count: AtomicI64::new(1) })
    }

    /// The values for a request with these ids in it.
    pub fn fill(&self, inputs: Vec<Uuid>) -> Filling {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let millis = u128::from(wall_millis() & 0xffff_ffff_ffff);
        let number = u128::from(count.unsigned_abs());
        // Version 7, in order of creation; the numbers differ by count and place.
        let id = |place: usize| {
            Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x2 << 62 | number << 8 | u128::try_from(place).unwrap_or(0))
        };
        Filling { texts: self.texts.clone(), inputs, fresh: (0..self.fresh).map(id).collect(), count }
    }
}

impl Step {
    /// The values of its parameters.
    pub fn values(&self, filling: &Filling) -> Vec<Value> {
        self.slots.iter().map(|slot| slot.value(filling)).collect()
    }
}

impl Slot {
    fn value(&self, filling: &Filling) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Input(at) => filling.inputs.get(*at).copied().into(),
            Self::TextOf(input, place) => {
                let known = filling.inputs.get(*input).and_then(|id| filling.texts.get(id));
                known.and_then(|texts| texts.get(*place)).map_or(Value::Null, |text| Value::Text(text.clone()))
            }
            Self::Fresh(at) => filling.fresh.get(*at).copied().into(),
            Self::Growing(from) => Value::Int(from + HEADROOM + filling.count * ROWS_PER_REQUEST),
            Self::Bytes(bytes) => {
                let mut bytes = bytes.clone();
                for (to, from) in bytes.iter_mut().take(BYTES_OF_COUNTER).zip(filling.count.to_be_bytes()) {
                    *to = from;
                }
                Value::Bytes(bytes)
            }
        }
    }
}

/// The inputs of both recordings, and what is known of them.
type Known<'k> = ((&'k [Uuid], &'k [Uuid]), &'k Texts);

fn slot(a: &Value, b: &Value, (inputs, texts): Known<'_>, since: u64, made: &mut Vec<Uuid>) -> Slot {
    match (a, b) {
        (Value::Id(a), Value::Id(b)) => {
            let input = inputs.0.iter().zip(inputs.1).position(|(x, y)| x == a && y == b);
            match input {
                Some(at) => Slot::Input(at),
                None if a != b && made_at(*b) >= since => {
                    Slot::Fresh(made.iter().position(|m| m == b).unwrap_or_else(|| {
                        made.push(*b);
                        made.len() - 1
                    }))
                }
                None => Slot::Constant(Value::Id(*b)),
            }
        }
        (Value::Int(a), Value::Int(b)) if a != b => Slot::Growing(*b),
        (Value::Text(a), Value::Text(b)) => {
            let known = inputs.0.iter().zip(inputs.1).enumerate();
            let mut found = known.filter_map(|(input, (x, y))| {
                let place = texts.get(x)?.iter().zip(texts.get(y)?).position(|(x, y)| x == a && y == b)?;
                Some(Slot::TextOf(input, place))
            });
            found.next().unwrap_or_else(|| Slot::Constant(Value::Text(b.clone())))
        }
        (Value::Bytes(a), Value::Bytes(b)) if a != b => Slot::Bytes(b.clone()),
        _ => Slot::Constant(b.clone()),
    }
}

/// The ids that stand in a text, in order.
pub fn ids_in(text: &str) -> Vec<Uuid> {
    const CHARS: usize = 36;
    let bytes = text.as_bytes();
    let (mut ids, mut at) = (Vec::new(), 0);
    while let Some(part) = bytes.get(at..at + CHARS) {
        // A dash in its place is a cheap sign that the rest is worth a look.
        let id = if part.get(8) == Some(&b'-') { Uuid::try_parse_ascii(part).ok() } else { None };
        match id {
            Some(id) => {
                ids.push(id);
                at += CHARS;
            }
            None => at += 1,
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_store::Statement;

    fn recording(input: u128, made: Uuid, number: i64) -> Recording {
        let params = vec![Uuid::from_u128(input).into(), made.into(), number.into(), "same".into()];
        let batches = vec![vec![Statement::new("INSERT …", params)]];
        let transactions = vec![Recorded { reads: false, claims: false, batches }];
        Recording { inputs: vec![Uuid::from_u128(input)], transactions, status: 201, body: b"{}".to_vec() }
    }

    #[test]
    fn what_differs_is_an_input_a_new_id_or_a_number_that_grows() {
        let id = |n: u128| Uuid::from_u128(1_000 << 80 | n);
        let template = Template::of("t", 500, (&recording(1, id(1), 10), &recording(2, id(2), 20)), &Arc::default());
        let template = template.unwrap_or_else(|f| unreachable!("{f}"));
        let asked = Uuid::from_u128(9);
        let (first, second) = (template.fill(vec![asked]), template.fill(vec![asked]));
        let values =
            |filling: &Filling| template.transactions.first().map(|t| t.steps.first().map(|s| s.values(filling)));
        let (first, second) = (values(&first).flatten(), values(&second).flatten());
        let (Some(first), Some(second)) = (first, second) else { unreachable!("one statement") };
        assert_eq!(first.first(), Some(&Value::Id(asked)));
        assert_ne!(first.get(1), second.get(1), "every request makes its own ids");
        assert!(
            matches!((first.get(2), second.get(2)), (Some(Value::Int(a)), Some(Value::Int(b))) if *a > 20 && b > a)
        );
        assert_eq!(first.get(3), Some(&Value::from("same")));
    }

    #[test]
    fn a_text_that_is_known_of_an_input_is_that_of_the_next_input() {
        let id = Uuid::from_u128;
        let texts: Texts = [(1, "Ada"), (2, "Bea"), (9, "Chiara")]
            .into_iter()
            .map(|(n, name)| (id(n), vec!["same".to_owned(), name.to_owned()]))
            .collect();
        let called = |n: u128, name: &str| {
            let mut recording = recording(n, Uuid::nil(), 1);
            let statements = recording.transactions.iter_mut().flat_map(|t| &mut t.batches).flatten();
            statements.for_each(|s| s.params.push(name.into()));
            recording
        };
        let template = Template::of("t", 0, (&called(1, "Ada"), &called(2, "Bea")), &Arc::new(texts));
        let template = template.unwrap_or_else(|f| unreachable!("{f}"));
        let filling = template.fill(vec![id(9)]);
        let values = template.transactions.first().and_then(|t| t.steps.first()).map(|s| s.values(&filling));
        assert_eq!(values.and_then(|v| v.last().cloned()), Some(Value::from("Chiara")));
    }

    #[test]
    fn requests_that_do_different_things_make_no_template() {
        let mut other = recording(2, Uuid::from_u128(1_000 << 80), 1);
        other.transactions.clear();
        assert!(Template::of("t", 0, (&recording(1, Uuid::nil(), 1), &other), &Arc::default()).is_err());
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let (a, b) = (Uuid::from_u128(0x1234), Uuid::from_u128(0xabcd));
        assert_eq!(ids_in(&format!("/x/{a}?$filter=p/id eq '{b}'")), [a, b]);
        assert!(ids_in("too short").is_empty());
    }
}
