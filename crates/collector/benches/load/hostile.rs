//! Clients that mean harm, one kind after the other against one collector with the default caps, while
//! a proper client sends a beacon each 20 ms.

use super::common::RECORDS;
use super::process::{Kind, Process, Template, ask, connect, post};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many ended in what way: a status, or 0 for a connection that was closed without an answer.
type Ends = BTreeMap<u16, usize>;

const HOSTILE: &str = "x-client: 198.51.100.7\r\n";

pub fn run() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(Kind::Capped, folder.path());
    let template = Template::new();
    let each = |count, request: &(dyn Fn(u64) -> Vec<u8> + Sync)| each(&process, count, request);
    println!("\n## Hostile clients (default caps, one collector for all rows)");
    println!("at the start the collector has {:.1} MiB", process.peak());
    println!("| client | documented | got | proper client p99 ms | peak MiB after |");
    println!("|---|---|---|--:|--:|");
    let proper = AtomicU64::new(1);
    let row = |name: &str,
               documented: &str,
               allowed: &[u16],
               attack: &dyn Fn() -> (Ends, String)| {
        let ((ends, more), p99) = beside(&process, &template, &proper, attack);
        let told: Vec<String> = ends
            .iter()
            .map(|(end, n)| if *end == 0 { format!("{n} closed") } else { format!("{n} × {end}") })
            .collect();
        let peak = process.peak();
        println!("| {name} | {documented} | {}{more} | {p99:.2} | {peak:.1} |", told.join(", "));
        for end in ends.keys() {
            assert!(allowed.contains(end), "{name}: {end}");
        }
    };
    let slots = descriptors().saturating_sub(200).min(4_200);
    row(
        &format!("{slots} slow heads, a byte a second"),
        "closed after 10 s; beyond 4,096 connections the next waits",
        &[0, 408],
        &|| drip(&process, slots, "POST /v1/beacons HTTP/1.1\r\nhost: x\r\nx-a: ", b"a"),
    );
    let head = "POST /v1/beacons HTTP/1.1\r\nhost: x\r\ncontent-length: 600\r\n\r\n{";
    row("500 slow bodies, a byte a second", "408 after 10 s", &[0, 408], &|| {
        drip(&process, 500, head, b" ")
    });
    let large = "x".repeat(10 << 20);
    row("200 bodies of 10 MB with their length", "413", &[0, 413], &|| {
        each(200, &|_| post(&large, HOSTILE).into_bytes())
    });
    let chunks = format!(
        "POST /v1/beacons HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\na00000\r\n{large}\r\n0\r\n\r\n"
    );
    row("200 chunked bodies of 10 MB", "413", &[0, 413], &|| {
        each(200, &|_| chunks.clone().into_bytes())
    });
    let bomb = [b"POST /v1/beacons HTTP/1.1\r\nhost: x\r\n".as_slice(), &bomb()].concat();
    row("2,000 gzip bombs, 10 kB for 1.6 MB", "415, nothing is unpacked", &[415], &|| {
        each(2_000, &|_| bomb.clone())
    });
    let junk = ["{".repeat(16_000), "[".repeat(16_000), "{\"a\":1e999}".into(), "\0".into()];
    row("4,000 of malformed JSON, nested 16,000 deep too", "400", &[400], &|| {
        each(4_000, &|n| post(&junk[n as usize % junk.len()], HOSTILE).into_bytes())
    });
    row("2,000 of an unknown identity", "404, past the cap 429", &[404, 429], &|| {
        let wrong = |n| {
            let body = template.body(10_000_000 + n);
            let at = body.find("sha256:").unwrap() + 7;
            format!("{}{}{}", &body[..at], "0".repeat(64), &body[at + 64..])
        };
        each(2_000, &|n| post(&wrong(n), HOSTILE).into_bytes())
    });
    let megabyte = format!("GET / HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "a".repeat(1 << 20));
    row("200 heads of 1 MB", "431", &[0, 431], &|| each(200, &|_| megabyte.clone().into_bytes()));
    row("20,000 forged by one sender", "600 × 204, then 429", &[204, 429], &|| {
        let before = others(&process, &proper);
        let forged = |n| template.request(20_000_000 + n, "x-client: 198.51.100.8\r\n");
        let (ends, _) = each(20_000, &|n| forged(n).into_bytes());
        let moved = others(&process, &proper) - before;
        assert_eq!(moved, 600 * RECORDS.unsigned_abs());
        (ends, format!("; {moved} records moved"))
    });
    row("50,000 forged from as many addresses", "204: each has its share", &[204], &|| {
        each(50_000, &|n| {
            let (a, b) = (n >> 8, n & 255);
            template
                .request(30_000_000 + n, &format!("x-client: 10.{}.{}.{b}\r\n", a >> 8, a & 255))
                .into_bytes()
        })
    });
}

