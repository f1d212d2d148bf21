//! Health as Python publishes it; probes are answered from here even while Python is busy.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

/// Serving states by service name, as grpc.health.v1 numbers them.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Service name to state: 1 serving, 2 not serving.
    pub(crate) services: HashMap<String, i32>,
    /// What `/readyz` answers.
    pub(crate) is_ready: bool,
}

/// The published health; every change wakes the watchers.
#[derive(Debug)]
pub(crate) struct HealthBoard {
    sender: watch::Sender<Arc<Health>>,
}

impl Default for HealthBoard {
    fn default() -> Self {
        Self { sender: watch::Sender::new(Arc::default()) }
    }
}

impl HealthBoard {
    pub(crate) fn publish(&self, health: Health) {
        self.sender.send_replace(Arc::new(health));
    }

    pub(crate) fn current(&self) -> Arc<Health> {
        self.sender.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Health>> {
        self.sender.subscribe()
    }
}
