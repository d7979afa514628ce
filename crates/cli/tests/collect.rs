//! The collector as a process: it takes what is sent, keeps it over a kill, and copies its counts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../collector/tests/common/mod.rs"]
mod collector;
mod common;

use collector::{Answer, beacon, bundle};
use common::Desk;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(folder: &Path) -> Self {
        std::fs::write(folder.join("tiny.driftline"), bundle()).unwrap();
        // all senders of these tests share one address
        let settings = "[caps]\nrandomized_beacons = 1000000\nother_beacons = 1000000\n";
        std::fs::write(folder.join("settings.toml"), settings).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(["collect", "--listen", "127.0.0.1:0", "--json", "--register"])
            .arg(folder.join("tiny.driftline"))
            .arg("--data")
            .arg(folder.join("counts"))
            .arg("--config")
            .arg(folder.join("settings.toml"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = told["listening"].as_str().unwrap().strip_prefix("http://").unwrap().into();
        Self { child, address }
    }

    fn send(&self, request: &str) -> Option<Answer> {
        send(&self.address, request)
    }

    fn beacons(&self) -> u64 {
        let answer = self.send("GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        answer.unwrap().json()["models"][0]["beacons"].as_u64().unwrap()
    }

    /// Without any chance to tidy up.
    fn kill(mut self) {
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

fn send(address: &str, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).ok()?;
    // a killed collector closes without an answer
    Answer::try_read(&mut stream)
}

fn post(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1/beacons HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn hour() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs() / 3_600).unwrap()
}

fn id(n: usize) -> String {
    format!("22222222-2222-4222-8222-{n:012}")
}

#[test]
fn a_killed_collector_has_lost_nothing_that_it_answered_for() {
    let folder = TempDir::new().unwrap();
    let hour = hour();
    let mut acknowledged = Vec::new();
    let mut sent = 0;
    for round in 0..4 {
        let process = Process::start(folder.path());
        let address = process.address.clone();
        let stop = AtomicBool::new(false);
        let answered: Vec<usize> = std::thread::scope(|scope| {
            let (stop, address) = (&stop, &address);
            let senders: Vec<_> = (0..4)
                .map(|sender| {
                    scope.spawn(move || {
                        let mut answered = Vec::new();
                        for n in (sender..).step_by(4).take(400) {
                            if stop.load(Ordering::Relaxed) {
                                break;
                            }
                            let n = round * 2_000 + n;
                            if send(address, &post(&beacon(&id(n), hour)))
                                .is_some_and(|a| a.status == 204)
                            {
                                answered.push(n);
                            }
                        }
                        answered
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(150 + 90 * round as u64));
            process.kill();
            stop.store(true, Ordering::Relaxed);
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
        });
        assert!(!answered.is_empty(), "round {round}: nothing was taken before the kill");
        sent += 1_600;
        acknowledged.extend(answered);
    }
    let process = Process::start(folder.path());
    let found = process.beacons();
    let answered = acknowledged.len() as u64;
    println!("{answered} acknowledged over 4 kills, {found} counted, of at most {sent}");
    // one that was counted and not answered for any more is allowed; one that was lost is not
    assert!(
        (answered..=answered + 16).contains(&found),
        "{answered} acknowledged, {found} counted"
    );
    for n in &acknowledged {
        let answer = process.send(&post(&beacon(&id(*n), hour))).unwrap();
        assert_eq!(answer.status, 204);
    }
    assert_eq!(process.beacons(), found, "a copy was counted again");
}

#[test]
fn a_copy_is_made_while_the_collector_runs() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let taken = process.send(&post(&beacon(&id(1), hour()))).unwrap();
    assert_eq!(taken.status, 204);
    let desk = Desk::new();
    let data = folder.path().join("counts");
    let restored = folder.path().join("restored");
    std::fs::create_dir(&restored).unwrap();
    let copy = restored.join("driftline.sqlite");
    let args = ["collect", "--data", data.to_str().unwrap(), "--backup", copy.to_str().unwrap()];
    desk.run(&args).good();
    assert_eq!(desk.run(&args).status, 2, "a file is not written over");
    drop(process);
    std::fs::remove_dir_all(&data).unwrap();
    let data = data.to_str().unwrap();
    let restore = ["collect", "--data", data, "--restore", copy.to_str().unwrap(), "--json"];
    assert_eq!(desk.run(&restore).good().lines()[0]["models"], 1);
    let refused = desk.run(&restore);
    assert_eq!((refused.status, refused.code().as_ref()), (2, "bad_usage"), "{refused:?}");
    desk.run(&[&restore[..], &["--force"]].concat()).good();
    assert_eq!(Process::start(folder.path()).beacons(), 1);
}

#[test]
fn counts_are_exported_as_columns_while_the_collector_runs() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    for n in 0..3 {
        assert_eq!(process.send(&post(&beacon(&id(n), hour()))).unwrap().status, 204);
    }
    let desk = Desk::new();
    let data = folder.path().join("counts");
    let data = data.to_str().unwrap();
    let told = desk.run(&["collect", "--data", data, "--export", "counts.parquet", "--json"]);
    let told = &told.good().lines()[0];
    assert_eq!(told["models"], 1);
    assert!(told["rows"].as_u64().unwrap() > 20, "{told}");
    // the reader of `driftline profile` finds every row
    let read = desk.run(&["profile", "counts.parquet", "--json"]);
    assert_eq!(read.good().lines()[0]["rows"], told["rows"]);
    let nothing = desk.run(&["collect", "--data", "none", "--export", "other.parquet"]);
    assert_eq!(nothing.status, 2);
    assert!(!desk.path("other.parquet").exists());
}

#[test]
fn an_end_by_signal_is_clean() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(folder.path());
    let pid = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(process.child.wait().unwrap().success());
}

#[test]
fn settings_that_would_be_unsafe_are_refused() {
    let desk = Desk::new();
    let answer = desk.run(&["collect", "--listen", "0.0.0.0:0", "--json"]);
    assert_eq!((answer.status, answer.code().as_ref()), (2, "bad_usage"));
    assert!(answer.error()["message"].as_str().unwrap().contains("write key"), "{answer:?}");
    let answer = desk.run(&["collect", "--config", "nowhere.toml", "--json"]);
    assert_eq!(answer.status, 2);
}
