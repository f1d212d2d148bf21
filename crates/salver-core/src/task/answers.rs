//! Where answers go.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::status::Status;
use crate::tensor::Tensor;

/// The answer to a task: one tensor per asked output, in that order.
pub type Outcome = Result<Vec<Tensor>, Status>;

/// Where answers are collected; one per event loop or blocking caller.
pub trait Mailbox: Send + Sync {
    /// Takes all of `answers`: (slot, outcome). Called from any thread, once for a list, so that it wakes its owner once.
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>);
}

/// A mailbox and the slot in it that waits for an answer.
pub struct ReplyTo {
    /// Whose answer it is.
    pub mailbox: Arc<dyn Mailbox>,
    /// Meaningful to the mailbox alone.
    pub slot: u64,
}

impl ReplyTo {
    /// Delivers this answer alone.
    pub(super) fn deliver(self, outcome: Outcome) {
        self.mailbox.deliver(&mut vec![(self.slot, outcome)]);
    }
}

/// Takes the parts of an answer that is streamed, in order.
pub trait PartSink: Send + Sync {
    /// Hands over one part: one tensor per asked output. Waits while the caller is behind; false when it has gone.
    fn send(&self, outputs: Vec<Tensor>) -> bool;
}

/// Answers that are delivered together: one wake-up per mailbox, not one per answer.
#[derive(Default)]
pub struct Answers {
    by_mailbox: SmallVec<[Bundle; 2]>,
}

/// A mailbox and what is to be put into it.
type Bundle = (Arc<dyn Mailbox>, Vec<(u64, Outcome)>);

impl Answers {
    pub(super) fn push(&mut self, reply: ReplyTo, outcome: Outcome) {
        let same = |(mailbox, _): &&mut Bundle| Arc::ptr_eq(mailbox, &reply.mailbox);
        match self.by_mailbox.iter_mut().find(same) {
            Some((_, list)) => list.push((reply.slot, outcome)),
            None => self.by_mailbox.push((reply.mailbox, vec![(reply.slot, outcome)])),
        }
    }

    /// Hands every answer over.
    pub fn flush(&mut self) {
        for (mailbox, list) in &mut self.by_mailbox {
            if !list.is_empty() {
                mailbox.deliver(list);
                list.clear();
            }
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.flush();
    }
}