/// Records that are counted and not the proper client's.
fn others(process: &Process, proper: &AtomicU64) -> u64 {
    let own = || (proper.load(Ordering::Relaxed) - 1) * RECORDS.unsigned_abs();
    // now and then the proper client waits for an answer to what is counted
    let tries = (0..50).map(|_| {
        std::thread::sleep(Duration::from_millis(7));
        let (counted, own) = (process.totals().1, own());
        counted.saturating_sub(own)
    });
    let mut seen: Vec<u64> = tries.collect();
    seen.sort_unstable();
    seen[seen.len() / 2]
}

/// Ten kilobytes of gzip that would become 1.6 MB of zeros: fixed codes, each of 258 zeros.
fn bomb() -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    let mut code = |value: u16, length: u32| {
        bits.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
    };
    code(0b0011_0000, 8);
    for _ in 0..6_150 {
        code(0b1100_0101, 8);
        code(0, 5);
    }
    code(0, 7);
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    for eight in bits.chunks(8) {
        body.push(eight.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit)));
    }
    // the checksum, which is wrong, and the length
    body.extend([0; 8]);
    let length = body.len();
    let head = format!("content-encoding: gzip\r\ncontent-length: {length}\r\n\r\n");
    [head.into_bytes(), body].concat()
}

/// Runs an attack beside the proper client; its 99th percentile in ms.
fn beside<T>(
    process: &Process,
    template: &Template,
    proper: &AtomicU64,
    attack: &dyn Fn() -> T,
) -> (T, f64) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut stream = process.connect();
            let mut times = Vec::new();
            while !done.load(Ordering::Relaxed) || times.len() < 20 {
                let n = proper.load(Ordering::Relaxed);
                // addresses of its own, since it sends more than one sender may
                let client = format!("x-client: 192.0.2.{}\r\n", n % 250);
                let request = template.request(n, &client);
                let start = Instant::now();
                assert_eq!(ask(&mut stream, request.as_bytes()), Some(204), "the proper client");
                times.push(start.elapsed().as_secs_f64() * 1e3);
                proper.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
            times.sort_by(f64::total_cmp);
            times[(times.len() - 1) * 99 / 100]
        });
        // so that the proper client has its connection
        std::thread::sleep(Duration::from_millis(100));
        let found = attack();
        done.store(true, Ordering::Relaxed);
        (found, client.join().unwrap())
    })
}

/// Sends `count` requests over 32 connections, each opened anew when it was closed.
fn each(
    process: &Process,
    count: u64,
    request: &(dyn Fn(u64) -> Vec<u8> + Sync),
) -> (Ends, String) {
    let (next, ends) = (AtomicU64::new(0), Mutex::new(Ends::new()));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut kept: Option<TcpStream> = None;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    let request = request(n);
                    let small = request.len() < 20_000;
                    let reused = kept.is_some();
                    let mut stream = kept.take().unwrap_or_else(|| process.connect());
                    let mut end = ask(&mut stream, &request);
                    if end.is_none() && reused {
                        // closed after the answer before
                        stream = process.connect();
                        end = ask(&mut stream, &request);
                    }
                    if end.is_some() && small {
                        kept = Some(stream);
                    }
                    *ends.lock().unwrap().entry(end.unwrap_or(0)).or_default() += 1;
                }
            });
        }
    });
    (ends.into_inner().unwrap(), String::new())
}

/// Opens `count` connections and sends a byte a second on each until it is closed or answered; says
/// how long that took, and how long a new client waited meanwhile.
fn drip(process: &Process, count: usize, head: &str, byte: &[u8]) -> (Ends, String) {
    let begun = Instant::now();
    let mut open: Vec<TcpStream> = (0..count)
        .filter_map(|_| {
            let mut stream = connect(&process.address)?;
            stream.write_all(head.as_bytes()).ok()?;
            stream.set_nonblocking(true).ok()?;
            Some(stream)
        })
        .collect();
    let opened = begun.elapsed().as_secs_f64();
    let address = process.address.clone();
    let fresh = std::thread::spawn(move || {
        let begun = Instant::now();
        let mut stream = connect(&address).unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        assert_eq!(ask(&mut stream, request), Some(200));
        begun.elapsed().as_secs_f64()
    });
    let mut ends = Ends::new();
    let mut last = 0.0f64;
    while !open.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} are held", open.len());
        open.retain_mut(|stream| {
            let mut answer = [0; 64];
            let sent = stream.write_all(byte);
            let end = match stream.read(&mut answer) {
                Ok(n) => std::str::from_utf8(&answer[..n])
                    .ok()
                    .and_then(|text| text.split(' ').nth(1)?.parse().ok())
                    .unwrap_or(0),
                Err(error) if error.kind() == ErrorKind::WouldBlock && sent.is_ok() => return true,
                Err(_) => 0,
            };
            *ends.entry(end).or_default() += 1;
            last = begun.elapsed().as_secs_f64();
            false
        });
        std::thread::sleep(Duration::from_secs(1));
    }
    let waited = fresh.join().unwrap();
    (
        ends,
        format!(
            "; opened in {opened:.1} s, the last ended after {last:.0} s; a new client waited {waited:.2} s"
        ),
    )
}

/// Descriptors that this process may have.
fn descriptors() -> usize {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1_024)
}
