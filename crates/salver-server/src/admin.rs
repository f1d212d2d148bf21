//! The admin port: probes here, everything else by Python. No inference, and no part in the counts of requests.

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::{Request, Response, Version};
use salver_core::json;

use crate::body::ServerBody;
use crate::event_loop::LoopContext;
use crate::journal::{self, Identity};
use crate::peer::Origin;
use crate::{grpc, http_control, probes};

/// Answers one request.
pub(crate) async fn handle(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<ServerBody> {
    let identity = Identity::sent(request.headers());
    journal::told(identity, answer(context, origin, request).await)
}

async fn answer(context: &Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    // gRPC needs trailers, which HTTP/1 clients do not see.
    if request.version() == Version::HTTP_2 && grpc::is_grpc(request.headers()) {
        return grpc::handle_admin(context, origin, request).await;
    }
    if let Some(response) = probes::answer(context, request.uri().path()) {
        return response;
    }
    let answered = http_control::handle(context, origin, request).await;
    answered.unwrap_or_else(|status| http_control::failure(status.code, json::encode_coded_error(&status)))
}
