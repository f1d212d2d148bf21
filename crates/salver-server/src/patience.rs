//! How long an HTTP/2 stream waits for its client to take its answer.
//!
//! Flow control lets a client leave answers where they are, on thousands of streams of one connection, each of them with
//! its memory. A stream of which the next piece is not taken within [`LIMIT`] is reset; the others on its connection, which
//! may be those of other people behind a proxy, do not notice.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Time in which a client takes the next piece of an answer, also where it shares a slow line among thousands.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

/// Who has to do something so that an answer goes on.
#[derive(Clone, Copy)]
enum Turn {
    Server,
    Client,
}

thread_local! {
    /// What the last answer that was polled on this thread said; the task of a stream polls none but its own.
    static LAST_SAID: Cell<Option<Turn>> = const { Cell::new(None) };
}

/// Notes what came of asking an answer for its next frame, in whatever stream is polled at the moment.
pub(crate) fn note<T>(asked: &Poll<Option<T>>) {
    LAST_SAID.set(Some(match asked {
        Poll::Ready(Some(_)) => Turn::Client,
        Poll::Ready(None) | Poll::Pending => Turn::Server,
    }));
}

pin_project_lite::pin_project! {
    /// The task of a stream, which ends early where its client takes nothing: what it drops then resets the stream.
    pub(crate) struct Patient<F> {
        #[pin]
        task: F,
        // Few answers wait, so the timer is made when one does.
        limit: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> Patient<F> {
    pub(crate) fn new(task: F) -> Self {
        Self { task, limit: None }
    }
}

impl<F: Future> Future for Patient<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let stream = self.project();
        LAST_SAID.set(None);
        if stream.task.poll(context).is_ready() {
            return Poll::Ready(());
        }
        match LAST_SAID.get() {
            Some(Turn::Client) => *stream.limit = Some(Box::pin(sleep(LIMIT))),
            Some(Turn::Server) => *stream.limit = None,
            None => {}
        }
        stream.limit.as_mut().map_or(Poll::Pending, |limit| limit.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use bytes::Bytes;
    use h2::Reason;
    use h2::client::{ResponseFuture, SendRequest};
    use http_body::Frame;
    use hyper::service::service_fn;
    use hyper::{HeaderMap, Request, Response};
    use hyper_util::rt::TokioIo;
    use tokio::sync::mpsc;
    use tokio::task::{LocalSet, spawn_local};
    use tokio::time::Instant;

    use super::*;
    use crate::body::{MAX_PIECE, ServerBody, next_piece};
    use crate::connection::LocalExecutor;
    use crate::lifetime::Calls;

    const LEN: usize = 5 * MAX_PIECE;

    /// The memory of an answer; whoever holds the other end of it sees when it has gone.
    struct Memory(Vec<u8>, #[allow(dead_code)] Arc<()>);

    impl AsRef<[u8]> for Memory {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    fn answer(memory: &Arc<()>) -> ServerBody {
        let trailers = HeaderMap::from_iter([(hyper::header::EXPIRES, "never".parse().unwrap())]);
        ServerBody::Whole(Some(Bytes::from_owner(Memory(vec![0; LEN], memory.clone()))), Some(trailers))
    }

    /// Runs a test whose clock jumps wherever all wait, with a client whose streams have a window of 1000 bytes each.
    fn test<T: Future<Output = ()>>(body: impl Fn() -> ServerBody + 'static, test: impl FnOnce(Client) -> T) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let serve_and_test = async {
            let (near, far) = tokio::io::duplex(1 << 20);
            let (calls, body) = (Calls::new(), Arc::new(body));
            let service = service_fn(move |_| {
                let response = calls.begin().answer(Response::new(body()));
                async { Ok::<_, Infallible>(response) }
            });
            let builder = hyper::server::conn::http2::Builder::new(LocalExecutor);
            spawn_local(builder.serve_connection(TokioIo::new(far), service));
            let handshake = h2::client::Builder::new().initial_window_size(1000).handshake(near);
            let (requests, connection) = handshake.await.unwrap();
            spawn_local(connection);
            tokio::time::timeout(LIMIT * 100, test(Client(requests))).await.expect("it goes on");
        };
        LocalSet::new().block_on(&runtime, serve_and_test);
    }

    struct Client(SendRequest<Bytes>);

    impl Client {
        async fn ask(&mut self) -> ResponseFuture {
            let mut ready = self.0.clone().ready().await.unwrap();
            ready.send_request(Request::get("http://h/").body(()).unwrap(), true).unwrap().0
        }
    }

    #[test]
    fn an_answer_that_nobody_takes_is_let_go_and_its_stream_alone_is_reset() {
        let memory = Arc::new(());
        let begin = {
            let memory = memory.clone();
            move || answer(&memory)
        };
        test(begin, async |mut client| {
            let started = Instant::now();
            let mut left = client.ask().await.await.unwrap().into_body();
            let mut taken = client.ask().await.await.unwrap().into_body();
            let mut num_bytes = 0;
            while let Some(piece) = taken.data().await {
                let len = piece.unwrap().len();
                num_bytes += len;
                taken.flow_control().release_capacity(len).unwrap();
            }
            assert_eq!(num_bytes, LEN);
            assert!(taken.trailers().await.unwrap().is_some());
            assert!(started.elapsed() < LIMIT && Arc::strong_count(&memory) > 2, "the other answer waits");
            while let Some(piece) = left.data().await {
                if let Err(error) = piece {
                    assert_eq!(error.reason(), Some(Reason::CANCEL));
                    break;
                }
            }
            assert!((LIMIT..LIMIT * 2).contains(&started.elapsed()), "{:?}", started.elapsed());
            assert_eq!(Arc::strong_count(&memory), 2, "that of the test and that of the service");
            assert!(client.ask().await.await.is_ok());
        });
    }

    #[test]
    fn the_last_piece_which_nobody_watches_does_not_keep_the_whole_answer() {
        let memory = Arc::new(());
        let mut left = Some(Bytes::from_owner(Memory(vec![7; LEN], memory.clone())));
        let (mut last, mut num_bytes) = (Bytes::new(), 0);
        while let Some(piece) = next_piece(&mut left) {
            num_bytes += piece.len();
            last = piece;
        }
        assert_eq!((num_bytes, last.iter().all(|byte| *byte == 7)), (LEN, true));
        assert_eq!(Arc::strong_count(&memory), 1);
    }

    #[test]
    fn who_takes_a_piece_now_and_then_gets_all_of_them() {
        test(
            || answer(&Arc::new(())),
            async |mut client| {
                let mut slow = client.ask().await.await.unwrap().into_body();
                let (mut num_bytes, mut in_hand) = (0, 0);
                while let Some(piece) = slow.data().await {
                    let len = piece.unwrap().len();
                    (num_bytes, in_hand) = (num_bytes + len, in_hand + len);
                    if in_hand >= 1000 && num_bytes < LEN {
                        tokio::time::sleep(LIMIT / 100).await;
                        slow.flow_control().release_capacity(std::mem::take(&mut in_hand)).unwrap();
                    }
                }
                assert_eq!(num_bytes, LEN);
            },
        );
    }

    #[test]
    fn an_answer_whose_next_piece_is_not_there_yet_is_not_the_client_s_fault() {
        let late = || {
            let (frames, receiver) = mpsc::channel(1);
            spawn_local(async move {
                for _ in 0..2 {
                    frames.send(Frame::data(Bytes::from_static(b"a piece"))).await.unwrap();
                    tokio::time::sleep(LIMIT * 3).await;
                }
            });
            ServerBody::Stream(receiver)
        };
        test(late, async |mut client| {
            let mut body = client.ask().await.await.unwrap().into_body();
            for _ in 0..2 {
                assert_eq!(body.data().await.unwrap().unwrap(), "a piece");
            }
            assert!(body.data().await.is_none_or(|last| last.unwrap().is_empty()));
        });
    }
}
