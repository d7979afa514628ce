//! The Parquet export as pyarrow reads it, beside the collector's answers over HTTP.
//! `cargo xtask test --only clickhouse` has the Python for it (`DRIFTLINE_PYTHON`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{HOUR, bundle, encoded, place_of, settings};
use driftline::beacon::decode;
use driftline_collector::store::{Contribution, Taken};
use driftline_collector::{Collector, Config, Host, export, register, serve};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Hours since 1970.
static NOW: AtomicI64 = AtomicI64::new(HOUR);

/// Answers, in the order in which the script takes them.
const ANSWERS: [&str; 4] = ["models", "model", "windows", "counts"];

fn beacon(n: i64, hour: i64) -> Contribution {
    let id = format!("11111111-1111-4111-8111-{n:012}");
    let (mode, more) = match n % 3 {
        0 => ("pseudonymous", String::new()),
        1 => ("aggregated", r#", "users": 5000, "bound": 2"#.to_owned()),
        _ => ("randomized", format!(r#", "feature": {}"#, place_of("x"))),
    };
    let count = |_: &str, cell: &str| (cell.len() as u64) + n.unsigned_abs() % 5;
    let read = decode(encoded(&id, hour, mode, &more, &count).unwrap().as_bytes()).unwrap();
    let (id, identity, layout) = (read.id, read.identity, read.layout);
    Contribution { id, identity, layout, hour: read.start, body: read.body }
}

/// An export of hours, days and months in every mode, and the answers about the same counts.
fn write(runtime: &Runtime, folder: &Path) -> PathBuf {
    let mut config = Config { data: folder.join("data"), ..settings() };
    (config.retention.hours, config.retention.days) = (20, 50);
    let host = Host { seconds: || NOW.load(Ordering::Relaxed) * 3_600 + 60, random: || [7; 32] };
    let collector = Collector::open(config.clone(), host).unwrap();
    let model = register::read(&bundle(), None).unwrap();
    let identity = model.identity.clone();
    runtime.block_on(collector.register(model)).unwrap();
    for (days, first) in [(0, 0), (70, 60), (100, 120)] {
        NOW.store(HOUR + days * 24, Ordering::Relaxed);
        for n in first..first + 60 {
            let one = beacon(n, HOUR + days * 24 - n % 60);
            let taken = runtime.block_on(collector.store().take(one, None)).unwrap();
            assert_eq!(taken, Taken::Counted);
        }
    }
    runtime.block_on(collector.retain()).unwrap();
    let file = folder.join("counts.parquet");
    export(&config, NOW.load(Ordering::Relaxed), &file).unwrap();

    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let at = format!("http://{}/v1/models", listener.local_addr().unwrap());
    runtime.spawn(serve(Arc::clone(&collector), listener, std::future::pending()));
    for (name, path) in ANSWERS.into_iter().zip([
        String::new(),
        format!("/{identity}"),
        format!("/{identity}/windows"),
        format!("/{identity}/counts"),
    ]) {
        let text = ureq::get(format!("{at}{path}")).call().unwrap().body_mut().read_to_string();
        fs::write(folder.join(format!("{name}.json")), text.unwrap()).unwrap();
    }
    file
}

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

/// What pyarrow finds, and whether it is all the same.
fn compared(python: &str, folder: &Path, file: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/columns.py");
    let answers = ANSWERS.map(|name| folder.join(format!("{name}.json")));
    let run = Command::new(python).arg(script).arg(file).args(answers).output().unwrap();
    let text = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    (run.status.success(), text.into_owned())
}

#[test]
fn pyarrow_reads_from_the_export_what_the_collector_answers() {
    let Ok(python) = std::env::var("DRIFTLINE_PYTHON") else {
        println!("run by `cargo xtask test --only clickhouse`");
        return;
    };
    let folder = TempDir::new().unwrap();
    let runtime = Runtime::new().unwrap();
    let file = write(&runtime, folder.path());
    let windows = read(folder.path(), "windows");
    let of = |key: &str| -> BTreeSet<String> {
        let all = windows["windows"].as_array().unwrap().iter();
        all.map(|window| window[key].to_string()).collect()
    };
    assert_eq!((of("grain").len(), of("mode").len()), (3, 3), "every grain in every mode");
    let (same, told) = compared(&python, folder.path(), &file);
    println!("{told}");
    assert!(same, "{told}");

    // the comparison sees each of these, whatever the sums
    for (fault, name, pointer, value) in [
        ("a count", "counts", "/counts/0/cells/0", Value::from(-1)),
        ("a name", "model", "/registrations/0/summary/blocks/1/name", "other".into()),
        ("reports", "counts", "/counts/0/reports", 9_999.into()),
        ("a mode", "windows", "/windows/0/mode", "none".into()),
        ("a start", "windows", "/windows/0/start", 1.into()),
    ] {
        let whole = read(folder.path(), name);
        let mut wrong = whole.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let path = folder.path().join(format!("{name}.json"));
        fs::write(&path, wrong.to_string()).unwrap();
        let (same, told) = compared(&python, folder.path(), &file);
        assert!(!same && told.contains("only in JSON"), "{fault}: {told}");
        fs::write(&path, whole.to_string()).unwrap();
    }
    assert!(compared(&python, folder.path(), &file).0, "all is as it was");
}
