//! Calls that Python answers: one control call per message.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::{Request, Response};
use salver_core::{Code, Status};
use tokio::sync::{mpsc, oneshot};

use crate::body::ServerBody;
use crate::control::{ControlAnswer, ControlCall, Protocol};
use crate::event_loop::{LoopContext, spawn_with};
use crate::grpc::{framing, ok_trailers, status_trailers, timeout, with_headers};

const MAX_PENDING_MESSAGES: usize = 4;

/// Marks a call as abandoned when its caller goes.
pub(crate) struct AbandonGuard(pub(crate) Arc<AtomicBool>);

impl Drop for AbandonGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers a unary call with the framed message that Python gives.
pub(crate) async fn unary(context: &Rc<LoopContext>, request: Request<Incoming>) -> Result<Bytes, Status> {
    let (head, body) = request.into_parts();
    let deadline = timeout::deadline(&head.headers)?;
    let message = framing::read_unary(context, &head.headers, body).await?;
    ask(context, head.uri.path(), message, deadline).await
}

/// Answers a stream in which each message gets one answer.
pub(crate) fn stream(context: &Rc<LoopContext>, request: Request<Incoming>) -> Response<ServerBody> {
    let (sender, receiver) = mpsc::channel(MAX_PENDING_MESSAGES);
    spawn_with(context, |context| async move {
        let trailers = match answer_each(&context, request, &sender).await {
            Ok(()) => ok_trailers(),
            Err(status) => status_trailers(&status),
        };
        let _gone = sender.send(Frame::trailers(trailers)).await;
    });
    with_headers(ServerBody::Stream(receiver))
}

async fn answer_each(
    context: &LoopContext,
    request: Request<Incoming>,
    frames: &mpsc::Sender<Frame<Bytes>>,
) -> Result<(), Status> {
    let (head, body) = request.into_parts();
    let deadline = timeout::deadline(&head.headers)?;
    let mut messages = framing::Messages::new(context, &head.headers, body)?;
    while let Some(message) = messages.next(context).await? {
        let answer = ask(context, head.uri.path(), message, deadline).await?;
        if frames.send(Frame::data(answer)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn ask(context: &LoopContext, path: &str, body: Bytes, deadline: Option<Instant>) -> Result<Bytes, Status> {
    let (reply, answer) = oneshot::channel();
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let _guard = AbandonGuard(is_abandoned.clone());
    context.shared.control.push(ControlCall {
        protocol: Protocol::Grpc,
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body,
        deadline,
        is_abandoned,
        reply,
    });
    let waited = match deadline {
        None => answer.await,
        Some(at) => tokio::time::timeout_at(at.into(), answer).await.map_err(|_elapsed| {
            Status::new(Code::DeadlineExceeded, "The deadline passed before the answer was ready.")
        })?,
    };
    match waited {
        Ok(Ok(ControlAnswer::Message(message))) => Ok(framing::frame(&message)),
        Ok(Ok(ControlAnswer::Http { .. })) => Err(Status::internal("A gRPC call was answered in HTTP form.")),
        Ok(Err(status)) => Err(status),
        Err(_dropped) => Err(Status::internal("The call was dropped without an answer.")),
    }
}
