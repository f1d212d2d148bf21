//! How answers come back to an event loop: collected by runners, taken once per wake-up.
//!
//! Waking the loop for each answer costs more than the rest of a request (a system call each). Runners push a list; the
//! loop is woken only when the mailbox was empty; from there on the wake-ups are the loop's own.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use salver_core::requests::Progress;
use salver_core::task::{Mailbox, Outcome};
use slab::Slab;
use tokio::sync::Notify;

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

/// The side of one event loop: who waits for which answer. A slot number is never used twice.
#[derive(Default)]
pub(crate) struct Slots {
    table: RefCell<Slab<(u32, Slot)>>,
    generation: RefCell<u32>,
}

impl Slots {
    /// A free slot and its number.
    pub(crate) fn reserve(&self) -> u64 {
        let mut generation = self.generation.borrow_mut();
        *generation = generation.wrapping_add(1);
        let index = self.table.borrow_mut().insert((*generation, Slot::Waiting(None)));
        (u64::from(*generation) << 32) | index as u64
    }

    /// Stores an answer and wakes its waiter; one for a slot that was given up is dropped.
    pub(crate) fn answer(&self, number: u64, outcome: Outcome) {
        let mut table = self.table.borrow_mut();
        let Some((generation, slot)) = table.get_mut(index_of(number)) else { return };
        if *generation != (number >> 32) as u32 {
            return;
        }
        if let Slot::Waiting(Some(waker)) = std::mem::replace(slot, Slot::Answered(outcome)) {
            drop(table);
            waker.wake();
        }
    }

    fn poll(&self, number: u64, context: &Context<'_>) -> Poll<Outcome> {
        let mut table = self.table.borrow_mut();
        let index = index_of(number);
        if let (_, Slot::Waiting(waker)) = &mut table[index] {
            *waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        match table.remove(index).1 {
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
    progress: Arc<Progress>,
    is_done: bool,
}

impl<'a> Answer<'a> {
    /// Waits on `number`, reserved from `slots`.
    pub(crate) fn new(slots: &'a Slots, number: u64, progress: Arc<Progress>) -> Self {
        Self { slots, number, progress, is_done: false }
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
        if !self.is_done {
            self.progress.abandon();
            self.slots.table.borrow_mut().remove(index_of(self.number));
        }
    }
}
