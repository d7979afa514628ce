//! A collector as a process: this program, started again.

use super::common::{self, Answer, HOUR};
use driftline_collector::{Config, Host, register, run};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const SERVE: &str = "--serve";

/// Settings of the collector.
#[derive(Clone, Copy)]
pub enum Kind {
    /// No caps, since all clients share one address.
    Open,
    /// The caps of the defaults; a sender is what `x-client` says.
    Capped,
}

impl Kind {
    pub fn of(name: &str) -> Option<Self> {
        [Self::Open, Self::Capped].into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Capped => "capped",
        }
    }
}

/// What the child does: answers until it is ended.
pub fn serve(kind: Kind, folder: &Path) {
    let mut config = Config { data: folder.to_owned(), ..common::settings() };
    match kind {
        Kind::Open => {
            (config.caps.randomized_beacons, config.caps.other_beacons) = (u32::MAX, u32::MAX);
            config.caps.records = u64::MAX;
        }
        Kind::Capped => config.client_address_header = Some("x-client".into()),
    }
    let host = Host { seconds: || HOUR * 3_600 + 60, random: || [7; 32] };
    let registration = register::read(&common::bundle(), None).unwrap();
    run(config, host, vec![registration], |address| {
        println!("{address}");
        std::io::stdout().flush().unwrap();
    })
    .unwrap();
}

pub struct Process {
    child: Child,
    pub address: String,
}

impl Process {
    pub fn start(kind: Kind, folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([SERVE, kind.name()])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { child, address: address.trim().to_owned() }
    }

    pub fn connect(&self) -> TcpStream {
        connect(&self.address).unwrap()
    }

    /// Beacons and records of the one model.
    pub fn totals(&self) -> (u64, u64) {
        let mut stream = self.connect();
        stream.write_all(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let told = Answer::read(&mut stream).json();
        let number = |name: &str| told["models"][0][name].as_u64().unwrap();
        (number("beacons"), number("records"))
    }

    /// The most memory that was resident at once, in MiB.
    pub fn peak(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kib.map_or(f64::NAN, |kib| kib / 1_024.0)
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may have been killed already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn connect(address: &str) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    Some(stream)
}

/// Ids in no order, as those of clients are: the store's tree of them is written all over.
pub fn id(n: u64) -> String {
    // splitmix64, whose outputs differ for different inputs
    let mut bits = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let (head, tail) = (bits >> 32, bits & 0xffff_ffff);
    format!("{head:08x}-3333-4333-8333-3333{tail:08x}")
}

/// Requests that differ by the beacon's id alone.
pub struct Template(String);

impl Template {
    pub fn new() -> Self {
        Self(common::beacon(&id(0), HOUR))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn body(&self, n: u64) -> String {
        self.0.replacen(&id(0), &id(n), 1)
    }

    pub fn request(&self, n: u64, headers: &str) -> String {
        post(&self.body(n), headers)
    }
}

pub fn post(body: &str, headers: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/beacons HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// The status of the answer; `None` if there is none.
pub fn ask(stream: &mut TcpStream, request: &[u8]) -> Option<u16> {
    // who was refused early may still be sending
    let _ = stream.write_all(request);
    Answer::try_read(stream).map(|answer| answer.status)
}

/// What the figures were taken on.
pub fn machine() {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{} × {}, load {load} before", cores, model.unwrap_or("?"));
}
