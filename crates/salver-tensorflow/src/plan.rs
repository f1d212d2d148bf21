//! How one signature is run: which tensors of the graph are fed and fetched, resolved once at load.

use salver_core::{BatchInput, Call, DType, Shape, Status, Tensor, TensorData, TensorSpec};
use smallvec::SmallVec;

use crate::api::TfOutput;
use crate::session::Session;
use crate::tensor::TensorHandle;

/// The resolved names of one signature.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Distinct tensors to feed, each with the position of the input that gives its value.
    feeds: Vec<(TfOutput, usize)>,
    /// Pairs of inputs that are the same tensor, which can only be fed once: the one fed, the other.
    twins: Vec<(usize, usize)>,
    /// Distinct tensors to fetch.
    fetches: Vec<TfOutput>,
    /// For each output where its value comes from.
    sources: Vec<Source>,
    /// Operations that run beside the fetches.
    targets: Vec<TfOutput>,
}

/// Where the value of an output comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// This position of `fetches`.
    Fetch(usize),
    /// The input itself: TensorFlow refuses to fetch a tensor that is fed.
    Input(usize),
}

impl Plan {
    /// Looks up every tensor of a signature.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a name that the graph does not have.
    pub(crate) fn new(session: &Session, inputs: &[TensorSpec], outputs: &[TensorSpec]) -> Result<Self, Status> {
        let mut plan = Self::default();
        for (at, spec) in inputs.iter().enumerate() {
            let tensor = find(session, spec, "input")?;
            match plan.feeds.iter().find(|(fed, _)| *fed == tensor) {
                Some(&(_, first)) => plan.twins.push((first, at)),
                None => plan.feeds.push((tensor, at)),
            }
        }
        for spec in outputs {
            let source = plan.source(find(session, spec, "output")?);
            plan.sources.push(source);
        }
        Ok(plan)
    }

    /// The plan with operations to run besides.
    pub(crate) fn with_targets(self, targets: Vec<TfOutput>) -> Self {
        Self { targets, ..self }
    }

    fn source(&mut self, tensor: TfOutput) -> Source {
        if let Some(&(_, input)) = self.feeds.iter().find(|(fed, _)| *fed == tensor) {
            return Source::Input(input);
        }
        let at = self.fetches.iter().position(|fetch| *fetch == tensor).unwrap_or_else(|| {
            self.fetches.push(tensor);
            self.fetches.len() - 1
        });
        Source::Fetch(at)
    }

    /// Runs `call` with these serialized `RunOptions`.
    ///
    /// # Errors
    /// TensorFlow's; INVALID_ARGUMENT for two values of one tensor; INTERNAL where the call does not fit the signature.
    pub(crate) fn run(&self, session: &Session, call: &Call<'_>, options: &[u8]) -> Result<Vec<Tensor>, Status> {
        self.check(call)?;
        let mut wanted: SmallVec<[usize; 8]> = call.outputs.iter().filter_map(|&at| self.fetch_of(at)).collect();
        // TensorFlow compiles the graph once for each list of fetches: one order for every request keeps them few.
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() && !call.outputs.is_empty() {
            return call.outputs.iter().map(|&at| self.answer(at, call.inputs, &[], &[])).collect();
        }
        let values = self.values(session, call.inputs)?;
        let feeds: SmallVec<[TfOutput; 8]> = self.feeds.iter().map(|(tensor, _)| *tensor).collect();
        let fetches: SmallVec<[TfOutput; 8]> = wanted.iter().map(|&at| self.fetches[at]).collect();
        call.joined();
        let results = session.run(options, &feeds, &values, &fetches, &self.targets)?;
        let results = results.into_iter().map(TensorHandle::into_tensor).collect::<Result<Vec<_>, _>>()?;
        let in_order = call.outputs.len() == wanted.len()
            && call.outputs.iter().zip(&wanted).all(|(&at, &fetch)| self.fetch_of(at) == Some(fetch));
        if in_order {
            return Ok(results);
        }
        call.outputs.iter().map(|&at| self.answer(at, call.inputs, &wanted, &results)).collect()
    }

    /// Lets TensorFlow compile this signature without running any of it.
    ///
    /// The session compiles what a run needs, then checks the types of the fed values, then runs: feeding values of
    /// a wrong type stops it in between. `None` where there is nothing to feed or to fetch.
    pub(crate) fn compile(&self, session: &Session, options: &[u8]) -> Option<Status> {
        if self.feeds.is_empty() || self.fetches.is_empty() {
            return None;
        }
        let feeds: Vec<TfOutput> = self.feeds.iter().map(|(tensor, _)| *tensor).collect();
        let values = feeds.iter().map(|tensor| mistyped(session, *tensor)).collect::<Result<Vec<_>, _>>();
        match values {
            Ok(values) => session.run(options, &feeds, &values, &self.fetches, &self.targets).err(),
            Err(error) => Some(error),
        }
    }

    fn fetch_of(&self, output: usize) -> Option<usize> {
        match self.sources[output] {
            Source::Fetch(at) => Some(at),
            Source::Input(_) => None,
        }
    }

    fn values(&self, session: &Session, inputs: &[BatchInput]) -> Result<SmallVec<[TensorHandle; 8]>, Status> {
        self.feeds.iter().map(|&(_, input)| session.feed(&inputs[input])).collect()
    }

    fn answer(
        &self,
        output: usize,
        inputs: &[BatchInput],
        wanted: &[usize],
        results: &[Tensor],
    ) -> Result<Tensor, Status> {
        match self.sources[output] {
            Source::Input(at) => inputs[at].joined(),
            Source::Fetch(at) => wanted
                .binary_search(&at)
                .map(|position| results[position].clone())
                .map_err(|_| Status::internal("a fetched tensor was not computed")),
        }
    }

    fn check(&self, call: &Call<'_>) -> Result<(), Status> {
        let num_inputs = self.feeds.len() + self.twins.len();
        if call.inputs.len() != num_inputs || call.outputs.iter().any(|&at| at >= self.sources.len()) {
            return Err(Status::internal(format!("the call does not fit signature {}", call.signature.name)));
        }
        for &(fed, other) in &self.twins {
            if call.inputs[fed].joined()? != call.inputs[other].joined()? {
                let name = |at: usize| call.signature.inputs.get(at).map_or("?", |spec| &*spec.name);
                return Err(Status::invalid_argument(format!(
                    "inputs {} and {} of signature {} are one tensor of the graph and need equal values",
                    name(fed),
                    name(other),
                    call.signature.name,
                )));
            }
        }
        Ok(())
    }
}

/// A value of a type that `tensor` does not have.
fn mistyped(session: &Session, tensor: TfOutput) -> Result<TensorHandle, Status> {
    let is_float = session.element_type(tensor) == DType::Float.number();
    let dtype = if is_float { DType::Bool } else { DType::Float };
    let zero = Tensor::new(dtype, Shape::new(), TensorData::Fixed(vec![0; dtype.size()].into()))?;
    session.feed(&BatchInput::single(zero))
}

fn find(session: &Session, spec: &TensorSpec, side: &str) -> Result<TfOutput, Status> {
    session.tensor(&spec.runtime_name).ok_or_else(|| {
        Status::invalid_argument(format!(
            "{side} {} is tensor {:?}, which the graph does not have",
            spec.name, spec.runtime_name
        ))
    })
}
