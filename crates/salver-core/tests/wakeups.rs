//! No runner sleeps while there is work for it, in whatever order the threads run.
//!
//! `shuttle` runs the threads by a random schedule, and time passes only where a test has it pass: a wake-up that is lost
//! leaves threads that nothing wakes any more, which `shuttle` reports. Wants the feature `shuttle`.

#[path = "batching/jobs.rs"]
#[allow(dead_code)]
mod jobs;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jobs::{Job, fixed, job, line, ms, scheduler};
use salver_core::batching::{Line, Policy, Scheduler, Turn, pass};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::thread::{self, JoinHandle};

/// Longer than any test has time pass.
const FOREVER: Duration = Duration::from_secs(3600);
const NUM_SCHEDULES: usize = 500;

/// Runs `scenario` by many schedules, half of them such that few switches of threads matter.
fn check(scenario: fn()) {
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 18;
    shuttle::Runner::new(RandomScheduler::new(NUM_SCHEDULES), config.clone()).run(scenario);
    shuttle::Runner::new(PctScheduler::new(4, NUM_SCHEDULES), config).run(scenario);
}

/// A scheduler, and the jobs that are to come out of it.
#[derive(Clone)]
struct Place {
    scheduler: Arc<Scheduler<Job>>,
    num_left: Arc<AtomicUsize>,
    done: Arc<Mutex<Vec<usize>>>,
}

impl Place {
    fn new(num_runners: usize, num_jobs: usize) -> Self {
        let scheduler = Arc::new(scheduler(num_runners));
        Self { scheduler, num_left: Arc::new(num_jobs.into()), done: Arc::default() }
    }

    /// Notes what came out; the last job stops the scheduler.
    fn done(&self, jobs: &[Job]) {
        self.done.lock().unwrap().extend(jobs.iter().map(|job| job.id));
        if self.num_left.fetch_sub(jobs.len(), Ordering::Relaxed) == jobs.len() {
            self.scheduler.stop();
        }
    }

    /// A thread that submits the jobs one after the other.
    fn submitter(&self, line: &Arc<Line>, ids: std::ops::Range<usize>) -> JoinHandle<()> {
        let (place, line) = (self.clone(), line.clone());
        thread::spawn(move || {
            for id in ids {
                let refused = place.scheduler.submit([Job { id, ..job(&line, 0, 1) }]);
                place.done(&refused.into_iter().map(|(job, _)| job).collect::<Vec<_>>());
            }
        })
    }

    /// A thread that takes turns until there are no more, each of which may fail.
    fn runner(&self, fails: bool) -> JoinHandle<()> {
        self.runner_for(FOREVER, move |turn: &mut Turn<Job>| {
            thread::yield_now();
            let ticket = turn.ticket.take().unwrap();
            if !fails {
                ticket.ran();
            }
        })
    }

    fn runner_for(&self, timeout: Duration, run: impl Fn(&mut Turn<Job>) + Send + 'static) -> JoinHandle<()> {
        let place = self.clone();
        thread::spawn(move || {
            while let Some(mut turn) = place.scheduler.next(timeout) {
                run(&mut turn);
                drop(turn.ticket);
                place.done(&turn.batch);
            }
        })
    }

    fn finish(&self, threads: impl IntoIterator<Item = JoinHandle<()>>) {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let mut done = self.done.lock().unwrap().clone();
        done.sort_unstable();
        assert_eq!(done, Vec::from_iter(0..done.len()), "every job once");
        assert_eq!(self.num_left.load(Ordering::Relaxed), 0);
        assert_eq!((self.scheduler.num_queued_rows(), self.scheduler.num_busy_owners()), (0, 0));
    }
}

/// Settings of one row for each batch, so that every job is a turn.
fn single() -> Policy {
    Policy { max_batch_size: 1, ..Policy::default() }
}

#[test]
fn submits_wake_runners() {
    check(|| {
        let (place, a, b) = (Place::new(2, 6), line(single()), line(Policy::default()));
        let submitters = [place.submitter(&a, 0..3), place.submitter(&b, 3..6)];
        place.finish((0..3).map(|_| place.runner(false)).chain(submitters));
    });
}

