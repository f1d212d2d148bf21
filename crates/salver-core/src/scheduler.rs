//! Queues of work and the runners that pull it, for any type of work.
//!
//! One scheduler serves many owners (models) and is fair between them: owners that have work stand in a ring, and each
//! turn gives one batch to one owner. An owner without work costs nothing: it has no entry here. Within an owner, work
//! that may share a batch stands in one group, and groups take turns as well.
//!
//! Batches form while runners are busy: a runner that frees up takes what is waiting, up to the owner's limit. Nothing
//! waits for company while a runner is idle. Work whose deadline has passed or whose caller has gone is handed back as
//! dead when its turn comes; it never runs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Something that a runner can do, alone or together with others of its kind.
pub trait Work: Send {
    /// Who shares a turn in the ring.
    fn owner(&self) -> u64;
    /// Size, in the unit of `max_batch_rows`.
    fn num_rows(&self) -> usize;
    /// Rows that a batch of this owner may hold; 1 or less means that work runs alone.
    fn max_batch_rows(&self) -> usize;
    /// Whether `self` may run in one batch with `other`, of the same owner.
    fn joins(&self, other: &Self) -> bool;
    /// Whether running it would be for nobody.
    fn is_dead(&self, now: Instant) -> bool;
}

/// What a runner got.
#[derive(Debug)]
pub struct Turn<W> {
    /// Work to run as one batch; may be empty when all that was due is dead.
    pub batch: Vec<W>,
    /// Work to be answered without running it.
    pub dead: Vec<W>,
}

struct Group<W> {
    work: VecDeque<W>,
    is_solo: bool,
}

struct Owner<W> {
    groups: VecDeque<Group<W>>,
    num_rows: usize,
}

struct State<W> {
    owners: HashMap<u64, Owner<W>>,
    ring: VecDeque<u64>,
    num_idle: usize,
    num_woken: usize,
    is_stopped: bool,
}

/// Queues with a bounded number of rows per owner.
pub struct Scheduler<W> {
    state: Mutex<State<W>>,
    has_work: Condvar,
    max_queued_rows: usize,
}

