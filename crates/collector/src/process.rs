//! The collector as a process: a runtime, a listener, the hourly retention, an end by signal.

use crate::limits::SETTLE_GRACE_SECONDS;
use crate::store::Registration;
use crate::{Collector, Config, Host, alerts, export, serve};
use driftline::{Error, ErrorCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How often old windows are merged and forgotten.
const RETENTION_EVERY: Duration = Duration::from_secs(3_600);

/// Runs until SIGINT or SIGTERM; answers what is in flight before it ends. `registrations` are made
/// known first; `ready` hears the address, whose port may have been 0.
///
/// # Errors
/// Settings that cannot be run with, a store or an address that cannot be used.
pub fn run(
    config: Config,
    host: Host,
    registrations: Vec<Registration>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Error> {
    let io =
        |what: String, error: std::io::Error| Error::new(ErrorCode::Io, format!("{what}: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| io("no threads".to_owned(), error))?;
    runtime.block_on(async {
        let end = signal();
        let address = config.listen;
        let destinations = alerts::ready(&config.alerts, &|name| std::env::var(name).ok())?;
        let collector = Collector::open(config, host)?;
        for registration in registrations {
            collector
                .register(registration)
                .await
                .map_err(|fault| Error::new(ErrorCode::StoreFailed, fault.to_string()))?;
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| io(format!("`{address}` cannot be listened to"), error))?;
        let local = listener.local_addr().map_err(|error| io("no address".to_owned(), error))?;
        let retention = tokio::spawn(retain(Arc::clone(&collector)));
        let rules = tokio::spawn(rules(Arc::clone(&collector)));
        let desk = alerts::Desk::start(&collector, destinations)?;
        let pusher = export::Pusher::start(&collector, &|name| std::env::var(name).ok())?;
        ready(local);
        let served = serve(collector, listener, end).await;
        retention.abort();
        rules.abort();
        drop((desk, pusher));
        served.map_err(|error| io(format!("`{address}`"), error))
    })
}

async fn retain(collector: Arc<Collector>) {
    let mut timer = tokio::time::interval(RETENTION_EVERY);
    loop {
        timer.tick().await;
        if let Err(fault) = collector.retain().await {
            crate::store::say(&format!("windows could not be merged: {fault}"));
        }
        let at = Arc::clone(&collector);
        if let Ok(Err(fault)) =
            tokio::task::spawn_blocking(move || at.settle(SETTLE_GRACE_SECONDS)).await
        {
            crate::store::say(&format!("days could not be settled: {fault}"));
        }
    }
}

/// Looks at the rules of deployments, as often as the settings say.
async fn rules(collector: Arc<Collector>) {
    let every = Duration::from_secs(collector.config().deployments.rules.every_seconds.max(1));
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let at = Arc::clone(&collector);
        let looked = tokio::task::spawn_blocking(move || crate::deployments::look(&at)).await;
        if let Ok(Err(fault)) = looked {
            crate::store::say(&format!("the rules of deployments could not be looked at: {fault}"));
        }
    }
}

/// Resolves when the process is asked to end. Signals count from the call on, and not only once
/// the answer is waited for.
#[cfg(unix)]
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    // without a handler the process runs until it is killed, which loses nothing
    let asked = |kind| {
        let handler = signal(kind).ok();
        async {
            match handler {
                Some(mut handler) => drop(handler.recv().await),
                None => std::future::pending().await,
            }
        }
    };
    let (terminate, interrupt) = (asked(SignalKind::terminate()), asked(SignalKind::interrupt()));
    async {
        tokio::select! {
            () = terminate => {}
            () = interrupt => {}
        }
    }
}

/// Resolves when the process is asked to end.
#[cfg(not(unix))]
async fn signal() {
    // without a handler the process runs until it is killed, which loses nothing
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