#[test]
fn as_many_runners_are_woken_as_there_are_batches() {
    check(|| {
        let (two_rows, a, b) = (Policy { max_batch_size: 2, ..Policy::default() }, line(single()), line(single()));
        let c = line(two_rows);
        for (lines, num_batches) in [([&a, &b, &a], 3), ([&a, &a, &a], 3), ([&c, &c, &c], 2)] {
            let place = Place::new(3, 3);
            let runners = together(&place, num_batches);
            place.scheduler.submit(lines.into_iter().enumerate().map(|(id, line)| Job { id, ..job(line, 0, 1) }));
            place.finish(runners);
        }
    });
}

#[test]
fn the_extra_runner_is_woken_for_an_owner_without_a_run() {
    check(|| {
        let (place, a, b) = (Place::new(1, 2), line(single()), line(single()));
        let runners = together(&place, 2);
        place.finish(runners.into_iter().chain([place.submitter(&a, 0..1), place.submitter(&b, 1..2)]));
    });
}

/// As many runners, whose first runs can only end together.
fn together(place: &Place, num_runners: usize) -> Vec<JoinHandle<()>> {
    let barrier = Arc::new(shuttle::sync::Barrier::new(num_runners));
    let runner = |barrier: Arc<shuttle::sync::Barrier>| {
        place.runner_for(FOREVER, move |_| {
            barrier.wait();
        })
    };
    (0..num_runners).map(|_| runner(barrier.clone())).collect()
}

#[test]
fn the_end_of_a_run_wakes_runners() {
    check(|| {
        let limited = Policy { max_in_flight_batches: Some(1), ..single() };
        let (place, a, b) = (Place::new(1, 6), line(single()), line(limited));
        let submitters = [place.submitter(&a, 0..3), place.submitter(&b, 3..6)];
        place.finish([place.runner(false), place.runner(true)].into_iter().chain(submitters));
    });
}

#[test]
fn a_limit_of_runs_holds_nothing_back_for_good() {
    check(|| {
        let (place, line) = (Place::new(3, 4), line(Policy { max_in_flight_batches: Some(1), ..single() }));
        let submitter = place.submitter(&line, 0..4);
        place.finish((0..3).map(|n| place.runner(n == 0)).chain([submitter]));
    });
}

/// Has time pass while `submitters` are at work, and then until the longest timeout of a test is over.
fn clock(submitters: impl IntoIterator<Item = JoinHandle<()>> + Send + 'static) -> JoinHandle<()> {
    thread::spawn(|| {
        pass(ms(5));
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        for _ in 0..6 {
            pass(ms(5));
            thread::yield_now();
        }
    })
}

#[test]
fn a_batch_that_waits_for_its_time_is_taken_then() {
    check(|| {
        let (place, a, b) = (Place::new(2, 3), line(fixed()), line(Policy { batch_timeout: ms(20), ..fixed() }));
        let submitters = [place.submitter(&a, 0..2), place.submitter(&b, 2..3)];
        let runners = [place.runner(false), place.runner(false)];
        place.finish(runners.into_iter().chain([clock(submitters)]));
    });
}

#[test]
fn a_runner_that_leaves_hands_the_watch_for_the_time_on() {
    check(|| {
        let (place, line) = (Place::new(2, 1), line(fixed()));
        place.scheduler.submit([job(&line, 0, 1)]);
        // It may be the one to look when the time has come, but it leaves before.
        let short = place.runner_for(ms(5), |_| ());
        place.finish([short, place.runner(false), clock([])]);
    });
}

#[test]
fn closing_wakes_runners_for_what_waits() {
    check(|| {
        let (place, line) = (Place::new(2, 2), line(Policy { batch_timeout: FOREVER, ..fixed() }));
        let submitter = place.submitter(&line, 0..2);
        let closer = thread::spawn({
            let scheduler = place.scheduler.clone();
            move || scheduler.close()
        });
        place.finish([place.runner(false), place.runner(false), submitter, closer]);
    });
}

#[test]
fn stopping_ends_every_runner_and_hands_back_the_rest() {
    check(|| {
        let (place, line) = (Place::new(1, 4), line(single()));
        let submitter = place.submitter(&line, 0..4);
        let stopper = thread::spawn({
            let place = place.clone();
            move || place.done(&place.scheduler.stop())
        });
        place.finish([place.runner(false), place.runner(false), submitter, stopper]);
    });
}
