//! Beacons a second and the time of an answer, each given after the commit:
//! `cargo bench --package driftline-collector --bench load -- [SECONDS]`.
//!
//! Clients and collector share one process and the machine's cores. Each connection sends one beacon
//! after the other and waits for its answer. At the end all beacons are sent once more.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Answer, HOUR, Served};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Connections at once.
const CONNECTIONS: [usize; 3] = [1, 32, 256];

fn id(n: usize) -> String {
    format!("33333333-3333-4333-8333-{n:012}")
}

/// A beacon's request; only the id differs.
fn request(template: &str, n: usize) -> String {
    let body = template.replacen(&id(0), &id(n), 1);
    format!("POST /v1/beacons HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn send(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).unwrap();
    Answer::read(stream).status
}

fn main() {
    let seconds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(5);
    let mut settings = common::settings();
    // all clients share one address
    (settings.caps.randomized_beacons, settings.caps.other_beacons) = (u32::MAX, u32::MAX);
    let served = Served::start(settings);
    let template = common::beacon(&id(0), HOUR);
    println!("a beacon of {} bytes; {seconds} s each", template.len());
    println!("| connections | beacons/s | p50 ms | p99 ms |");
    println!("|---|---|---|---|");
    let next = AtomicUsize::new(1);
    for connections in CONNECTIONS {
        let until = Instant::now() + Duration::from_secs(seconds);
        let begun = Instant::now();
        let mut times: Vec<f64> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..connections)
                .map(|_| {
                    scope.spawn(|| {
                        let mut stream = served.connect();
                        stream.set_nodelay(true).unwrap();
                        let mut times = Vec::new();
                        while Instant::now() < until {
                            let request = request(&template, next.fetch_add(1, Ordering::Relaxed));
                            let start = Instant::now();
                            let status = send(&mut stream, &request);
                            assert_eq!(status, 204);
                            times.push(start.elapsed().as_secs_f64() * 1e3);
                        }
                        times
                    })
                })
                .collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        let elapsed = begun.elapsed().as_secs_f64();
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let rate = times.len() as f64 / elapsed;
        println!("| {connections} | {rate:.0} | {:.2} | {:.2} |", at(0.5), at(0.99));
    }
    let sent = next.load(Ordering::Relaxed) - 1;
    let counted = |served: &Served| served.get("/v1/models").json()["models"][0]["beacons"].clone();
    let before = counted(&served);
    let again = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut stream = served.connect();
                loop {
                    let n = again.fetch_add(1, Ordering::Relaxed);
                    if n > sent {
                        break;
                    }
                    assert_eq!(send(&mut stream, &request(&template, n)), 204);
                }
            });
        }
    });
    println!(
        "{sent} beacons sent, {before} counted; all sent once more: {} counted",
        counted(&served)
    );
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = peak.lines().find(|line| line.starts_with("VmHWM")) {
        println!(
            "peak memory of clients and collector together:{}",
            line.trim_start_matches("VmHWM:")
        );
    }
    assert_eq!(before, sent, "one was lost");
    assert_eq!(counted(&served), before, "one was counted twice");
}
