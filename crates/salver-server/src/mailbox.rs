//! How answers come back to an event loop: collected by runners, taken once per wake-up.
//!
//! Waking the loop for each answer costs more than the rest of a request (a system call each). Runners push a list; the
//! loop is woken only when the mailbox was empty; from there on the wake-ups are the loop's own.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use salver_core::requests::{Progress, Protocol};
use salver_core::task::{Mailbox, Outcome};
use slab::Slab;
use tokio::sync::Notify;

use crate::running::RunningRequest;

/// The side that runners see.
#[derive(Default)]
pub(crate) struct LoopMailbox {
    answers: Mutex<Vec<(u64, Outcome)>>,
    has_answers: Notify,
}

impl Mailbox for LoopMailbox {
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>) {
        let mut waiting = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = waiting.is_empty();
        waiting.append(answers);
        drop(waiting);
        if was_empty {
            self.has_answers.notify_one();
        }
    }
}

impl LoopMailbox {
    /// Waits for answers and moves them into `batch`.
    pub(crate) async fn take(&self, batch: &mut Vec<(u64, Outcome)>) {
        loop {
            std::mem::swap(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner), batch);
            if !batch.is_empty() {
                return;
            }
            self.has_answers.notified().await;
        }
    }
}

enum Slot {
    Waiting(Option<Waker>),
    Answered(Outcome),
}

/// A place for an answer.
struct Place {
    generation: u32,
    slot: Slot,
    /// Of what is to be answered, once that is known.
    request: Option<(Arc<Progress>, Protocol)>,
}

/// The side of one event loop: who waits for which answer. A slot number is never used twice.
#[derive(Default)]
pub(crate) struct Slots {
    table: RefCell<Slab<Place>>,
    generation: RefCell<u32>,
}

impl Slots {
    /// A free slot and its number.
    pub(crate) fn reserve(&self) -> u64 {
        let mut generation = self.generation.borrow_mut();
        *generation = generation.wrapping_add(1);
        let place = Place { generation: *generation, slot: Slot::Waiting(None), request: None };
        let index = self.table.borrow_mut().insert(place);
        (u64::from(*generation) << 32) | index as u64
    }

    /// Stores an answer and wakes its waiter; one for a slot that was given up is dropped.
    pub(crate) fn answer(&self, number: u64, outcome: Outcome) {
        let mut table = self.table.borrow_mut();
        let Some(place) = table.get_mut(index_of(number)) else { return };
        if place.generation != (number >> 32) as u32 {
            return;
        }
        if let Slot::Waiting(Some(waker)) = std::mem::replace(&mut place.slot, Slot::Answered(outcome)) {
            drop(table);
            waker.wake();
        }
    }

    /// How many requests wait for an answer, and the `most` oldest of them, in no order.
    pub(crate) fn oldest(&self, most: usize) -> (usize, Vec<RunningRequest>) {
        let table = self.table.borrow();
        let mut requests: Vec<_> = table.iter().filter_map(|(_, place)| place.request.as_ref()).collect();
        let total = requests.len();
        if most < total {
            requests.select_nth_unstable_by_key(most, |(progress, _)| progress.queued());
            requests.truncate(most);
        }
        let now = Instant::now();
        (
            total,
            requests.into_iter().map(|(progress, protocol)| RunningRequest::new(progress, *protocol, now)).collect(),
        )
    }

    fn poll(&self, number: u64, context: &Context<'_>) -> Poll<Outcome> {
        let mut table = self.table.borrow_mut();
        let index = index_of(number);
        if let Slot::Waiting(waker) = &mut table[index].slot {
            *waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        match table.remove(index).slot {
            Slot::Answered(outcome) => Poll::Ready(outcome),
            Slot::Waiting(_) => Poll::Pending,
        }
    }
}

fn index_of(number: u64) -> usize {
    (number & u64::from(u32::MAX)) as usize
}

/// Waits for the answer in a slot. Dropping it first tells the scheduler that nobody waits any more.
pub(crate) struct Answer<'a> {
    slots: &'a Slots,
    number: u64,
    is_done: bool,
}

impl<'a> Answer<'a> {
    /// Waits on `number`, reserved from `slots`, for the answer to a request of this protocol that comes so far.
    pub(crate) fn new(slots: &'a Slots, number: u64, progress: Arc<Progress>, protocol: Protocol) -> Self {
        slots.table.borrow_mut()[index_of(number)].request = Some((progress, protocol));
        Self { slots, number, is_done: false }
    }
}

impl Future for Answer<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let polled = self.slots.poll(self.number, context);
        self.is_done = polled.is_ready();
        polled
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if !self.is_done
            && let Some((progress, _)) = self.slots.table.borrow_mut().remove(index_of(self.number)).request
        {
            progress.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use salver_core::requests::{Company, Phase, VersionStats};

    use super::*;

    #[test]
    fn the_oldest_that_wait_are_told_until_they_are_answered_or_given_up() {
        let version = VersionStats::new("m".into(), 3, ["s".into()]);
        let slots = Slots::default();
        let progress: Vec<_> = (0..3).map(|_| Arc::new(Progress::new(version.signature("s").clone()))).collect();
        let mut answers: Vec<_> = progress
            .iter()
            .map(|progress| Answer::new(&slots, slots.reserve(), progress.clone(), Protocol::Grpc))
            .collect();
        progress[0].batch(Instant::now(), Company { num_requests: 2, num_rows: 8 });
        let (total, oldest) = slots.oldest(1);
        assert_eq!((total, oldest.len()), (3, 1));
        assert_eq!((&*oldest[0].model, oldest[0].version, &*oldest[0].signature), ("m", 3, "s"));
        assert_eq!((oldest[0].phase, oldest[0].company.num_rows), (Phase::Batch, 8));
        progress[0].begin_run(Instant::now());
        assert_eq!(slots.oldest(1).1[0].phase, Phase::Run);
        progress[0].end_run(Instant::now());
        assert_eq!(slots.oldest(1).1[0].phase, Phase::Encode);
        drop(answers.remove(0));
        assert!(progress[0].is_abandoned());
        assert_eq!(slots.oldest(9).0, 2);
        assert!(slots.oldest(9).1.iter().all(|request| request.phase == Phase::Queue));
    }
}
