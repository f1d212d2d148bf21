//! Calls that Python answers: one control call per message.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::{Request, Response};
use salver_core::Status;
use tokio::sync::{mpsc, oneshot};

use crate::body::ServerBody;
use crate::control::{ControlAnswer, ControlCall, Protocol};
use crate::event_loop::{LoopContext, Port, spawn_with};
use crate::grpc::{Frames, drive, framing, shutting_down, timeout, with_headers};
use crate::predict::within;

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
    within(deadline, async {
        let message = framing::read_unary(context, &head.headers, body).await?;
        ask(context, head.uri.path(), message, deadline).await
    })
    .await
}

/// Answers a stream in which each message gets one answer.
///
/// # Errors
/// INVALID_ARGUMENT for a timeout that cannot be read.
pub(crate) fn stream(context: &Rc<LoopContext>, request: Request<Incoming>) -> Result<Response<ServerBody>, Status> {
    let deadline = timeout::deadline(request.headers())?;
    let (sender, receiver) = mpsc::channel(MAX_PENDING_MESSAGES);
    spawn_with(context, |context| async move {
        drive(deadline, &sender, answer_each(&context, request, deadline, &sender)).await;
    });
    Ok(with_headers(ServerBody::Stream(receiver)))
}

async fn answer_each(
    context: &LoopContext,
    request: Request<Incoming>,
    deadline: Option<Instant>,
    frames: &Frames,
) -> Result<(), Status> {
    let (head, body) = request.into_parts();
    let mut messages = framing::Messages::new(&head.headers, body)?;
    loop {
        let message = tokio::select! {
            biased;
            message = messages.next(context) => message?,
            // An open stream would hold up the drain; what was asked on it is answered first.
            () = context.shared.closing(Port::Grpc) => return Err(shutting_down()),
        };
        let Some(message) = message else { return Ok(()) };
        let answer = ask(context, head.uri.path(), message, deadline).await?;
        if frames.send(Frame::data(answer)).await.is_err() {
            return Ok(());
        }
    }
}

/// Dropping the future abandons the call.
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
    match answer.await {
        Ok(Ok(ControlAnswer::Message(message))) => Ok(framing::frame(&message)),
        Ok(Ok(ControlAnswer::Http { .. })) => Err(Status::internal("A gRPC call was answered in HTTP form.")),
        Ok(Err(status)) => Err(status),
        Err(_dropped) => Err(Status::internal("The call was dropped without an answer.")),
    }
}
