//! The loop: an operation, what it leads to, time, and a look. All of it follows from the seed.

use crate::company;
use crate::dice::Dice;
use crate::eye::Eye;
use crate::model::access::Answer;
use crate::model::request::Verdict;
use crate::model::{DAY, HOUR, MINUTE, Micros, Model};
use crate::ops::{Op, Pass, draw, foretell, perform};
use crate::outside::{Outside, Weather};
use crate::world::{ALWAYS, Earth, World};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tenure_auth::Vault;
use tenure_auth::audit::Verifier;
use tenure_domain::Uuid;
use tenure_jobs::Sealer;
use tenure_service::{ServiceError, audit};

/// When every simulation begins: a Monday morning.
const BEGINNING: Micros = 1_772_442_000 * 1_000_000;
/// Operations and passes that a failure tells.
const HISTORY: usize = 60;
/// Deaths in a row that one start may meet.
const DEATHS_MAX: u32 = 50;
/// Every so many weeks all of history is looked at.
const WEEKS_THOROUGH: u32 = 10;
/// Passes after which work that goes on is a fault.
const PASSES_MAX: u32 = 1_000;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub days: i64,
    /// Stops after that many steps.
    pub until: Option<u64>,
    /// Tells everything as it happens.
    pub tells: bool,
}

/// What was simulated.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub steps: u64,
    pub deaths: u64,
    pub calls: u64,
    /// How often each operation came to what.
    pub came: BTreeMap<(String, String), u64>,
}

/// Something that must not be.
#[derive(Clone, Debug)]
pub struct Violation {
    pub seed: u64,
    pub step: u64,
    pub what: String,
    /// What was done before, the last at the end.
    pub history: Vec<String>,
}

/// Why something could not go on.
enum Stop {
    Death,
    Wrong(String),
}

impl From<String> for Stop {
    fn from(what: String) -> Self {
        Self::Wrong(what)
    }
}

struct Simulation {
    plan: Plan,
    earth: Earth,
    model: Model,
    dice: Dice,
    report: Report,
    history: VecDeque<String>,
    next_week: Micros,
    weeks: u32,
    is_founded: bool,
    /// Where the demo clock stood when it began to be moved.
    moving_from: Option<Micros>,
}

/// Simulates it.
pub fn simulate(plan: Plan) -> Result<Report, Box<Violation>> {
    let commits_left = Arc::new(AtomicU64::new(ALWAYS));
    let outside = Outside::new(Dice::new(plan.seed, 2), commits_left.clone());
    let failed = |what: String| Box::new(Violation { seed: plan.seed, step: 0, what, history: Vec::new() });
    let earth = Earth::new(plan.seed, BEGINNING, outside, commits_left).map_err(|e| failed(e.to_string()))?;
    let mut simulation = Simulation {
        plan,
        earth,
        model: Model::default(),
        dice: Dice::new(plan.seed, 1),
        report: Report::default(),
        history: VecDeque::new(),
        next_week: BEGINNING + 7 * DAY,
        weeks: 0,
        is_founded: false,
        moving_from: None,
    };
    loop {
        // A life is a thread: what the product keeps per thread ends with it.
        let life = std::thread::scope(|scope| scope.spawn(|| simulation.live()).join());
        let ended = life.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            Err(Stop::Wrong(format!("the simulation panicked: {said}")))
        });
        match ended {
            Ok(()) => return Ok(simulation.report),
            Err(Stop::Death) => simulation.report.deaths += 1,
            Err(Stop::Wrong(what)) => {
                return Err(Box::new(Violation {
                    seed: plan.seed,
                    step: simulation.report.steps,
                    what,
                    history: simulation.history.into(),
                }));
            }
        }
    }
}

impl Simulation {
    #[expect(clippy::print_stderr, reason = "a tool for developers speaks on the terminal")]
    fn tell(&mut self, what: String) {
        if self.plan.tells {
            eprintln!("{what}");
        }
        if self.history.len() >= HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(what);
    }

    fn has_power(&self) -> bool {
        self.earth.commits_left.load(Ordering::SeqCst) > 0
    }

    /// What an error of the product means.
    fn stop(&self, error: &ServiceError) -> Stop {
        if self.has_power() { Stop::Wrong(format!("the product failed: {error}")) } else { Stop::Death }
    }

    /// One life of the process.
    fn live(&mut self) -> Result<(), Stop> {
        let mut world = World::start(&self.earth)?;
        let vault = Vault::new(&[7; 32]);
        if !self.is_founded {
            company::found(&world, &mut self.model, &mut self.dice).map_err(|e| self.stop(&e))?;
        }
        let mut eye = Eye::open(self.earth.file(), !self.is_founded)?;
        if !self.is_founded {
            self.model.touched = crate::model::Touched::default();
            self.is_founded = true;
        }
        let key = world.engine.write_blocking(move |ctx| audit::open_key(ctx, &vault)).map_err(|e| self.stop(&e))?;
        world.sealer = Some(Sealer::new(world.engine.clone(), key, None));
        let ended = self.spend(&world, &mut eye);
        if let Err(Stop::Death) = ended {
            self.die(&world, &mut eye)?;
        }
        ended
    }

