//! The directory outside: the one in memory, with weather. It writes down what it was asked, because what a crash cuts
//! off only it and the commits know.

use crate::dice::Dice;
use crate::model::Micros;
use crate::model::access::Answer as Heard;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tenure_connect::{Answer, Connector, ConnectorError, Fault, MemoryConnector, Operation, Target};
use tenure_domain::Uuid;
use tenure_domain::time::Clock;

/// How the directory outside does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Weather {
    #[default]
    Fair,
    /// Now and then something fails.
    Mixed,
    /// Nothing succeeds, but some of what is carried out is not answered.
    Away,
    /// Everything is refused for good.
    Refusing,
}

/// One question it was asked.
#[derive(Clone, Debug)]
pub struct Call {
    /// The business clock then.
    pub at: Micros,
    pub object: String,
    pub person: Uuid,
    pub gives: bool,
    pub heard: Heard,
    /// Commits that could still be made: with none left, what it answered was not recorded.
    pub commits_left: u64,
}

struct Inner {
    weather: Weather,
    dice: Dice,
    calls: Vec<Call>,
    clock: Option<Arc<dyn Clock>>,
}

/// The directory outside.
#[derive(Clone)]
pub struct Outside {
    directory: MemoryConnector,
    inner: Arc<Mutex<Inner>>,
    commits_left: Arc<AtomicU64>,
}

impl Outside {
    /// An empty directory in fair weather.
    pub fn new(dice: Dice, commits_left: Arc<AtomicU64>) -> Self {
        let inner = Inner { weather: Weather::Fair, dice, calls: Vec::new(), clock: None };
        Self { directory: MemoryConnector::default(), inner: Arc::new(Mutex::new(inner)), commits_left }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock by which questions are noted.
    pub fn follow(&self, clock: Arc<dyn Clock>) {
        self.lock().clock = Some(clock);
    }

    /// From now on it does so.
    pub fn set_weather(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// How it does.
    pub fn weather(&self) -> Weather {
        self.lock().weather
    }

    /// What it was asked since the last look.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.lock().calls)
    }

    /// The object goes, or comes back empty.
    pub fn set_away(&self, object: &str, is_away: bool) {
        if is_away {
            self.directory.remove_object(object);
        } else {
            self.directory.restore_object(object);
        }
    }

    /// Whether somebody is a member there.
    pub fn holds(&self, object: &str, person: Uuid) -> bool {
        let target = Target {
            object: object.to_owned(),
            role: tenure_domain::catalog::RoleKind::GroupMember,
            principal: tenure_domain::ids::ObjectId(person),
        };
        self.directory.holds(&target)
    }
}

impl Inner {
    fn fault(&mut self) -> Option<Fault> {
        let draw = self.dice.below(100);
        match (self.weather, draw) {
            (Weather::Mixed, 0..15) | (Weather::Away, 15..) => Some(Fault::Unavailable),
            (Weather::Mixed, 15..30) | (Weather::Away, 0..15) => Some(Fault::AnswerLost),
            (Weather::Mixed, 30..35) | (Weather::Refusing, _) => Some(Fault::Refused),
            (Weather::Fair | Weather::Mixed, _) => None,
        }
    }
}

impl Connector for Outside {
    fn kind(&self) -> &'static str {
        self.directory.kind()
    }

    fn observe<'a>(&'a self, target: &'a Target) -> Answer<'a, bool> {
        self.directory.observe(target)
    }

    fn apply<'a>(&'a self, operation: &'a Operation) -> Answer<'a, ()> {
        Box::pin(async move {
            let (at, fault) = {
                let mut inner = self.lock();
                (inner.clock.as_ref().map_or(0, |clock| clock.now().as_microsecond()), inner.fault())
            };
            self.directory.fail_next(fault);
            let answer = self.directory.apply(operation).await;
            // A fault that an absent object did not let happen must not meet the next question.
            self.directory.calm();
            let heard = match &answer {
                Ok(()) => Heard::Done,
                Err(ConnectorError::Transient { .. }) => Heard::Transient,
                Err(ConnectorError::Permanent { .. }) => Heard::Permanent,
                Err(ConnectorError::TargetGone) => Heard::Gone,
            };
            self.lock().calls.push(Call {
                at,
                object: operation.target.object.clone(),
                person: operation.target.principal.0,
                gives: operation.give,
                heard,
                commits_left: self.commits_left.load(Ordering::SeqCst),
            });
            answer
        })
    }
}
