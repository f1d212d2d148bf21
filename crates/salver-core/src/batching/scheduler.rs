//! Gives the work of many owners to few runners.
//!
//! Fairness is by time, not by batches: each owner stands in the ring at the virtual time up to which its turns are paid
//! for, and the one that is furthest behind goes next. One runner more than [`Options::num_runners`] is to pull turns:
//! it is for owners that have no batch in flight, so that a slow one that has work for all runners does not keep the
//! others waiting.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Entry, Load, Scene, Standing, Taken};
use super::line::Line;
use super::monitor::{Guard, Monitor, now};
use super::ticket::{Begun, Home, Over, Ticket};
use super::work::{Refusal, Turn, Work};

/// Settings of a scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Batches that run at the same time while no owner is without one; one runner more should pull.
    pub num_runners: usize,
    /// Whether work may be held back for company; not where the runner has other things to do than wait.
    pub may_wait: bool,
}

/// What there is for a runner.
#[derive(Debug)]
pub enum Next<W> {
    /// A turn.
    Turn(Turn<W>),
    /// Nothing before this time.
    NotBefore(Instant),
    /// Nothing until work is submitted or a batch ends.
    Nothing,
}

struct State<W> {
    owners: HashMap<u64, Entry<W>>,
    /// Owners with a turn that is due, by virtual time.
    ready: BTreeSet<(u64, u64)>,
    /// Owners whose next turn is due later.
    gated: BTreeSet<(Instant, u64)>,
    /// Virtual time of the last turn.
    clock: u64,
    num_in_flight: usize,
    num_idle: usize,
    num_woken: usize,
    /// When an idle runner looks again by itself.
    keeper: Option<Instant>,
    is_closing: bool,
    is_stopped: bool,
}

struct Inner<W> {
    state: Monitor<State<W>>,
    options: Options,
}

/// Queues of all owners, and the runners that wait for turns. All methods may be called from any thread.
pub struct Scheduler<W> {
    inner: Arc<Inner<W>>,
}

impl<W: Work> Scheduler<W> {
    /// A scheduler without work.
    pub fn new(options: Options) -> Self {
        let state = State {
            owners: HashMap::new(),
            ready: BTreeSet::new(),
            gated: BTreeSet::new(),
            clock: 0,
            num_in_flight: 0,
            num_idle: 0,
            num_woken: 0,
            keeper: None,
            is_closing: false,
            is_stopped: false,
        };
        Self { inner: Arc::new(Inner { state: Monitor::new(state), options }) }
    }

    /// Queues all of `work` under one lock and wakes as many runners as there are new turns. Returns what was refused.
    pub fn submit(&self, work: impl IntoIterator<Item = W>) -> Vec<(W, Refusal)> {
        self.submit_at(work, now())
    }

    /// [`Self::submit`] at a time of the caller's own.
    pub fn submit_at(&self, work: impl IntoIterator<Item = W>, now: Instant) -> Vec<(W, Refusal)> {
        let inner = &self.inner;
        let mut refused = Vec::new();
        let mut state = inner.state.lock();
        let mut last = None;
        for item in work {
            if state.is_stopped {
                refused.push((item, Refusal::Stopped));
                continue;
            }
            let id = item.line().owner().id();
            if let Some(other) = last.replace(id).filter(|last| *last != id) {
                let scene = inner.scene(&state, now);
                state.settle(other, scene);
            }
            state.entry(&item).push(item, now, &mut refused);
        }
        if let Some(id) = last {
            let scene = inner.scene(&state, now);
            state.settle(id, scene);
        }
        inner.wake(state);
        refused
    }

    /// Takes the next turn if one is due now.
    pub fn try_next(&self) -> Option<Turn<W>> {
        match self.next_at(now()) {
            Next::Turn(turn) => Some(turn),
            _ => None,
        }
    }

    /// What there is for a runner at a time of the caller's own.
    pub fn next_at(&self, now: Instant) -> Next<W> {
        let mut state = self.inner.state.lock();
        let next = self.inner.take(&mut state, now);
        self.inner.wake(state);
        next
    }

