//! The way to ClickHouse under faults: a stand-in that answers wrongly, late or not at all, and like
//! ClickHouse forgets a batch whose token came before. Nothing is lost and nothing comes twice.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{HOUR, bundle, encoded};
use driftline::beacon::decode;
use driftline_collector::sink::{ClickHouse, Sender};
use driftline_collector::store::{Contribution, Fault, Into, Store, Taken};
use driftline_collector::{Collector, Config, Host, register};
use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What becomes of an insert of beacons.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Take,
    /// 500, and nothing is kept.
    Refuse,
    /// Kept, and then 500.
    TakeAndFail,
    /// The connection is reset before the body is read.
    Reset,
    /// Kept, and then the connection is closed without an answer.
    TakeAndClose,
    /// Kept, and half an answer.
    TakeAndBreakOff,
}

#[derive(Default)]
struct Kept {
    tokens: HashSet<String>,
    ids: Vec<String>,
    acts: Vec<Act>,
    inserts: usize,
}

/// A stand-in for the HTTP interface.
struct StandIn {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

impl StandIn {
    fn start(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let acts = acts.iter().rev().copied().collect();
        let kept = Arc::new(Mutex::new(Kept { acts, ..Kept::default() }));
        let at = Arc::clone(&kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let at = Arc::clone(&at);
                std::thread::spawn(move || answer(stream, &at));
            }
        });
        Self { url, kept }
    }

    fn settings(&self) -> ClickHouse {
        let text = format!("[clickhouse]\nurl = \"{}\"", self.url);
        Config::from_toml(&text).unwrap().clickhouse.unwrap()
    }

    fn ids(&self) -> Vec<String> {
        self.kept.lock().unwrap().ids.clone()
    }
}

/// One request a connection.
fn answer(mut stream: TcpStream, kept: &Mutex<Kept>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let target = head.split(' ').nth(1)?.to_owned();
    let insert =
        target.contains("INSERT%20INTO%20beacons") || target.contains("INSERT+INTO+beacons");
    let act = if insert { kept.lock().unwrap().acts.pop().unwrap_or(Act::Take) } else { Act::Take };
    if act == Act::Reset {
        // what is not read makes the system reset the connection
        return None;
    }
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    if insert && act != Act::Refuse {
        let mut kept = kept.lock().unwrap();
        let token = target.split("insert_deduplication_token=").nth(1)?.split('&').next()?;
        kept.inserts += 1;
        if kept.tokens.insert(token.to_owned()) {
            for line in String::from_utf8(body).unwrap().lines() {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                kept.ids.push(row["id"].as_str().unwrap().to_owned());
            }
        }
    }
    let status = match act {
        Act::Refuse | Act::TakeAndFail => "500 Internal Server Error",
        _ => "200 OK",
    };
    match act {
        Act::TakeAndClose => {}
        Act::TakeAndBreakOff => stream.write_all(b"HTTP/1.1 200 O").ok()?,
        _ => {
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).ok()?;
        }
    }
    Some(())
}

fn collector(folder: &Path, clickhouse: Option<ClickHouse>) -> Arc<Collector> {
    let config = Config { data: folder.to_owned(), clickhouse, ..Config::default() };
    let host = Host { seconds: || HOUR * 3_600 + 60, random: || [7; 32] };
    Collector::open(config, host).unwrap()
}

fn registered(runtime: &Runtime, folder: &Path, at: ClickHouse) -> Arc<Collector> {
    let collector = collector(folder, Some(at));
    runtime.block_on(collector.register(register::read(&bundle(), None).unwrap())).unwrap();
    collector
}

fn id(n: usize) -> String {
    format!("11111111-1111-4111-8111-{n:012}")
}

fn beacon(n: usize, hour: i64) -> Contribution {
    let read = decode(encoded(&id(n), hour, "pseudonymous", "", &|_, _| 1).unwrap().as_bytes());
    let read = read.unwrap();
    let (id, identity, layout) = (read.id, read.identity, read.layout);
    Contribution { id, identity, layout, hour: read.start, body: read.body }
}

fn take(runtime: &Runtime, at: &Collector, n: usize) -> Taken {
    runtime.block_on(at.store().take(beacon(n, HOUR), None)).unwrap()
}

fn outbox(at: &Collector) -> i64 {
    let sql = "SELECT coalesce(sum(beacons), 0) FROM outbox";
    at.store().read(|db| Ok(db.query_row(sql, [], |row| row.get(0))?)).unwrap()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn under_faults_nothing_is_lost_and_nothing_comes_twice() {
    use Act::{Refuse, Reset, Take, TakeAndBreakOff, TakeAndClose, TakeAndFail};
    let acts =
        [Refuse, Take, TakeAndFail, Take, Reset, Take, TakeAndClose, Take, TakeAndBreakOff, Take];
    let (stand_in, folder, runtime) =
        (StandIn::start(&acts), TempDir::new().unwrap(), Runtime::new().unwrap());
    let collector = registered(&runtime, folder.path(), stand_in.settings());
    let sender = Sender::start(&collector).unwrap();
    let mut sent = 0;
    // some more for each act, while others are on their way
    while !stand_in.kept.lock().unwrap().acts.is_empty() {
        assert_eq!(take(&runtime, &collector, sent), Taken::Counted);
        sent += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    wait("all is shipped", || outbox(&collector) == 0);
    sender.end();
    let ids = stand_in.ids();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), sent, "of {sent} some are lost");
    assert_eq!(ids.len(), sent, "a batch that came again was not the same");
    let inserts = stand_in.kept.lock().unwrap().inserts;
    assert!(inserts > stand_in.kept.lock().unwrap().tokens.len(), "no batch came again");
}

