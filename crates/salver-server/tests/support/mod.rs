//! A plane with one small model, and clients that speak HTTP frame by frame, rightly or wrongly.

#![allow(dead_code)] // Each test file uses a part of it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use salver_core::batching::Policy;
use salver_core::table::{ModelRow, Runner, Snapshot, Target};
use salver_core::{Call, DType, Executor, Signature, Status, Tensor, TensorSpec};
use salver_server::{Options, Plane};

/// No test waits longer for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Answers its first input.
pub(crate) struct Echo;

impl Executor for Echo {
    fn run(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        Ok(vec![call.inputs[0].parts()[0].clone()])
    }
}

/// A vector.
pub(crate) fn spec(name: &str, dtype: DType) -> TensorSpec {
    TensorSpec { name: name.into(), runtime_name: name.into(), dtype, shape: Some(vec![-1]) }
}

/// A signature with one input and one output.
pub(crate) fn signature(name: &str, method: &str, input: TensorSpec, output: TensorSpec) -> Signature {
    let method = format!("tensorflow/serving/{method}").into();
    Signature { name: name.into(), method, inputs: vec![input], outputs: vec![output], defaults: Vec::new() }
}

/// Version 1 of model `m`.
pub(crate) fn target<const N: usize>(signatures: [Signature; N], executor: impl Executor + 'static) -> Arc<Target> {
    Arc::new(Target::new("m".into(), 1, signatures, Runner::Native(Arc::new(executor)), Policy::unbatched()))
}

/// A plane that serves this.
pub(crate) fn plane_of(options: Options, target: Arc<Target>) -> Plane {
    let plane = Plane::start(options).unwrap();
    let row = ModelRow { targets: vec![target], ..ModelRow::default() };
    plane.publish(Snapshot::new([("m".to_owned(), row)]));
    plane
}

/// A plane that serves `executor` as model `m`.
pub(crate) fn plane_with(options: Options, executor: impl Executor + 'static) -> Plane {
    let (x, y) = (spec("x", DType::Float), spec("y", DType::Float));
    plane_of(options, target([signature("serving_default", "predict", x, y)], executor))
}

/// A plane that serves [`Echo`].
pub(crate) fn plane() -> Plane {
    plane_with(Options::default(), Echo)
}

/// A connection on which nothing was said.
pub(crate) fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends `request` and returns all that comes back.
pub(crate) fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<String> {
    stream.write_all(request)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A predict request over REST, on a connection that the client would keep.
pub(crate) fn rest_predict(body: &str) -> String {
    format!("POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Kinds of HTTP/2 frames (RFC 9113 section 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const INITIAL_WINDOW_SIZE: u16 = 4;

/// One frame as it came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// What carries an HTTP/2 connection.
pub(crate) trait Socket: Read + Write + Send {}
impl<T: Read + Write + Send> Socket for T {}

/// An HTTP/2 connection that does what it is told, and answers pings and settings.
pub(crate) struct Http2 {
    socket: Box<dyn Socket>,
    next_stream: u32,
}

impl Http2 {
    /// Connects; the server may send `window` bytes on each stream.
    pub(crate) fn connect(port: u16, window: u32) -> Http2 {
        Http2::over(connect(port).unwrap(), window)
    }

    /// The same over a connection that is open already.
    pub(crate) fn over(socket: impl Socket + 'static, window: u32) -> Http2 {
        let mut client = Http2 { socket: Box::new(socket), next_stream: 1 };
        client.socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let mut setting = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
        setting.extend(window.to_be_bytes());
        client.send(SETTINGS, 0, 0, &setting);
        client
    }

    /// Sends one frame.
    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.socket.write_all(&frame).unwrap();
    }

    /// Begins a gRPC call and returns its stream.
    pub(crate) fn call(&mut self, path: &str, extra: &[(&str, &str)]) -> u32 {
        let grpc = [("content-type", "application/grpc"), ("te", "trailers")];
        let headers: Vec<_> = grpc.iter().chain(extra).copied().collect();
        self.begin("POST", path, &headers, 0)
    }

    /// Sends a request without a body and returns its stream.
    pub(crate) fn request(&mut self, method: &str, path: &str) -> u32 {
        self.begin(method, path, &[], END_STREAM)
    }

    fn begin(&mut self, method: &str, path: &str, headers: &[(&str, &str)], flags: u8) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 2;
        let mut block = Vec::new();
        let usual = [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path)];
        for (name, value) in usual.iter().chain(headers) {
            // A literal without indexing (RFC 7541 section 6.2.2).
            block.extend([0, name.len() as u8]);
            block.extend(name.as_bytes());
            block.push(value.len() as u8);
            block.extend(value.as_bytes());
        }
        self.send(HEADERS, END_HEADERS | flags, stream, &block);
        stream
    }

    /// Sends the one message of a call.
    pub(crate) fn finish(&mut self, stream: u32, message: &[u8]) {
        self.send(DATA, END_STREAM, stream, &framed(message));
    }

    /// The next frame; `None` at the end of the connection. Pings and settings are answered.
    pub(crate) fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.socket.read_exact(&mut head).ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.socket.read_exact(&mut payload).ok()?;
        if matches!(kind, SETTINGS | PING) && flags & ACK == 0 {
            let echo = if kind == PING { payload.clone() } else { Vec::new() };
            self.send(kind, ACK, 0, &echo);
        }
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }

    /// Reads up to the frame that `wanted` picks.
    pub(crate) fn read_until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        loop {
            let frame = self.read()?;
            if wanted(&frame) {
                return Some(frame);
            }
        }
    }
}

/// A message with its gRPC prefix.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend((message.len() as u32).to_be_bytes());
    framed.extend(message);
    framed
}
