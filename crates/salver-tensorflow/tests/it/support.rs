//! What the tests share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use salver_core::{BatchInput, Call, DType, Executor, Shape, Signature, Status, Tensor, TensorData};
use salver_tensorflow::{LoadOptions, Runtime, SavedModel};

/// File names of TensorFlow's libraries, dependencies first.
pub(crate) const LIBRARIES: [&str; 2] = ["libtensorflow_framework.so.2", "libtensorflow_cc.so.2"];

/// The folder with TensorFlow's libraries.
pub(crate) fn library_folder() -> PathBuf {
    let folder = std::env::var_os("SALVER_TENSORFLOW_LIB");
    folder.map(PathBuf::from).expect(
        "set SALVER_TENSORFLOW_LIB to the folder `tensorflow` of an installed wheel tensorflow-cpu; `make test` does so",
    )
}

/// TensorFlow, opened once for all tests.
pub(crate) fn runtime() -> &'static Arc<Runtime> {
    static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let libraries = LIBRARIES.map(|name| library_folder().join(name));
        Runtime::open(&libraries).expect("TensorFlow opens")
    })
}

/// Folder of a model made by `tests/data/make_models.py`, for example `mlp/1`.
pub(crate) fn model_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/models").join(name)
}

/// Loads a model with these options.
pub(crate) fn load_with(name: &str, options: &LoadOptions) -> Result<SavedModel, Status> {
    SavedModel::load(runtime(), &model_folder(name), options)
}

/// Loads a model as a server does by default.
pub(crate) fn load(name: &str) -> SavedModel {
    load_with(name, &LoadOptions::default()).expect("the model loads")
}

/// The error of a load that must fail.
pub(crate) fn load_error(name: &str, options: &LoadOptions) -> Status {
    load_with(name, options).err().expect("the load fails")
}

/// The signature called `name`.
pub(crate) fn signature<'a>(model: &'a SavedModel, name: &str) -> &'a Signature {
    model.signatures().iter().find(|signature| &*signature.name == name).expect("the signature exists")
}

/// Runs one tensor for each input, all outputs.
pub(crate) fn run(model: &SavedModel, name: &str, inputs: &[Tensor]) -> Result<Vec<Tensor>, Status> {
    let signature = signature(model, name);
    let inputs: Vec<_> = inputs.iter().cloned().map(BatchInput::single).collect();
    let outputs: Vec<_> = (0..signature.outputs.len()).collect();
    model.run(&Call::new(signature, &inputs, &outputs))
}

/// A float tensor.
pub(crate) fn floats(shape: &[i64], values: &[f32]) -> Tensor {
    fixed(DType::Float, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// A tensor of a fixed-size type.
pub(crate) fn fixed(dtype: DType, shape: &[i64], bytes: Vec<u8>) -> Tensor {
    Tensor::new(dtype, Shape::from_slice(shape), TensorData::Fixed(bytes.into())).expect("bytes fit the shape")
}

/// A string tensor.
pub(crate) fn texts(shape: &[i64], texts: &[&[u8]]) -> Tensor {
    let texts = texts.iter().map(|text| Bytes::copy_from_slice(text)).collect();
    Tensor::new(DType::String, Shape::from_slice(shape), TensorData::Strings(texts)).expect("texts fit the shape")
}

/// The elements of a float tensor.
pub(crate) fn float_values(tensor: &Tensor) -> Vec<f32> {
    assert_eq!(tensor.dtype(), DType::Float);
    bytes(tensor).chunks_exact(4).map(|chunk| f32::from_le_bytes(chunk.try_into().expect("four bytes"))).collect()
}

/// The memory of a tensor of a fixed-size type.
pub(crate) fn bytes(tensor: &Tensor) -> &[u8] {
    match tensor.data() {
        TensorData::Fixed(bytes) => bytes,
        TensorData::Strings(_) => panic!("a string tensor"),
    }
}

/// A copy of a model in a folder of its own, removed on drop.
pub(crate) struct CopiedModel(pub(crate) PathBuf);

impl CopiedModel {
    /// Copies the model called `name`; `case` tells apart copies of the same model.
    pub(crate) fn new(name: &str, case: &str) -> Self {
        let target = std::env::temp_dir().join(format!("salver-{}-{case}", std::process::id()));
        copy_folder(&model_folder(name), &target);
        Self(target)
    }
}

impl Drop for CopiedModel {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder is made");
    for entry in std::fs::read_dir(from).expect("a folder is read") {
        let entry = entry.expect("an entry is read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file is copied");
        }
    }
}