#[test]
fn what_was_answered_for_is_shipped_after_a_restart() {
    let (folder, runtime) = (TempDir::new().unwrap(), Runtime::new().unwrap());
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = StandIn::start(&[]).settings();
    settings.url = format!("http://{}", nowhere.local_addr().unwrap());
    drop(nowhere);
    let first = registered(&runtime, folder.path(), settings);
    let sender = Sender::start(&first).unwrap();
    for n in 0..40 {
        assert_eq!(take(&runtime, &first, n), Taken::Counted);
        assert_eq!(take(&runtime, &first, n), Taken::Duplicate);
    }
    // who asks for counts is told; who sends is not held up
    assert!(matches!(first.read(|counts| counts.models()), Err(Fault::Sink(_))));
    sender.end();
    first.store().close();
    drop(first);

    let stand_in = StandIn::start(&[]);
    let second = collector(folder.path(), Some(stand_in.settings()));
    assert_eq!(outbox(&second), 40);
    // an end ships what waits
    Sender::start(&second).unwrap().end();
    assert_eq!(outbox(&second), 0);
    let expected: Vec<String> = (0..40).map(id).collect();
    assert_eq!(stand_in.ids(), expected);
}

#[test]
fn an_outbox_that_is_full_takes_no_more_until_it_is_shipped() {
    let (folder, runtime) = (TempDir::new().unwrap(), Runtime::new().unwrap());
    let stand_in = StandIn::start(&[]);
    let mut settings = stand_in.settings();
    settings.outbox_bytes = 1_000;
    let collector = registered(&runtime, folder.path(), settings);
    let mut taken = 0;
    let fault = loop {
        match runtime.block_on(collector.store().take(beacon(taken, HOUR), None)) {
            Ok(found) => assert_eq!(found, Taken::Counted),
            Err(fault) => break fault,
        }
        taken += 1;
    };
    assert!(matches!(fault, Fault::Busy), "{fault}");
    assert!((1..20).contains(&taken));
    let sender = Sender::start(&collector).unwrap();
    wait("it is shipped", || outbox(&collector) == 0);
    // the one that was refused was not counted
    assert_eq!(take(&runtime, &collector, taken), Taken::Counted);
    sender.end();
    assert_eq!(stand_in.ids().len(), taken + 1);
}

#[test]
fn beacons_that_waited_too_long_stay_and_hold_nothing_up() {
    let (folder, runtime) = (TempDir::new().unwrap(), Runtime::new().unwrap());
    let stand_in = StandIn::start(&[]);
    let collector = registered(&runtime, folder.path(), stand_in.settings());
    let old = beacon(1, HOUR - 17 * 24);
    assert_eq!(runtime.block_on(collector.store().take(old, None)).unwrap(), Taken::Counted);
    assert_eq!(take(&runtime, &collector, 2), Taken::Counted);
    Sender::start(&collector).unwrap().end();
    assert_eq!(stand_in.ids(), [id(2)]);
    assert_eq!(outbox(&collector), 1);
}

#[test]
fn a_store_keeps_to_the_place_where_its_counts_went() {
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let runtime = Runtime::new().unwrap();
    let stand_in = StandIn::start(&[]);
    let at = registered(&runtime, folder.path(), stand_in.settings());
    take(&runtime, &at, 1);
    at.store().close();
    assert!(matches!(Store::open(folder.path()), Err(Fault::Elsewhere(_))));
    let at = collector(other.path(), None);
    runtime.block_on(at.register(register::read(&bundle(), None).unwrap())).unwrap();
    take(&runtime, &at, 1);
    at.store().close();
    let again = Store::open_into(other.path(), Into::Outbox(1_000));
    assert!(matches!(again, Err(Fault::Elsewhere(_))));
}

#[test]
fn settings_of_a_sink_are_checked() {
    let settings =
        |text: &str| Config::from_toml(&format!("[clickhouse]\n{text}")).and_then(|c| c.check());
    assert!(settings("url = \"http://127.0.0.1:8123\"").is_ok());
    assert!(settings("url = \"tcp://127.0.0.1:9000\"").is_err());
    assert!(settings("url = \"http://a\"\ndatabase = \"a; DROP\"").is_err());
    assert!(settings("database = \"a\"").is_err());
    let mut config =
        Config::from_toml("[clickhouse]\nurl = \"http://a\"\npassword = \"p\"").unwrap();
    assert!(!format!("{config:?}").contains("\"p\""));
    config.take(|name| (name == "DRIFTLINE_CLICKHOUSE_PASSWORD").then(|| "q".to_owned())).unwrap();
    assert_eq!(config.clickhouse.unwrap().password.as_deref(), Some("q"));
}
