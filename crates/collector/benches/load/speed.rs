//! Beacons a second and the time of an answer, each given after the commit. Each connection sends one
//! beacon after the other and waits for its answer. At the end all are sent once more.

use super::process::{Kind, Process, Template, ask};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Connections at once.
const CONNECTIONS: [usize; 3] = [1, 32, 256];

pub fn run(seconds: u64) {
    let folder = TempDir::new().unwrap();
    let process = Process::start(Kind::Open, folder.path());
    let template = Template::new();
    println!("\n## Speed: beacons of {} bytes, {seconds} s each", template.len());
    println!("| connections | beacons/s | p50 ms | p99 ms |");
    println!("|--:|--:|--:|--:|");
    let next = AtomicU64::new(1);
    for connections in CONNECTIONS {
        let begun = Instant::now();
        let until = begun + Duration::from_secs(seconds);
        let mut times: Vec<f64> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..connections)
                .map(|_| {
                    scope.spawn(|| {
                        let mut stream = process.connect();
                        let mut times = Vec::new();
                        while Instant::now() < until {
                            let request =
                                template.request(next.fetch_add(1, Ordering::Relaxed), "");
                            let start = Instant::now();
                            assert_eq!(ask(&mut stream, request.as_bytes()), Some(204));
                            times.push(start.elapsed().as_secs_f64() * 1e3);
                        }
                        times
                    })
                })
                .collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!("| {connections} | {rate:.0} | {:.2} | {:.2} |", at(0.5), at(0.99));
    }
    let sent = next.load(Ordering::Relaxed) - 1;
    let before = process.totals();
    let bytes = bytes(folder.path());
    let again = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut stream = process.connect();
                loop {
                    let n = again.fetch_add(1, Ordering::Relaxed);
                    if n > sent {
                        break;
                    }
                    assert_eq!(ask(&mut stream, template.request(n, "").as_bytes()), Some(204));
                }
            });
        }
    });
    let after = process.totals();
    println!(
        "\n{sent} sent, {} counted; all sent once more: {} counted, {} twice",
        before.0,
        after.0,
        after.0 - before.0
    );
    println!("{} bytes on the disk, {:.0} a beacon", bytes, bytes as f64 / sent as f64);
    println!("peak memory of the collector: {:.1} MiB", process.peak());
    assert_eq!(before.0, sent, "one was lost");
    assert_eq!(after, before, "one was counted twice");
}

/// Of the store's files.
fn bytes(folder: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}