    /// The power has failed. What the model does not know yet of what was done it learns now.
    fn die(&mut self, world: &World, eye: &mut Eye) -> Result<(), Stop> {
        self.tell("the power fails".to_owned());
        self.absorb(world, eye, true)?;
        self.moving_from = None;
        eye.compare(&mut self.model, false)?;
        self.earth.lose_power().map_err(|e| e.to_string())?;
        self.earth.bury().map_err(|e| e.to_string())?;
        self.earth.commits_left.store(ALWAYS, Ordering::SeqCst);
        if self.report.deaths > u64::from(DEATHS_MAX) + self.report.steps {
            return Err(Stop::Wrong("the process dies without end".to_owned()));
        }
        Ok(())
    }

    /// Takes over from the life before, and goes on until death or the end.
    fn spend(&mut self, world: &World, eye: &mut Eye) -> Result<(), Stop> {
        if self.report.deaths > 0 {
            if self.dice.percent(10) {
                self.earth.commits_left.store(self.dice.below(3) as u64, Ordering::SeqCst);
            }
            if self.dice.percent(80) {
                world.take_over().map_err(|e| self.stop(&e))?;
            } else {
                // Nobody says that the one before is dead: its claims end by themselves.
                self.let_pass(MINUTE);
            }
        }
        let end = BEGINNING + self.plan.days * DAY;
        while world.now() < end && self.plan.until.is_none_or(|until| self.report.steps < until) {
            self.report.steps += 1;
            self.step(world, eye)?;
            if world.now() >= self.next_week {
                self.next_week = world.now() + 7 * DAY;
                self.weeks += 1;
                self.week(world, eye, self.weeks.is_multiple_of(WEEKS_THOROUGH))?;
            }
        }
        self.earth.commits_left.store(ALWAYS, Ordering::SeqCst);
        self.week(world, eye, true)?;
        self.verify(world)
    }

    fn let_pass(&self, time: Micros) {
        use tenure_domain::time::Clock;
        let then = self.earth.wall.now().as_microsecond() + time;
        self.earth.wall.set(crate::product::instant(then));
    }

    fn step(&mut self, world: &World, eye: &mut Eye) -> Result<(), Stop> {
        let dies_soon = self.has_power() && self.earth.commits_left.load(Ordering::SeqCst) > ALWAYS / 2;
        if dies_soon && self.dice.below(250) == 0 {
            self.earth.commits_left.store(self.dice.below(60) as u64, Ordering::SeqCst);
        }
        // Two things never happen at one instant.
        let moment = self.dice.between(1, 5_000_000);
        self.let_pass(moment);
        if let Some(op) = draw(&self.model, &mut self.dice, world.now()) {
            self.operate(world, &op)?;
            eye.compare(&mut self.model, false)?;
        }
        let pass = self.pass();
        self.run(world, eye, pass)
    }

    fn operate(&mut self, world: &World, op: &Op) -> Result<(), Stop> {
        let now = world.now();
        let came = match perform(world, &self.earth.outside, &self.model, op) {
            Ok(came) => came,
            Err(error) => {
                let stop = self.stop(&error);
                self.tell(format!("{} at {}: {op:?}: {error}", self.report.steps, crate::product::instant(now)));
                return Err(stop);
            }
        };
        let at = crate::product::instant(now);
        self.tell(format!("{} at {at}: {op:?}: {:?} {:?}", self.report.steps, came.verdict, came.made));
        let expected = foretell(&mut self.model, op, &came, now);
        let word = match &came.verdict {
            Verdict::Done => "done".to_owned(),
            Verdict::Unknown => "unknown caller".to_owned(),
            Verdict::Refused(code, _) => (*code).to_owned(),
        };
        let name = format!("{op:?}").chars().take_while(|c| c.is_alphanumeric()).collect();
        *self.report.came.entry((name, word)).or_default() += 1;
        if expected.agrees(&came.verdict) {
            return Ok(());
        }
        Err(Stop::Wrong(format!("the model says {expected:?}, the product {:?}: {op:?}", came.verdict)))
    }

    fn pass(&mut self) -> Pass {
        let dice = &mut self.dice;
        match dice.weighed(&[350, 450, 170, 25, 1, 4]) {
            0 => Pass::Nothing,
            1 => Pass::Late(dice.between(0, 120) * MINUTE),
            2 => Pass::Moved(dice.between(0, 120) * MINUTE),
            3 => Pass::Late(dice.between(6, 72) * HOUR),
            4 => Pass::Late(dice.between(7, 25) * DAY),
            _ => Pass::Moved(dice.between(6, 96) * HOUR),
        }
    }

