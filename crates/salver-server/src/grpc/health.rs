//! `grpc.health.v1.Health`, answered from the published health.

use std::rc::Rc;

use bytes::Bytes;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::{Request, Response};
use salver_core::Status;
use salver_core::wire::reader::{Reader, Value};
use salver_core::wire::writer::put_varint_field;
use tokio::sync::mpsc;

use crate::body::ServerBody;
use crate::control::shutting_down;
use crate::event_loop::{LoopContext, Port, spawn_with};
use crate::grpc::{Frames, drive, framing, timeout, with_headers};
use crate::predict::within;

/// grpc.health.v1: the state of a service that nobody registered; only Watch says it.
const SERVICE_UNKNOWN: i32 = 3;
const MAX_PENDING_UPDATES: usize = 4;

/// Answers Check: the state now.
///
/// # Errors
/// NOT_FOUND for an unknown service.
pub(crate) async fn check(context: &Rc<LoopContext>, request: Request<Incoming>) -> Result<Bytes, Status> {
    let service = read_service(context, request).await?;
    let health = context.shared.health.current();
    match health.services.get(&service) {
        Some(state) => Ok(state_message(*state)),
        None => Err(Status::not_found(format!("Unknown service: {service}"))),
    }
}

/// Answers Watch: the state now and on every change.
pub(crate) async fn watch(
    context: &Rc<LoopContext>,
    port: Port,
    request: Request<Incoming>,
) -> Result<Response<ServerBody>, Status> {
    let deadline = timeout::deadline(request.headers())?;
    let service = read_service(context, request).await?;
    let (sender, receiver) = mpsc::channel(MAX_PENDING_UPDATES);
    spawn_with(context, |context| async move {
        drive(deadline, &sender, send_updates(&context, port, &service, &sender)).await;
    });
    Ok(with_headers(ServerBody::Stream(receiver)))
}

async fn send_updates(context: &LoopContext, port: Port, service: &str, frames: &Frames) -> Result<(), Status> {
    let mut updates = context.shared.health.subscribe();
    let mut last = None;
    loop {
        let state = updates.borrow_and_update().services.get(service).copied().unwrap_or(SERVICE_UNKNOWN);
        if last != Some(state) && frames.send(Frame::data(state_message(state))).await.is_err() {
            return Ok(());
        }
        last = Some(state);
        tokio::select! {
            changed = updates.changed() => if changed.is_err() { return Err(shutting_down()) },
            () = context.shared.closing(port) => return Err(shutting_down()),
        }
    }
}

async fn read_service(context: &LoopContext, request: Request<Incoming>) -> Result<String, Status> {
    let (head, body) = request.into_parts();
    let deadline = timeout::deadline(&head.headers)?;
    let message = within(deadline, framing::read_unary(context, &head.headers, body)).await?;
    let malformed = |error: salver_core::wire::Malformed| error.into_status("grpc.health.v1.HealthCheckRequest");
    let mut service = String::new();
    let mut fields = Reader::new(&message);
    while let Some(field) = fields.next_field().map_err(malformed)? {
        if let (1, Value::Span(name)) = (field.number, field.value) {
            service = name.text(&message).map_err(malformed)?.as_str().to_owned();
        }
    }
    Ok(service)
}

fn state_message(state: i32) -> Bytes {
    let mut message = Vec::new();
    put_varint_field(&mut message, 1, state as u64);
    framing::frame(&message)
}
