//! Connections: bounded in number, in the time of a request's head, and drained at the end.

use crate::limits::{DRAIN_TIMEOUT, HEADER_TIMEOUT, MAX_HEAD_BYTES};
use crate::sink::Sender;
use crate::{Collector, routes};
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// The other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// How long to wait when the system has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers until `end`; then takes no more connections, and waits for requests in flight.
///
/// # Errors
/// None once the listener stands; kept for hosts that differ.
pub async fn serve(
    collector: Arc<Collector>,
    listener: TcpListener,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = routes::router(Arc::clone(&collector));
    let connections = Arc::new(Semaphore::new(collector.config().connections as usize));
    let sender = Sender::start(&collector);
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .half_close(false);
    tokio::pin!(end);
    loop {
        // the end is watched in every wait: clients that hold all slots must not hold it off
        let next = async {
            let slot = Arc::clone(&connections).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = &mut end => break,
            next = next => next,
        };
        let Ok(slot) = slot else { break };
        let (stream, peer) = match accepted {
            Ok(pair) => pair,
            Err(_) => {
                // a client that has gone already, or no descriptor left: neither may end the loop
                tokio::select! {
                    () = &mut end => break,
                    () = tokio::time::sleep(PAUSE) => continue,
                }
            }
        };
        // an answer is a few bytes, which nothing follows
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
            router.clone().oneshot(request.map(axum::body::Body::new))
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // what a client breaks is its own
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    if let Some(sender) = sender {
        sender.end_soon().await;
    }
    collector.store().close();
    Ok(())
}
