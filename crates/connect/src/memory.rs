//! The reference connector: a directory in memory, with faults on demand. Tests and the simulator use it.

use crate::{Answer, Connector, ConnectorError, Operation, Target};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong with the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused for now and not carried out.
    Unavailable,
    /// It is carried out, but the answer is lost.
    AnswerLost,
    /// It is refused for good.
    Refused,
}

#[derive(Default)]
struct State {
    /// Who holds what, by object: role origin and principal.
    held: BTreeMap<String, BTreeSet<String>>,
    gone: BTreeSet<String>,
    seen: BTreeSet<String>,
    faults: VecDeque<Fault>,
    changes: u64,
}

/// A directory in memory.
#[derive(Clone, Default)]
pub struct MemoryConnector(Arc<Mutex<State>>);

fn entry(target: &Target) -> String {
    format!("{:?} {}", target.role, target.principal)
}

impl MemoryConnector {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next changes meet these faults, one each.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// No fault is left for the changes to come.
    pub fn calm(&self) {
        self.lock().faults.clear();
    }

    /// The object no longer exists there.
    pub fn remove_object(&self, object: &str) {
        self.lock().gone.insert(object.to_owned());
    }

    /// The object is there again, with nobody holding anything at it.
    pub fn restore_object(&self, object: &str) {
        let mut state = self.lock();
        if state.gone.remove(object) {
            state.held.remove(object);
        }
    }

    /// Whether the role is held there now.
    pub fn holds(&self, target: &Target) -> bool {
        self.lock().held.get(&target.object).is_some_and(|held| held.contains(&entry(target)))
    }

    /// How many changes were carried out; a repeated one does not count.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// How many hold something at an object.
    pub fn holders(&self, object: &str) -> usize {
        self.lock().held.get(object).map_or(0, BTreeSet::len)
    }

    fn carry_out(&self, operation: &Operation) -> Result<(), ConnectorError> {
        let mut state = self.lock();
        if state.gone.contains(&operation.target.object) {
            return Err(ConnectorError::TargetGone);
        }
        let fault = state.faults.pop_front();
        match fault {
            Some(Fault::Unavailable) => return Err(ConnectorError::Transient { after_seconds: None }),
            Some(Fault::Refused) => return Err(ConnectorError::Permanent { reason: "not allowed".to_owned() }),
            Some(Fault::AnswerLost) | None => {}
        }
        if state.seen.insert(operation.key.clone()) {
            state.changes += 1;
            let held = state.held.entry(operation.target.object.clone()).or_default();
            if operation.give {
                held.insert(entry(&operation.target));
            } else {
                held.remove(&entry(&operation.target));
            }
        }
        match fault {
            Some(Fault::AnswerLost) => Err(ConnectorError::Transient { after_seconds: None }),
            _ => Ok(()),
        }
    }
}

impl Connector for MemoryConnector {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn observe<'a>(&'a self, target: &'a Target) -> Answer<'a, bool> {
        Box::pin(async move {
            let state = self.lock();
            if state.gone.contains(&target.object) {
                return Err(ConnectorError::TargetGone);
            }
            Ok(state.held.get(&target.object).is_some_and(|held| held.contains(&entry(target))))
        })
    }

    fn apply<'a>(&'a self, operation: &'a Operation) -> Answer<'a, ()> {
        Box::pin(async move { self.carry_out(operation) })
    }
}