    fn run(&mut self, world: &World, eye: &mut Eye, pass: Pass) -> Result<(), Stop> {
        match pass {
            Pass::Nothing => return Ok(()),
            Pass::Late(time) => {
                self.let_pass(time);
                self.tell(format!("everything due at {} is run", crate::product::instant(world.now())));
                self.drain(world, eye)?;
            }
            Pass::Moved(time) => {
                // What is overdue is run in an order of its own; only what lies ahead comes in the order of time.
                self.drain(world, eye)?;
                let to = world.now() + time;
                self.tell(format!("the clock is moved to {}", crate::product::instant(to)));
                self.moving_from = Some(world.now());
                world.advance(to).map_err(|e| self.stop(&e))?;
                self.absorb(world, eye, false)?;
                self.moving_from = None;
            }
        }
        eye.compare(&mut self.model, true)?;
        Ok(())
    }

    /// Runs what is due until nothing is.
    fn drain(&mut self, world: &World, eye: &mut Eye) -> Result<(), Stop> {
        for _ in 0..PASSES_MAX {
            if !world.is_due().map_err(|e| self.stop(&e))? {
                return Ok(());
            }
            let done = world.pass().map_err(|e| self.stop(&e))?;
            self.absorb(world, eye, false)?;
            if done == 0 {
                // Somebody claimed it who is dead; his claim ends by itself.
                self.let_pass(MINUTE);
            }
        }
        Err(Stop::Wrong("background work does not end".to_owned()))
    }

    /// Tells the model what was done since it last looked: which timers have fired, and what the directory outside was
    /// asked. Where the clock was moved, each timer fired at its own instant; else all of them now.
    fn absorb(&mut self, world: &World, eye: &mut Eye, is_dead: bool) -> Result<(), Stop> {
        let now = world.now();
        let from = self.moving_from;
        let mut calls = self.heard().into_iter().peekable();
        loop {
            // What the clock has passed has fired, unless the power failed; what is only overdue may have, or not.
            let mut timer = None;
            for (at, due) in self.model.due(now) {
                if self.model.id_of(due).is_none() {
                    eye.learn_now(&mut self.model)?;
                }
                let is_sure = from.is_some() && !is_dead;
                if is_sure || eye.timer(due, &self.model)? != Some(at) {
                    timer = Some((at, due));
                    break;
                }
            }
            let fires = timer.map(|(at, timer)| (from.map_or(now, |from| at.max(from)), timer));
            match (fires, calls.peek().map(|(call, _)| call.at)) {
                (Some((at, timer)), call) if call.is_none_or(|call| at <= call) => {
                    self.tell(format!("{timer:?} is looked at, at {}", crate::product::instant(at)));
                    self.model.fire(timer, at);
                }
                (_, Some(_)) => {
                    if let Some((call, is_last)) = calls.next()
                        && !(is_dead && is_last && call.commits_left == 0)
                    {
                        self.answered(&call)?;
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// What the directory outside was asked, with a word for the last.
    fn heard(&mut self) -> Vec<(crate::outside::Call, bool)> {
        let calls = self.earth.outside.calls();
        self.report.calls += calls.len() as u64;
        let count = calls.len();
        calls.into_iter().enumerate().map(|(i, call)| (call, i + 1 == count)).collect()
    }

    fn answered(&mut self, call: &crate::outside::Call) -> Result<(), String> {
        let groups = &self.model.groups;
        let group = groups.iter().find(|(_, g)| g.outside.as_deref() == Some(call.object.as_str()));
        let group: Uuid = group.map(|(id, _)| *id).ok_or_else(|| format!("nothing is known of `{}`", call.object))?;
        let answer: Answer = call.heard;
        let what = if call.gives { "give" } else { "take" };
        let at = crate::product::instant(call.at);
        self.tell(format!("asked at {at} to {what} `{}` for {}: {answer:?}", call.object, call.person));
        self.model.answered((group, call.person), call.gives, answer, call.at)
    }

    /// Once a week the directory outside comes to rest, and what is alive is looked at; now and then all of history too.
    fn week(&mut self, world: &World, eye: &mut Eye, thorough: bool) -> Result<(), Stop> {
        self.run(world, eye, Pass::Late(0))?;
        let weather = self.earth.outside.weather();
        self.earth.outside.set_weather(Weather::Fair);
        // The longest wait of the schedule.
        self.run(world, eye, Pass::Late(HOUR))?;
        eye.converged()?;
        eye.compare_all(&mut self.model, thorough)?;
        eye.sound(&self.model, &self.earth.outside, world.now(), thorough)?;
        self.earth.outside.set_weather(weather);
        world.seal().map_err(|e| self.stop(&e))
    }

    /// The audit is whole.
    fn verify(&self, world: &World) -> Result<(), Stop> {
        world.seal().map_err(|e| self.stop(&e))?;
        let mut verifier = Verifier::new(None, None).map_err(|e| e.to_string())?;
        let mut fault = None;
        let read = world.engine.read_long(|tx| {
            audit::export(tx, &mut |line| {
                if fault.is_none() {
                    fault = verifier.line(line).err();
                }
                Ok(())
            })
        });
        read.map_err(|e| self.stop(&e))?;
        match fault {
            Some(fault) => Err(Stop::Wrong(format!("the audit does not verify: {fault}"))),
            None => verifier.finish().map(|_| ()).map_err(|e| Stop::Wrong(format!("the audit does not verify: {e}"))),
        }
    }
}
