//! How a SavedModel is loaded and run.

use std::time::Duration;

use smallvec::SmallVec;

use crate::proto::{put_bytes, put_int};

/// Tag of meta graphs that are meant to be served.
const SERVING_TAG: &str = "serve";

/// TensorFlow's name for the executor that runs one operation after the other.
const SINGLE_THREADED_EXECUTOR: &[u8] = b"SINGLE_THREADED_EXECUTOR";

/// Where the operations of a run are scheduled. Kernels of large operations share TensorFlow's intra-op pool in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunPlace {
    /// In the caller's thread while runs of a signature are short, on the pool once they are measured to be long.
    #[default]
    Auto,
    /// In the thread that calls: no hand-over between threads, several times faster for small models. A run that has
    /// begun goes on past its deadline.
    Caller,
    /// On TensorFlow's inter-op pool: independent branches of a graph run side by side, and a run ends at its deadline.
    Pool,
}

/// Which of TensorFlow's executors walks the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExecutorChoice {
    /// The single-threaded one where the model allows it, unless runs are to be on the pool; else the general one.
    #[default]
    Auto,
    /// The general one, which can run every graph.
    General,
    /// The single-threaded one, the cheapest for graphs of many small operations. It always runs in the caller's
    /// thread, whatever the run place. A model that it cannot run fails to load.
    SingleThreaded,
}

/// Options of one load; none changes afterwards.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The tag set that a meta graph must have, in any order. `["serve"]` unless set.
    pub tags: Vec<String>,
    /// Threads that one operation may use; `None` for one per core. TensorFlow has one such pool for the whole
    /// process: the first model loaded decides.
    pub intra_op_threads: Option<u32>,
    /// Threads of the inter-op pool; `None` for one per core. One pool for the process, as above.
    pub inter_op_threads: Option<u32>,
    /// Where runs are scheduled.
    pub run_place: RunPlace,
    /// Which executor is used.
    pub executor: ExecutorChoice,
    /// A serialized `tensorflow.ConfigProto`. Its fields win over the executor; the thread counts above win over it.
    pub config_proto: Option<Vec<u8>>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            tags: vec![SERVING_TAG.to_owned()],
            intra_op_threads: None,
            inter_op_threads: None,
            run_place: RunPlace::default(),
            executor: ExecutorChoice::default(),
            config_proto: None,
        }
    }
}

/// An executor, chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Executor {
    General,
    SingleThreaded,
}

impl LoadOptions {
    /// The executor to begin with for a model of which `needs_general` is known.
    pub(crate) fn first_executor(&self, needs_general: bool) -> Executor {
        match (self.executor, self.run_place) {
            (ExecutorChoice::SingleThreaded, _) => Executor::SingleThreaded,
            (ExecutorChoice::Auto, RunPlace::Auto | RunPlace::Caller) if !needs_general => Executor::SingleThreaded,
            _ => Executor::General,
        }
    }

    /// The serialized `ConfigProto`. Later fields win where messages are joined.
    pub(crate) fn session_config(&self, executor: Executor) -> Vec<u8> {
        let mut config = Vec::new();
        put_int(&mut config, 7, 1); // allow_soft_placement
        put_bytes(&mut config, 16, &experimental_config(executor));
        config.extend_from_slice(self.config_proto.as_deref().unwrap_or_default());
        if let Some(threads) = self.intra_op_threads {
            put_int(&mut config, 2, threads.into());
        }
        if let Some(threads) = self.inter_op_threads {
            put_int(&mut config, 5, threads.into());
        }
        config
    }
}

fn experimental_config(executor: Executor) -> Vec<u8> {
    let mut experimental = Vec::new();
    if executor == Executor::SingleThreaded {
        put_bytes(&mut experimental, 3, SINGLE_THREADED_EXECUTOR);
    }
    put_int(&mut experimental, 12, 1); // optimize_for_static_graph: no second copy of the graph
    put_int(&mut experimental, 14, 1); // disable_output_partition_graphs: nor one per signature
    experimental
}

/// The serialized `RunOptions` of one run.
pub(crate) fn run_options(in_caller: bool, timeout: Option<Duration>) -> SmallVec<[u8; 24]> {
    let mut options = SmallVec::new();
    if in_caller {
        options.push(3 << 3); // inter_op_thread_pool = -1
        options.extend_from_slice(&[0xff; 9]);
        options.push(1);
    }
    if let Some(timeout) = timeout {
        options.push(2 << 3); // timeout_in_ms
        let mut rest = timeout.as_millis().clamp(1, i32::MAX as u128) as u64;
        while rest >= 0x80 {
            options.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        options.push(rest as u8);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Fields;

    fn fields(message: &[u8]) -> Vec<(u32, i64)> {
        Fields::new(message).map(|field| field.map(|(number, value)| (number, value.int())).unwrap()).collect()
    }

    #[test]
    fn run_options_name_the_place_and_the_time_left() {
        assert_eq!(fields(&run_options(false, None)), []);
        assert_eq!(fields(&run_options(true, Some(Duration::from_millis(70_000)))), [(3, -1), (2, 70_000)]);
        assert_eq!(fields(&run_options(false, Some(Duration::from_micros(1)))), [(2, 1)]);
        assert_eq!(fields(&run_options(false, Some(Duration::MAX))), [(2, i64::from(i32::MAX))]);
    }

    #[test]
    fn thread_counts_win_over_a_given_configuration() {
        let options = LoadOptions {
            config_proto: Some(vec![2 << 3, 5, 7 << 3, 0]),
            intra_op_threads: Some(1),
            ..LoadOptions::default()
        };
        let numbers = fields(&options.session_config(Executor::General));
        assert_eq!(numbers, [(7, 1), (16, 0), (2, 5), (7, 0), (2, 1)]);
    }

    #[test]
    fn the_pool_and_graphs_of_the_old_kind_get_the_general_executor() {
        let on_pool = LoadOptions { run_place: RunPlace::Pool, ..LoadOptions::default() };
        assert_eq!(on_pool.first_executor(false), Executor::General);
        assert_eq!(LoadOptions::default().first_executor(true), Executor::General);
        assert_eq!(LoadOptions::default().first_executor(false), Executor::SingleThreaded);
    }
}
