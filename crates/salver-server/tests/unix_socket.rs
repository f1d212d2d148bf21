//! gRPC over a Unix socket, and what becomes of its file.

mod support;

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use salver_server::Peer;
use support::{Http2, PATIENCE, plane};

/// A path that is free, in a folder of this test alone.
fn path(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("salver-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join("grpc.sock")
}

#[test]
fn serves_and_removes_its_file() {
    let (plane, path) = (plane(), path("serves"));
    plane.listen_grpc_unix(&path).unwrap();
    let mut client = Http2::over(UnixStream::connect(&path).unwrap(), 65_535);
    let stream = client.call("/grpc.health.v1.Health/Check", &[]);
    client.finish(stream, b"");
    assert!(client.read_until(|frame| frame.stream == stream).is_some());
    let reader = std::thread::spawn(move || client.read_until(|_| false));
    assert!(plane.wait_drained(PATIENCE));
    assert!(!path.exists());
    plane.stop();
    assert!(reader.join().unwrap().is_none());
}

#[test]
fn who_calls_is_the_process_at_the_other_end() {
    let (plane, path) = (plane(), path("peer"));
    plane.listen_grpc_unix(&path).unwrap();
    let mut client = Http2::over(UnixStream::connect(&path).unwrap(), 65_535);
    let stream = client.call("/tensorflow.serving.ModelService/GetModelStatus", &[]);
    client.finish(stream, b"");
    let call = plane.next_call(PATIENCE).unwrap();
    let process = i32::try_from(std::process::id()).unwrap();
    assert!(matches!(call.peer, Some(Peer::Unix { process: Some(id), .. }) if id == process), "{:?}", call.peer);
}

#[test]
fn the_file_of_a_dead_server_is_replaced() {
    let (plane, path) = (plane(), path("dead"));
    drop(UnixListener::bind(&path).unwrap());
    plane.listen_grpc_unix(&path).unwrap();
    assert!(UnixStream::connect(&path).is_ok());
}

#[test]
fn the_socket_of_a_live_server_is_left_alone() {
    let (plane, path) = (plane(), path("live"));
    let live = UnixListener::bind(&path).unwrap();
    let refused = plane.listen_grpc_unix(&path).unwrap_err();
    assert!(refused.message.contains("another server listens there"), "{refused:?}");
    assert!(UnixStream::connect(&path).is_ok());
    drop(live);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let (plane, path) = (plane(), path("file"));
    std::fs::write(&path, "precious").unwrap();
    let refused = plane.listen_grpc_unix(&path).unwrap_err();
    assert!(refused.message.contains("no socket"), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_socket_that_took_the_place_stays() {
    let (plane, path) = (plane(), path("taken"));
    plane.listen_grpc_unix(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let successor = UnixListener::bind(&path).unwrap();
    assert!(plane.wait_drained(PATIENCE));
    assert!(path.exists());
    drop(successor);
}
