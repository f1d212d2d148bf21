//! Signatures of a meta graph, read from the serialized `MetaGraphDef` that TensorFlow's loader returns.
//!
//! Field numbers are those of `tensorflow/core/protobuf/meta_graph.proto`. The graph itself is skipped unread.

use std::collections::BTreeMap;

use bytes::Bytes;
use salver_core::{DType, Status};

use crate::proto::{Fields, put_bytes};

/// Fields of `MetaGraphDef` and of the entry of a protobuf map.
const META_GRAPH_SIGNATURE_DEF: u32 = 5;
const SIGNATURE_DEF_MAP_SIGNATURE_DEF: u32 = 1;

/// Every signature of a meta graph.
#[derive(Debug, Default)]
pub(crate) struct MetaGraph {
    /// Serialized `SignatureDef` by signature name.
    signatures: BTreeMap<String, Vec<u8>>,
}

/// One signature, decoded.
#[derive(Debug, Default)]
pub(crate) struct SignatureDef {
    pub(crate) inputs: BTreeMap<String, TensorInfo>,
    pub(crate) outputs: BTreeMap<String, TensorInfo>,
    pub(crate) method: String,
    /// Serialized `TensorProto` by input name.
    pub(crate) defaults: BTreeMap<String, Bytes>,
}

/// What a signature says about one input or output.
#[derive(Debug, Default)]
pub(crate) struct TensorInfo {
    pub(crate) encoding: Encoding,
    /// `None` for types that cannot be sent.
    pub(crate) dtype: Option<DType>,
    /// -1 for unknown dimensions; `None` where the rank is unknown.
    pub(crate) shape: Option<Vec<i64>>,
}

/// How the value lies in the graph.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One tensor, by name.
    Dense(String),
    /// Three tensors of a sparse one.
    Sparse,
    /// Several tensors, as a type specification says.
    Composite,
}

impl Default for Encoding {
    fn default() -> Self {
        Encoding::Dense(String::new())
    }
}

impl MetaGraph {
    /// Reads a serialized `MetaGraphDef`.
    ///
    /// # Errors
    /// DATA_LOSS for bytes that are no such message.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Status> {
        let mut graph = Self::default();
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            if number == META_GRAPH_SIGNATURE_DEF {
                let (name, signature) = map_entry(value.bytes())?;
                graph.signatures.insert(name, signature.to_vec());
            }
        }
        Ok(graph)
    }

    /// Every signature, decoded, sorted by name.
    ///
    /// # Errors
    /// DATA_LOSS for a damaged signature.
    pub(crate) fn signatures(&self) -> Result<Vec<(String, SignatureDef)>, Status> {
        self.signatures.iter().map(|(name, bytes)| Ok((name.clone(), SignatureDef::read(bytes)?))).collect()
    }

    /// The serialized `tensorflow.serving.SignatureDefMap` with every signature as the model has it.
    pub(crate) fn signature_def_map(&self) -> Bytes {
        let mut map = Vec::new();
        for (name, signature) in &self.signatures {
            let mut entry = Vec::with_capacity(name.len() + signature.len() + 12);
            put_bytes(&mut entry, 1, name.as_bytes());
            put_bytes(&mut entry, 2, signature);
            put_bytes(&mut map, SIGNATURE_DEF_MAP_SIGNATURE_DEF, &entry);
        }
        map.into()
    }
}

impl SignatureDef {
    fn read(bytes: &[u8]) -> Result<Self, Status> {
        let mut signature = Self::default();
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            match number {
                1 | 2 => {
                    let (alias, info) = map_entry(value.bytes())?;
                    let side = if number == 1 { &mut signature.inputs } else { &mut signature.outputs };
                    side.insert(alias, TensorInfo::read(info)?);
                }
                3 => signature.method = value.text(),
                4 => {
                    let (alias, tensor) = map_entry(value.bytes())?;
                    signature.defaults.insert(alias, Bytes::copy_from_slice(tensor));
                }
                _ => {}
            }
        }
        Ok(signature)
    }
}

impl TensorInfo {
    fn read(bytes: &[u8]) -> Result<Self, Status> {
        let mut info = Self { shape: Some(Vec::new()), ..Self::default() };
        for field in Fields::new(bytes) {
            let (number, value) = field?;
            match number {
                1 => info.encoding = Encoding::Dense(value.text()),
                2 => info.dtype = i32::try_from(value.int()).ok().and_then(DType::from_number),
                3 => info.shape = read_shape(value.bytes())?,
                4 => info.encoding = Encoding::Sparse,
                5 => info.encoding = Encoding::Composite,
                _ => {}
            }
        }
        Ok(info)
    }
}

/// Dimensions of a `TensorShapeProto`, or `None` for an unknown rank.
fn read_shape(bytes: &[u8]) -> Result<Option<Vec<i64>>, Status> {
    let mut shape = Some(Vec::new());
    for field in Fields::new(bytes) {
        match field? {
            (2, dim) => {
                let size = read_dim(dim.bytes())?;
                shape = shape.map(|mut dims| {
                    dims.push(size);
                    dims
                });
            }
            (3, unknown_rank) if unknown_rank.int() != 0 => shape = None,
            _ => {}
        }
    }
    Ok(shape)
}

fn read_dim(bytes: &[u8]) -> Result<i64, Status> {
    let mut size = 0;
    for field in Fields::new(bytes) {
        if let (1, value) = field? {
            size = value.int();
        }
    }
    Ok(size)
}

/// Key and value of one entry of a map from string to message.
fn map_entry(bytes: &[u8]) -> Result<(String, &[u8]), Status> {
    let mut entry = (String::new(), &[][..]);
    for field in Fields::new(bytes) {
        match field? {
            (1, key) => entry.0 = key.text(),
            (2, value) => entry.1 = value.bytes(),
            _ => {}
        }
    }
    Ok(entry)
}
