//! Calls that Python answers: one control call per message.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response};
use salver_core::Status;
use tokio::sync::{mpsc, oneshot};

use crate::answer_stream::Pieces;
use crate::body::ServerBody;
use crate::control::{ControlAnswer, ControlCall, Protocol, shutting_down};
use crate::event_loop::{LoopContext, Port, spawn_with};
use crate::grpc::{Frames, drive, framing, timeout, with_headers};
use crate::http_control::text_headers;
use crate::peer::Origin;
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
pub(crate) async fn unary(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Result<Bytes, Status> {
    message_of(ask_one(context, origin, request).await?.1)
}

/// Answers a call on the admin port, which Python answers with one message or with several over time.
///
/// # Errors
/// As [`unary`].
pub(crate) async fn unary_or_streamed(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Result<Response<ServerBody>, Status> {
    match ask_one(context, origin, request).await? {
        (deadline, ControlAnswer::Messages(pieces)) => Ok(streamed(context, deadline, pieces)),
        (_, answer) => message_of(answer).map(super::unary),
    }
}

/// Passes a call of one message on; the answer comes with the deadline for the rest of it.
async fn ask_one(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Result<(Option<Instant>, ControlAnswer), Status> {
    let (mut head, body) = request.into_parts();
    let deadline = timeout::deadline(&head.headers)?;
    let asked = async {
        let message = framing::read_unary(context, &head.headers, body).await?;
        // Of calls of clients nobody looks at them.
        let headers = if origin.port == Port::Admin { std::mem::take(&mut head.headers) } else { HeaderMap::new() };
        ask(context, Asked { origin, path: head.uri.path(), headers, message, deadline }).await
    };
    Ok((deadline, within(deadline, asked).await?))
}

fn streamed(context: &Rc<LoopContext>, deadline: Option<Instant>, pieces: Pieces) -> Response<ServerBody> {
    let (sender, receiver) = mpsc::channel(1);
    spawn_with(context, |context| async move {
        // The pieces go with the work: a client that reads nothing is not to keep them beyond its deadline.
        let work = async {
            let pieces = pieces;
            pass_on(&context, &pieces, &sender).await
        };
        drive(deadline, &sender, work).await;
    });
    with_headers(ServerBody::Stream(receiver))
}

async fn pass_on(context: &LoopContext, pieces: &Pieces, frames: &Frames) -> Result<(), Status> {
    loop {
        let next = tokio::select! {
            biased;
            next = pieces.next() => next,
            () = context.shared.closing(Port::Admin) => Some(Err(shutting_down())),
        };
        let Some(message) = next.transpose()? else { return Ok(()) };
        if frames.send(Frame::data(framing::frame(&message))).await.is_err() {
            return Ok(());
        }
    }
}

/// Answers a stream in which each message gets one answer.
///
/// # Errors
/// INVALID_ARGUMENT for a timeout that cannot be read.
pub(crate) fn stream(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Result<Response<ServerBody>, Status> {
    let deadline = timeout::deadline(request.headers())?;
    let (sender, receiver) = mpsc::channel(MAX_PENDING_MESSAGES);
    spawn_with(context, |context| async move {
        drive(deadline, &sender, answer_each(&context, origin, request, deadline, &sender)).await;
    });
    Ok(with_headers(ServerBody::Stream(receiver)))
}

async fn answer_each(
    context: &LoopContext,
    origin: Origin,
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
            () = context.shared.closing(origin.port) => return Err(shutting_down()),
        };
        let Some(message) = message else { return Ok(()) };
        let asked = Asked { origin, path: head.uri.path(), headers: HeaderMap::new(), message, deadline };
        let answer = message_of(ask(context, asked).await?)?;
        if frames.send(Frame::data(answer)).await.is_err() {
            return Ok(());
        }
    }
}

/// One message for Python.
struct Asked<'a> {
    origin: Origin,
    path: &'a str,
    headers: HeaderMap,
    message: Bytes,
    deadline: Option<Instant>,
}

/// Dropping the future abandons the call.
async fn ask(context: &LoopContext, asked: Asked<'_>) -> Result<ControlAnswer, Status> {
    let (reply, answer) = oneshot::channel();
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let _guard = AbandonGuard(is_abandoned.clone());
    context.shared.control.push(ControlCall {
        protocol: if asked.origin.port == Port::Admin { Protocol::AdminGrpc } else { Protocol::Grpc },
        peer: asked.origin.peer,
        method: "POST".to_owned(),
        path: asked.path.to_owned(),
        query: String::new(),
        headers: text_headers(&asked.headers),
        body: asked.message,
        deadline: asked.deadline,
        is_abandoned,
        reply,
    });
    answer.await.unwrap_or_else(|_dropped| Err(Status::internal("The call was dropped without an answer.")))
}

/// The framed message of an answer that has one.
fn message_of(answer: ControlAnswer) -> Result<Bytes, Status> {
    match answer {
        ControlAnswer::Message(message) => Ok(framing::frame(&message)),
        ControlAnswer::Messages(_) => Err(Status::internal("This call takes one message, and got several.")),
        ControlAnswer::Http { .. } | ControlAnswer::HttpPieces { .. } => {
            Err(Status::internal("A gRPC call was answered in HTTP form."))
        }
    }
}
