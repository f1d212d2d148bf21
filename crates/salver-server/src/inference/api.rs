//! The kinds of inference, and how each is named.

/// What a client can ask of a servable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// Tensors by name in, tensors by name out.
    Predict,
    /// The same, answered in parts.
    PredictStreamed,
    /// Examples in, classes out.
    Classify,
    /// Examples in, values out.
    Regress,
    /// Several classifications and regressions of the same examples.
    MultiInference,
    /// Graph tensors in and out.
    SessionRun,
}

impl Api {
    /// The APIs whose requests can be replayed, by the name that a log of them has.
    pub fn named(name: &str) -> Option<Api> {
        Some(match name {
            "predict" => Api::Predict,
            "classify" => Api::Classify,
            "regress" => Api::Regress,
            "multi_inference" => Api::MultiInference,
            _ => return None,
        })
    }

    /// Its name in logs and traces: that of the gRPC method.
    pub fn name(self) -> &'static str {
        match self {
            Api::Predict => "Predict",
            Api::PredictStreamed => "PredictStreamed",
            Api::Classify => "Classify",
            Api::Regress => "Regress",
            Api::MultiInference => "MultiInference",
            Api::SessionRun => "SessionRun",
        }
    }

    /// The API behind a gRPC method.
    pub(crate) fn of_grpc_path(path: &str) -> Option<Api> {
        Some(match path {
            "/tensorflow.serving.PredictionService/Predict" => Api::Predict,
            "/tensorflow.serving.PredictionService/PredictStreamed" => Api::PredictStreamed,
            "/tensorflow.serving.PredictionService/Classify" => Api::Classify,
            "/tensorflow.serving.PredictionService/Regress" => Api::Regress,
            "/tensorflow.serving.PredictionService/MultiInference" => Api::MultiInference,
            "/tensorflow.serving.SessionService/SessionRun" => Api::SessionRun,
            _ => return None,
        })
    }

    /// The API behind the verb of a REST path, in letters of any case as the rest of the path.
    pub(crate) fn of_verb(verb: &str) -> Option<Api> {
        let verbs = [("predict", Api::Predict), ("classify", Api::Classify), ("regress", Api::Regress)];
        verbs.into_iter().find_map(|(name, api)| verb.eq_ignore_ascii_case(name).then_some(api))
    }
}
