//! A collector on a socket of its own, and beacons that it takes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, dead_code, missing_docs)]

#[path = "../../../../tests/common/mod.rs"]
mod small;

use driftline::beacon::{Header, encode};
use driftline::gate::Gate;
use driftline::summary::BlockKind;
use driftline_collector::config::App;
use driftline_collector::{Collector, Config, Host, register, serve};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The hour that the collectors of these tests believe it is.
pub const HOUR: i64 = 498_720;

/// What each beacon says it counted.
pub const RECORDS: i64 = 21;

const BASELINE: &str = r#"{"format": "driftline.baseline/1", "rows": 3000, "inputs": [
    {"kind": "timestamp", "name": "when", "part": "hour", "zone": "UTC",
     "edges": [0, 12, 24], "counts": [1000, 2000], "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "x", "edges": [1, 2, 4], "counts": [1000, 2000],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "n", "edges": [0, 5], "counts": [3000],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "category", "name": "c", "values": ["a", "b"], "counts": [1500, 1500],
     "missing": 0, "unseen": 0, "invalid": 0}]}"#;

/// A bundle of two numbers, one category, one timestamp and two labels, with a baseline.
pub fn bundle() -> Vec<u8> {
    small::with_baseline(BASELINE)
}

/// The same bundle with another baseline.
pub fn bundle_with(baseline: &str) -> Vec<u8> {
    small::with_baseline(baseline)
}

pub fn settings() -> Config {
    Config { listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() }
}

pub fn app(name: &str, key: &str, origins: &[&str]) -> App {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    App { name: name.into(), key: key.into(), origins }
}

/// The start of an hour, for people.
pub fn instant(hour: i64) -> String {
    jiff::Timestamp::from_second(hour * 3_600).unwrap().to_string()
}

pub fn beacon(id: &str, hour: i64) -> String {
    beacon_with_key(id, hour, None)
}

pub fn beacon_with_key(id: &str, hour: i64, key: Option<&str>) -> String {
    let key = key.map_or(String::new(), |key| format!(r#", "key": "{key}""#));
    encoded(id, hour, "pseudonymous", &key, &|_, _| 1).unwrap()
}

/// A beacon of the cells that `count` gives for an input's name and a cell's, and of ones elsewhere.
pub fn encoded(
    id: &str,
    hour: i64,
    mode: &str,
    more: &str,
    count: &dyn Fn(&str, &str) -> u64,
) -> Option<String> {
    static GATE: OnceLock<Mutex<Gate>> = OnceLock::new();
    let gate = GATE.get_or_init(|| Mutex::new(Gate::from_bundle(&bundle()).unwrap()));
    let gate = gate.lock().unwrap();
    let layout = gate.window().layout();
    let mut counts = vec![1; layout.cells()];
    counts[0] = RECORDS.unsigned_abs();
    for block in layout.blocks().iter().filter(|block| block.kind == BlockKind::Input) {
        for cell in 0..block.cells {
            let name = layout.cell_name(block, cell);
            counts[(block.at + cell) as usize] = count(&block.name, &name);
        }
    }
    let start = hour * 3_600_000;
    let header = Header::from_json(&format!(
        r#"{{"id": "{id}", "mode": "{mode}", "start_ms": {start}, "end_ms": {start},
            "host": "node", "sdk": "0.1.0"{more}}}"#
    ));
    let mut state =
        id.bytes().fold(hour.unsigned_abs(), |sum, b| sum * 31 % (1 << 40) + u64::from(b));
    let mut random = |buffer: &mut [u8]| -> driftline::Result<()> {
        for byte in buffer {
            // the high bits of a linear congruential generator: fixed, and even enough here
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
        Ok(())
    };
    encode(&counts, layout, gate.identity(), &header.unwrap(), &mut random).unwrap()
}

/// The place of an input's block, as `randomized` beacons name it.
pub fn place_of(input: &str) -> usize {
    let gate = Gate::from_bundle(&bundle()).unwrap();
    let mut blocks = gate.window().layout().blocks().iter();
    blocks.position(|block| block.kind == BlockKind::Input && block.name == input).unwrap()
}

/// A collector that answers until it is dropped.
pub struct Served {
    pub identity: String,
    address: SocketAddr,
    end: Mutex<Option<oneshot::Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    collector: Arc<Collector>,
    folder: TempDir,
}

impl Served {
    pub fn start(settings: Config) -> Self {
        Self::with(settings, true)
    }

    /// Without any registered bundle.
    pub fn start_empty(settings: Config) -> Self {
        Self::with(settings, false)
    }

    fn with(mut settings: Config, registered: bool) -> Self {
        let folder = TempDir::new().unwrap();
        settings.data = folder.path().to_owned();
        let host = Host { seconds: || HOUR * 3_600 + 60, random: || [7; 32] };
        let registration = register::read(&bundle(), None).unwrap();
        let identity = registration.identity.clone();
        let (end, ended) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async {
                let collector = Collector::open(settings, host).unwrap();
                if registered {
                    collector.register(registration).await.unwrap();
                }
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send((listener.local_addr().unwrap(), Arc::clone(&collector))).unwrap();
                serve(collector, listener, async { ended.await.unwrap_or(()) }).await.unwrap();
            });
        });
        let (address, collector) = told.recv().unwrap();
        Self {
            identity,
            address,
            end: Mutex::new(Some(end)),
            thread: Mutex::new(Some(thread)),
            collector,
            folder,
        }
    }

    /// What answers, for what is no request.
    pub fn collector(&self) -> Arc<Collector> {
        Arc::clone(&self.collector)
    }

    /// The store's file.
    pub fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("driftline.sqlite")
    }

    /// Asks the collector to end; the handle waits for it.
    pub fn end(&self) -> JoinHandle<()> {
        let _ = self.end.lock().unwrap().take().unwrap().send(());
        self.thread.lock().unwrap().take().unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn post(&self, body: &str) -> Answer {
        self.send("POST", "/v1/beacons", &[], body.as_bytes())
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Answer::read(&mut stream)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(end) = self.end.lock().unwrap().take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.lock().unwrap().take() {
            let _ = thread.join();
        }
    }
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn read(stream: &mut TcpStream) -> Self {
        Self::try_read(stream).unwrap_or_else(|| panic!("there is no answer"))
    }

    /// `None` if the other side ends before it answers.
    pub fn try_read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let (head, length) = (head_end(&bytes), length_of(&bytes));
            if head.is_some_and(|head| bytes.len() >= head + length) {
                break;
            }
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
                Err(_) => return None,
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Self { status, headers, body: body.to_owned() })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn length_of(bytes: &[u8]) -> usize {
    let head = String::from_utf8_lossy(&bytes[..head_end(bytes).unwrap_or(bytes.len())]);
    head.lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
        })
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0)
}