impl<W: Work> Scheduler<W> {
    /// A scheduler that refuses work of an owner beyond `max_queued_rows` waiting rows.
    pub fn new(max_queued_rows: usize) -> Self {
        Self {
            state: Mutex::new(State {
                owners: HashMap::new(),
                ring: VecDeque::new(),
                num_idle: 0,
                num_woken: 0,
                is_stopped: false,
            }),
            has_work: Condvar::new(),
            max_queued_rows,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues all of `work` under one lock and wakes as many runners as there are new turns.
    ///
    /// Returns what was refused: its owner's queue is full, or the scheduler is stopped.
    pub fn submit(&self, work: impl IntoIterator<Item = W>) -> Vec<W> {
        let mut refused = Vec::new();
        let mut state = self.lock();
        for item in work {
            if let Err(item) = state.push(item, self.max_queued_rows) {
                refused.push(item);
            }
        }
        self.wake(state);
        refused
    }

    /// Wakes an idle runner for each turn that is due and that no other is on its way to.
    fn wake(&self, mut state: MutexGuard<'_, State<W>>) {
        let num_idle = state.num_idle - state.num_woken;
        let num_wakes = if num_idle == 0 { 0 } else { state.num_turns().min(num_idle) };
        state.num_woken += num_wakes;
        drop(state);
        for _ in 0..num_wakes {
            self.has_work.notify_one();
        }
    }

    /// Takes the next turn if there is work now.
    pub fn try_next(&self) -> Option<Turn<W>> {
        let mut state = self.lock();
        let turn = state.take_turn();
        // `num_turns` is a lower bound: whoever takes a turn sees to it that the next is taken, too.
        self.wake(state);
        turn
    }

    /// Waits for the next turn; `None` when `timeout` passed or the scheduler was stopped.
    pub fn next(&self, timeout: Duration) -> Option<Turn<W>> {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            if state.is_stopped {
                return None;
            }
            if let Some(turn) = state.take_turn() {
                self.wake(state);
                return Some(turn);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state.num_idle += 1;
            state = self.has_work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.num_idle -= 1;
            state.num_woken = state.num_woken.saturating_sub(1);
        }
    }

    /// Hands back what is waiting.
    pub fn take_all(&self) -> Vec<W> {
        self.lock().take_all()
    }

    /// Wakes every runner for good and hands back what was still waiting.
    pub fn stop(&self) -> Vec<W> {
        let mut state = self.lock();
        state.is_stopped = true;
        let work = state.take_all();
        drop(state);
        self.has_work.notify_all();
        work
    }

    /// Whether `stop` was called.
    pub fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    /// Rows that wait now, over all owners.
    pub fn num_queued_rows(&self) -> usize {
        self.lock().owners.values().fold(0, |sum, owner| sum.saturating_add(owner.num_rows))
    }
}

impl<W: Work> State<W> {
    fn push(&mut self, item: W, max_queued_rows: usize) -> Result<(), W> {
        if self.is_stopped {
            return Err(item);
        }
        let id = item.owner();
        let owner = self.owners.entry(id).or_insert_with(|| Owner { groups: VecDeque::new(), num_rows: 0 });
        if owner.num_rows > 0 && owner.num_rows.saturating_add(item.num_rows()) > max_queued_rows {
            return Err(item);
        }
        if owner.groups.is_empty() {
            self.ring.push_back(id);
        }
        owner.push(item);
        Ok(())
    }

    fn take_all(&mut self) -> Vec<W> {
        self.ring.clear();
        let owners = std::mem::take(&mut self.owners);
        owners.into_values().flat_map(|owner| owner.groups).flat_map(|group| group.work).collect()
    }

    /// A lower bound of the batches that are due.
    fn num_turns(&self) -> usize {
        match self.ring.len() {
            1 => self.owners.get(&self.ring[0]).map_or(0, Owner::num_turns),
            many => many,
        }
    }

    fn take_turn(&mut self) -> Option<Turn<W>> {
        let id = self.ring.pop_front()?;
        let owner = self.owners.get_mut(&id)?;
        let turn = owner.take_batch(Instant::now());
        if owner.groups.is_empty() {
            self.owners.remove(&id);
        } else {
            self.ring.push_back(id);
        }
        Some(turn)
    }
}

impl<W: Work> Owner<W> {
    fn push(&mut self, item: W) {
        self.num_rows += item.num_rows();
        let is_solo = item.max_batch_rows() <= 1;
        let group = self.groups.iter_mut().find(|group| {
            group.is_solo == is_solo && (is_solo || group.work.front().is_some_and(|first| item.joins(first)))
        });
        match group {
            Some(group) => group.work.push_back(item),
            None => self.groups.push_back(Group { work: VecDeque::from([item]), is_solo }),
        }
    }

    fn num_turns(&self) -> usize {
        self.groups.iter().map(|group| if group.is_solo { group.work.len() } else { 1 }).sum()
    }

    fn take_batch(&mut self, now: Instant) -> Turn<W> {
        let mut turn = Turn { batch: Vec::new(), dead: Vec::new() };
        let Some(mut group) = self.groups.pop_front() else { return turn };
        let mut num_rows = 0;
        while let Some(first) = group.work.front() {
            let size = first.num_rows();
            let is_full = group.is_solo || size.saturating_add(num_rows) > first.max_batch_rows();
            if !turn.batch.is_empty() && is_full {
                break;
            }
            let Some(item) = group.work.pop_front() else { break };
            self.num_rows -= size;
            if item.is_dead(now) {
                turn.dead.push(item);
            } else {
                num_rows = size.saturating_add(num_rows);
                turn.batch.push(item);
            }
        }
        if !group.work.is_empty() {
            self.groups.push_back(group);
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Job {
        owner: u64,
        kind: u8,
        rows: usize,
        limit: usize,
        dead: bool,
    }

    impl Work for Job {
        fn owner(&self) -> u64 {
            self.owner
        }
        fn num_rows(&self) -> usize {
            self.rows
        }
        fn max_batch_rows(&self) -> usize {
            self.limit
        }
        fn joins(&self, other: &Self) -> bool {
            self.kind == other.kind
        }
        fn is_dead(&self, _now: Instant) -> bool {
            self.dead
        }
    }

    fn job(owner: u64, kind: u8, rows: usize, limit: usize) -> Job {
        Job { owner, kind, rows, limit, dead: false }
    }

    fn sizes(scheduler: &Scheduler<Job>) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| scheduler.try_next()).map(|turn| (turn.batch[0].owner, turn.batch.len())).collect()
    }

    #[test]
    fn unbatched_work_of_two_owners_alternates() {
        let scheduler = Scheduler::new(100);
        scheduler.submit((0..4).map(|i| job(i / 2, 0, 1, 1)));
        assert_eq!(sizes(&scheduler), [(0, 1), (1, 1), (0, 1), (1, 1)]);
    }

    #[test]
    fn a_batch_takes_what_waits_up_to_the_limit() {
        let scheduler = Scheduler::new(100);
        scheduler.submit((0..10).map(|_| job(1, 0, 2, 8)));
        assert_eq!(sizes(&scheduler), [(1, 4), (1, 4), (1, 2)]);
    }

    #[test]
    fn a_request_larger_than_the_limit_runs_alone() {
        let scheduler = Scheduler::new(100);
        scheduler.submit([job(1, 0, 20, 8), job(1, 0, 1, 8)]);
        assert_eq!(sizes(&scheduler), [(1, 1), (1, 1)]);
    }

    #[test]
    fn only_work_of_one_kind_shares_a_batch() {
        let scheduler = Scheduler::new(100);
        scheduler.submit((0..6).map(|i| job(1, i % 2, 1, 8)));
        assert_eq!(sizes(&scheduler), [(1, 3), (1, 3)]);
    }

    #[test]
    fn dead_work_never_runs_and_makes_no_room_smaller() {
        let scheduler = Scheduler::new(100);
        let dead = Job { dead: true, ..job(1, 0, 4, 4) };
        scheduler.submit([dead.clone(), job(1, 0, 4, 4), dead.clone()]);
        let turn = scheduler.try_next().unwrap();
        assert_eq!((turn.batch.len(), turn.dead.len()), (1, 1));
        let turn = scheduler.try_next().unwrap();
        assert_eq!((turn.batch.len(), turn.dead.len()), (0, 1));
        assert!(scheduler.try_next().is_none());
    }

    #[test]
    fn a_full_queue_refuses_its_owner_only() {
        let scheduler = Scheduler::new(3);
        let refused = scheduler.submit([job(1, 0, 2, 1), job(1, 0, 2, 1), job(2, 0, 2, 1)]);
        assert_eq!(refused, [job(1, 0, 2, 1)]);
        assert_eq!(scheduler.num_queued_rows(), 4);
    }

    #[test]
    fn stop_hands_back_what_waits_and_ends_the_runners() {
        let scheduler = Scheduler::new(10);
        scheduler.submit([job(1, 0, 1, 1), job(2, 0, 1, 1)]);
        assert_eq!(scheduler.stop().len(), 2);
        assert!(scheduler.next(Duration::from_secs(60)).is_none());
        assert_eq!(scheduler.submit([job(1, 0, 1, 1)]).len(), 1);
    }

    #[test]
    fn every_idle_runner_is_woken_for_a_queue_of_several_batches() {
        let (scheduler, is_over) = (Scheduler::new(100), AtomicBool::new(false));
        let (sender, batches) = mpsc::channel();
        let run = |sender: mpsc::Sender<usize>| {
            let turn = scheduler.next(Duration::from_secs(60));
            turn.map(|turn| sender.send(turn.batch.len()));
            // Busy from now on: the other batches are for the other runners.
            while !is_over.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
        };
        let taken: Vec<_> = std::thread::scope(|scope| {
            (0..3).for_each(|_| drop(scope.spawn(|| run(sender.clone()))));
            while scheduler.lock().num_idle < 3 {
                std::thread::yield_now();
            }
            scheduler.submit((0..12).map(|_| job(1, 0, 1, 4)));
            let taken = (0..3).map_while(|_| batches.recv_timeout(Duration::from_secs(10)).ok()).collect();
            is_over.store(true, Ordering::SeqCst);
            scheduler.stop();
            taken
        });
        assert_eq!(taken, [4, 4, 4]);
    }

    #[test]
    fn a_waiting_runner_is_woken_by_a_submit() {
        let scheduler = Scheduler::new(10);
        std::thread::scope(|scope| {
            let runner = scope.spawn(|| scheduler.next(Duration::from_secs(60)).map(|turn| turn.batch.len()));
            scheduler.submit([job(1, 0, 1, 1)]);
            assert_eq!(runner.join().unwrap(), Some(1));
        });
    }
}