    /// Waits for the next turn; `None` when `timeout` passed or the scheduler was stopped.
    pub fn next(&self, timeout: Duration) -> Option<Turn<W>> {
        let deadline = now() + timeout;
        let mut state = self.inner.state.lock();
        loop {
            if state.is_stopped {
                return None;
            }
            let now = now();
            let look_at = match self.inner.take(&mut state, now) {
                Next::Turn(turn) => {
                    self.inner.wake(state);
                    return Some(turn);
                }
                Next::NotBefore(at) => Some(at),
                Next::Nothing => None,
            };
            if now >= deadline {
                // Another one looks at the gates from now on.
                self.inner.wake(state);
                return None;
            }
            state = self.inner.wait(state, deadline, look_at);
        }
    }

    /// Hands back what is waiting.
    pub fn take_all(&self) -> Vec<W> {
        self.inner.state.lock().take_all()
    }

    /// Has everything leave without further wait, from now on.
    pub fn close(&self) {
        let mut state = self.inner.state.lock();
        state.is_closing = true;
        let gated: Vec<u64> = state.gated.iter().map(|(_, id)| *id).collect();
        let scene = self.inner.scene(&state, now());
        gated.into_iter().for_each(|id| state.settle(id, scene));
        self.inner.wake(state);
    }

    /// Wakes every runner for good and hands back what was still waiting.
    pub fn stop(&self) -> Vec<W> {
        let mut state = self.inner.state.lock();
        state.is_stopped = true;
        let work = state.take_all();
        drop(state);
        self.inner.state.notify_all();
        work
    }

    /// Whether `stop` was called.
    pub fn is_stopped(&self) -> bool {
        self.inner.state.lock().is_stopped
    }

    /// Owners that have work or batches in flight; no other costs anything here.
    pub fn num_busy_owners(&self) -> usize {
        self.inner.state.lock().owners.len()
    }

    /// What `line` has on its hands here.
    pub fn load(&self, line: &Line) -> Load {
        let state = self.inner.state.lock();
        state.owners.get(&line.owner().id()).map_or_else(Load::default, |entry| entry.load(line))
    }

    /// Rows that wait now, over all owners.
    pub fn num_queued_rows(&self) -> usize {
        self.inner.state.lock().owners.values().fold(0, |sum, entry| sum.saturating_add(entry.num_rows()))
    }
}

impl<W: Work> Inner<W> {
    fn scene(&self, state: &State<W>, now: Instant) -> Scene {
        let Options { num_runners, may_wait } = self.options;
        Scene { now, num_runners, may_wait, is_closing: state.is_closing }
    }

    fn take(self: &Arc<Self>, state: &mut State<W>, now: Instant) -> Next<W> {
        let scene = self.scene(state, now);
        state.open_gates(scene);
        let Some((taken, line, begun)) = state.take_turn(scene) else {
            return match state.gated.first() {
                Some((at, _)) => Next::NotBefore(*at),
                None => Next::Nothing,
            };
        };
        let ticket = begun.map(|begun| Ticket::new(self.clone() as Arc<dyn Home>, line, begun));
        Next::Turn(Turn { batch: taken.batch, refused: taken.refused, padded_rows: taken.padded_rows, ticket })
    }

    /// Wakes an idle runner for each turn that is due and that no other is on its way to, and one to look at the gates.
    fn wake(&self, mut state: Guard<'_, State<W>>) {
        let num_idle = state.num_idle - state.num_woken;
        if num_idle == 0 {
            return;
        }
        let mut num_wakes = state.num_turns(self.options.num_runners).min(num_idle);
        let gate = state.gated.first().map(|(at, _)| *at);
        if num_wakes == 0 && gate.is_some_and(|gate| state.keeper.is_none_or(|keeper| gate < keeper)) {
            num_wakes = 1;
        }
        state.num_woken += num_wakes;
        drop(state);
        for _ in 0..num_wakes {
            self.state.notify_one();
        }
    }

    /// Waits for a wake-up, or until `look_at` where no other idle runner looks then.
    fn wait<'a>(
        &'a self,
        mut state: Guard<'a, State<W>>,
        deadline: Instant,
        look_at: Option<Instant>,
    ) -> Guard<'a, State<W>> {
        let mine = look_at.filter(|at| state.keeper.is_none_or(|keeper| *at < keeper));
        state.keeper = mine.or(state.keeper);
        let until = mine.map_or(deadline, |at| at.min(deadline));
        state.num_idle += 1;
        state = self.state.wait(state, until);
        state.num_idle -= 1;
        state.num_woken = state.num_woken.saturating_sub(1);
        if mine.is_some() && state.keeper == mine {
            state.keeper = None;
        }
        state
    }
}

