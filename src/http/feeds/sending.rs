use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{
    OwnedSemaphorePermit,
    mpsc::{self, error::SendTimeoutError},
};
use tracing::Instrument;

use crate::feeds::{self, Table, format::Chunk};

/// How long a reader may take nothing. Who stopped reading would hold one of `feeds.concurrent` for ever, and eight of them
/// every feed; who reads at all takes a piece within this time even over a slow line.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes that are handed over at once.
const PIECE: usize = 64 << 10;

/// Why a feed broke off. The connection breaks with it: the reader must not take what came so far for the whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The table could not be written.
    #[error(transparent)]
    Feed(#[from] feeds::Error),
    /// The reader took nothing for too long, or the program failed.
    #[error("the feed was ended before it was whole")]
    Ended,
}

/// The bytes as they go out, made a piece ahead of the reader. The permit comes back when the last is handed over, when the reader
/// is gone, and when they take nothing for [`PATIENCE`].
pub(super) fn sent(
    table: &'static Table,
    chunks: impl Stream<Item = feeds::Result<Chunk>> + Send + 'static,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
    sent_within(PATIENCE, table, chunks, permit)
}

fn sent_within(
    patience: Duration,
    table: &'static Table,
    chunks: impl Stream<Item = feeds::Result<Chunk>> + Send + 'static,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
    let (sender, receiver) = mpsc::channel(1);
    let producing = async move {
        let _permit = permit;
        produce(patience, table, chunks, sender).await;
    };
    tokio::spawn(producing.in_current_span());
    let pieces = stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver: mpsc::Receiver<Piece> = receiver?;
        match receiver.recv().await {
            Some(Ok(Some(bytes))) => Some((Ok(bytes), Some(receiver))),
            Some(Ok(None)) => None,
            Some(Err(error)) => Some((Err(error.into()), None)),
            None => Some((Err(Broken::Ended), None)),
        }
    });
    // Compression asks again after the end.
    pieces.fuse()
}

/// Bytes, or that there are no more.
type Piece = feeds::Result<Option<Bytes>>;

async fn produce(
    patience: Duration,
    table: &'static Table,
    chunks: impl Stream<Item = feeds::Result<Chunk>>,
    sender: mpsc::Sender<Piece>,
) {
    let mut chunks = pin!(chunks);
    loop {
        let chunk = tokio::select! {
            chunk = chunks.next() => chunk,
            () = sender.closed() => return,
        };
        let (pieces, is_last) = match chunk {
            Some(Ok(chunk)) => (cut(chunk.bytes), false),
            Some(Err(error)) => {
                tracing::error!(table = table.name, error = %error, "Broke off a feed");
                (vec![Err(error)], true)
            }
            None => (vec![Ok(None)], true),
        };
        for piece in pieces {
            match sender.send_timeout(piece, patience).await {
                Ok(()) => {}
                Err(SendTimeoutError::Closed(_)) => return,
                Err(SendTimeoutError::Timeout(_)) => {
                    let seconds = patience.as_secs();
                    tracing::warn!(
                        table = table.name,
                        "Ended a feed of which nothing was taken for {seconds} seconds"
                    );
                    return;
                }
            }
        }
        if is_last {
            return;
        }
    }
}

fn cut(mut bytes: Bytes) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(bytes.len().div_ceil(PIECE));
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        pieces.push(Ok(Some(piece)));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{Router, body::Body, routing::get};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::Semaphore,
    };
    use tower_http::compression::CompressionLayer;

    use super::*;

    fn table() -> &'static Table {
        feeds::find("users").unwrap()
    }

    fn chunk(bytes: usize) -> Chunk {
        Chunk { bytes: Bytes::from("x".repeat(bytes)), walked: 1 }
    }

    /// What a client gets of a feed that is broken off after some rows, or is whole.
    async fn received(is_whole: bool, accepting: &str) -> Vec<u8> {
        let permits = Arc::new(Semaphore::new(1));
        let answer = move || async move {
            let mut chunks = vec![Ok(chunk(10_000))];
            if !is_whole {
                chunks.push(Err(feeds::Error::Unfit("users")));
            }
            let permit = permits.try_acquire_owned().unwrap();
            Body::from_stream(sent(table(), stream::iter(chunks), permit))
        };
        let router = Router::new().route("/", get(answer)).layer(CompressionLayer::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move { axum::serve(listener, router).await });
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accepting}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        served.abort();
        received
    }

    #[tokio::test]
    async fn a_feed_that_is_broken_off_does_not_end_as_if_it_were_whole() {
        for accepting in ["identity", "gzip", "zstd"] {
            let whole = received(true, accepting).await;
            assert!(whole.starts_with(b"HTTP/1.1 200"), "{accepting}");
            assert!(whole.ends_with(b"\r\n0\r\n\r\n"), "{accepting}");
            let broken = received(false, accepting).await;
            assert!(!broken.ends_with(b"\r\n0\r\n\r\n"), "{accepting}");
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_loses_the_feed_and_its_permit_and_does_not_get_an_end() {
        let permits = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&permits).try_acquire_owned().unwrap();
        let chunks = stream::iter((0..10).map(|_| Ok(chunk(10))));
        let patience = Duration::from_millis(10);
        let sent = sent_within(patience, table(), chunks, permit);
        let _permit = permits.acquire().await.unwrap();
        let received: Vec<_> = sent.collect().await;
        assert_eq!(received.len(), 2, "what was made ahead, and that it is not the whole");
        assert!(received[0].is_ok());
        assert!(matches!(received[1], Err(Broken::Ended)), "{:?}", received[1]);
    }

    #[tokio::test]
    async fn no_more_is_made_than_a_piece_ahead_and_nothing_for_a_reader_who_is_gone() {
        let permits = Arc::new(Semaphore::new(1));
        let permit = Arc::clone(&permits).try_acquire_owned().unwrap();
        let (made, mut seen) = mpsc::unbounded_channel();
        let chunks = stream::iter(0..1_000).map(move |number| {
            made.send(number).unwrap();
            Ok(chunk(2 * PIECE + 1))
        });
        let mut sent = Box::pin(sent(table(), chunks, permit));
        for length in [PIECE, PIECE, 1, PIECE] {
            assert_eq!(sent.next().await.unwrap().unwrap().len(), length);
        }
        drop(sent);
        let _permit = permits.acquire().await.unwrap();
        let mut all = 0;
        while seen.recv().await.is_some() {
            all += 1;
        }
        assert!((2..=3).contains(&all), "{all}");
    }
}