impl<W: Work> Home for Inner<W> {
    fn release(&self, line: &Arc<Line>, over: Over) {
        let mut state = self.state.lock();
        state.num_in_flight = state.num_in_flight.saturating_sub(1);
        let id = line.owner().id();
        let clock = state.clock;
        if let Some(entry) = state.owners.get_mut(&id) {
            entry.end(line, over.charged, over.elapsed, clock);
            if over.has_run {
                line.stats().ran(over.elapsed);
            }
            line.learnt().end(&over, entry.waiting_rows(line));
            let scene = self.scene(&state, over.now);
            state.settle(id, scene);
        }
        self.wake(state);
    }
}

impl<W: Work> State<W> {
    fn entry(&mut self, item: &W) -> &mut Entry<W> {
        let owner = item.line().owner();
        self.owners.entry(owner.id()).or_insert_with(|| Entry::new(owner, self.clock))
    }

    /// Puts an owner where it belongs after a change.
    fn settle(&mut self, id: u64, scene: Scene) {
        let Some(entry) = self.owners.get_mut(&id) else { return };
        let (old, new) = (entry.standing, entry.find_standing(scene));
        entry.standing = new;
        let is_over = entry.is_over();
        if old != new {
            match old {
                Standing::Ready(at) => drop(self.ready.remove(&(at, id))),
                Standing::Gated(at) => drop(self.gated.remove(&(at, id))),
                Standing::Waiting => {}
            }
            match new {
                Standing::Ready(at) => drop(self.ready.insert((at, id))),
                Standing::Gated(at) => drop(self.gated.insert((at, id))),
                Standing::Waiting => {}
            }
        }
        if is_over {
            self.owners.remove(&id);
        }
    }

    /// Looks at every owner whose turn may have become due.
    fn open_gates(&mut self, scene: Scene) {
        let is_open = |at: Instant| at <= scene.now;
        let open: Vec<u64> = self.gated.iter().take_while(|(at, _)| is_open(*at)).map(|(_, id)| *id).collect();
        open.into_iter().for_each(|id| self.settle(id, scene));
    }

    /// A lower bound of the turns that are due and that may run besides those in flight.
    fn num_turns(&self, num_runners: usize) -> usize {
        let room = num_runners.saturating_sub(self.num_in_flight);
        if room == 0 {
            return self.ready.iter().filter(|(_, id)| self.is_idle(*id)).take(self.num_idle).count();
        }
        let due = match (self.ready.len(), self.ready.first()) {
            (1, Some((_, id))) => self.owners.get(id).map_or(0, Entry::num_turns),
            (many, _) => many,
        };
        due.min(room)
    }

    fn is_idle(&self, id: u64) -> bool {
        self.owners.get(&id).is_some_and(|entry| entry.in_flight == 0)
    }

    fn take_turn(&mut self, scene: Scene) -> Option<(Taken<W>, Arc<Line>, Option<Begun>)> {
        let has_room = self.num_in_flight < scene.num_runners;
        for _ in 0..self.ready.len() {
            let (at, id) = *self.ready.iter().find(|(_, id)| has_room || self.is_idle(*id))?;
            let turn = self.owners.get_mut(&id)?.take(scene);
            self.settle(id, scene);
            // What was due may be so no more, by what was learnt meanwhile; then it is another owner's turn.
            let Some(turn) = turn else { continue };
            self.clock = self.clock.max(at);
            self.num_in_flight += usize::from(turn.2.is_some());
            return Some(turn);
        }
        None
    }

    fn take_all(&mut self) -> Vec<W> {
        self.ready.clear();
        self.gated.clear();
        let work = self.owners.values_mut().flat_map(Entry::take_all).collect();
        for entry in self.owners.values_mut() {
            entry.standing = Standing::Waiting;
        }
        self.owners.retain(|_, entry| !entry.is_over());
        work
    }
}
