//! Copies of the store: restored when they are whole, exported as columns, and files for deployment
//! that say what the program knows.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{HOUR, Served, beacon, settings};
use driftline_collector::store::{Fault, Store, read_counts, read_models, read_windows, restore};
use driftline_collector::{Config, export};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn id(n: usize) -> String {
    format!("11111111-1111-4111-8111-{n:012}")
}

/// A served store with three beacons in two hours, and one with noise.
fn served() -> Served {
    let served = Served::start(settings());
    for n in 0..3 {
        assert_eq!(served.post(&beacon(&id(n), HOUR - n as i64 % 2)).status, 204);
    }
    let more = r#", "users": 5000, "bound": 2"#;
    let noisy = common::encoded(&id(9), HOUR, "aggregated", more, &|_, _| 40).unwrap();
    assert_eq!(served.post(&noisy).status, 204);
    served
}

fn backup(served: &Served, folder: &Path) -> PathBuf {
    let copy = folder.join("copy.sqlite");
    Store::copy(served.file().parent().unwrap(), &copy).unwrap();
    copy
}

fn beacons(folder: &Path) -> i64 {
    let store = Store::open(folder).unwrap();
    store.read(read_models).unwrap()[0].beacons
}

#[test]
fn a_copy_is_restored_and_the_old_journal_is_not_played_into_it() {
    let desk = TempDir::new().unwrap();
    let copy = backup(&served(), desk.path());
    let data = desk.path().join("data");
    let restored = restore(&data, &copy, false).unwrap();
    assert_eq!(restored.models, 1);
    assert_eq!(beacons(&data), 4);
    fs::write(data.join("driftline.sqlite-wal"), b"of another store").unwrap();
    fs::write(data.join("driftline.sqlite-shm"), b"of another store").unwrap();
    assert!(matches!(restore(&data, &copy, false), Err(Fault::Exists(_))));
    restore(&data, &copy, true).unwrap();
    assert!(!data.join("driftline.sqlite-wal").exists());
    assert_eq!(beacons(&data), 4);
}

#[test]
fn what_is_no_whole_copy_changes_nothing() {
    let desk = TempDir::new().unwrap();
    let copy = backup(&served(), desk.path());
    let data = desk.path().join("data");
    restore(&data, &copy, false).unwrap();
    let whole = fs::read(&copy).unwrap();
    let bad = desk.path().join("bad.sqlite");
    let mut torn = whole.clone();
    // some pages of the middle
    let middle = torn.len() / 2;
    torn[middle..middle + 6_000].fill(0x5a);
    for (name, bytes) in [
        ("text", b"not a database".to_vec()),
        ("empty", Vec::new()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("torn", torn),
    ] {
        fs::write(&bad, bytes).unwrap();
        let fault = restore(&data, &bad, true).unwrap_err();
        assert!(matches!(fault, Fault::Damaged(_)), "{name}: {fault}");
    }
    let newer = rusqlite::Connection::open(&copy).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(matches!(restore(&data, &copy, true), Err(Fault::Newer { version: 99, .. })));
    assert!(matches!(restore(&data, &desk.path().join("none"), true), Err(Fault::File { .. })));
    assert_eq!(beacons(&data), 4);
}

#[test]
fn a_store_in_use_is_not_replaced() {
    let desk = TempDir::new().unwrap();
    let served = served();
    let copy = backup(&served, desk.path());
    let data = served.file().parent().unwrap().to_owned();
    assert!(matches!(restore(&data, &copy, true), Err(Fault::InUse(_))));
    // nor is a store that is in use a copy
    let other = desk.path().join("other");
    assert!(matches!(restore(&other, &served.file(), false), Err(Fault::InUse(_))));
    assert_eq!(served.post(&beacon(&id(7), HOUR)).status, 204);
}

#[test]
fn columns_hold_what_the_store_holds() {
    let desk = TempDir::new().unwrap();
    let served = served();
    let data = served.file().parent().unwrap().to_owned();
    let config = Config { data, ..settings() };
    let file = desk.path().join("counts.parquet");
    let exported = export(&config, HOUR, &file).unwrap();
    assert!(
        matches!(export(&config, HOUR, &file), Err(Fault::File { .. })),
        "a file is not written over"
    );

    type Key = (String, i64, String, Option<i32>, Option<i32>);
    let mut sums: BTreeMap<Key, i64> = BTreeMap::new();
    let reader = SerializedFileReader::new(fs::File::open(&file).unwrap()).unwrap();
    let mut rows = 0;
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        assert_eq!(row.get_string(0).unwrap(), &served.identity);
        let start = row.get_timestamp_millis(4).unwrap() / 3_600_000;
        let place = (row.get_int(8).ok(), row.get_int(12).ok());
        let name = match place.0 {
            Some(_) => String::new(),
            None => row.get_string(13).unwrap().clone(),
        };
        let mode = row.get_string(5).unwrap().clone();
        assert_eq!(row.get_double(6).ok(), (mode == "aggregated").then_some(1.0));
        assert_eq!(row.get_int(7).ok(), (mode == "aggregated").then_some(2));
        let key = (mode + &name, start, row.get_string(3).unwrap().clone(), place.0, place.1);
        assert!(sums.insert(key, row.get_long(14).unwrap()).is_none(), "a row came twice");
        rows += 1;
    }
    assert_eq!((exported.models, exported.windows, exported.rows), (1, 3, rows));

    let store = rusqlite::Connection::open(served.file()).unwrap();
    let mut expected: BTreeMap<Key, i64> = BTreeMap::new();
    for w in read_windows(&store, &served.identity, i64::MIN, i64::MAX).unwrap() {
        for (name, count) in [("beacons", w.beacons), ("records", w.records)] {
            let mode = w.mode.as_str().to_owned() + name;
            expected.insert((mode, w.start, w.grain.into(), None, None), count);
        }
    }
    for row in read_counts(&store, &served.identity, i64::MIN, i64::MAX, None).unwrap() {
        for (at, count) in (0i32..).zip(&row.cells) {
            let block = i32::try_from(row.block).unwrap();
            let mode = row.mode.as_str().to_owned();
            expected.insert((mode, row.start, row.grain.into(), Some(block), Some(at)), *count);
        }
    }
    assert_eq!(sums, expected);
}

#[test]
fn the_example_settings_are_those_that_the_program_knows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let text = fs::read_to_string(folder.join("collector.toml")).unwrap();
    let mut config = Config::from_toml(&text).unwrap();
    assert!(config.check().is_err(), "the tokens are not in the file");
    let token = |name: &str| name.ends_with("_TOKEN").then(|| format!("{name}-is-long"));
    config.take(token).unwrap();
    config.check().unwrap();
    // each setting of the file is the one that holds without it, but for what names a place
    let plain = Config::default();
    assert_eq!(config.caps.records, plain.caps.records);
    assert_eq!(config.caps.randomized_beacons, plain.caps.randomized_beacons);
    assert_eq!(config.caps.other_beacons, plain.caps.other_beacons);
    assert_eq!(config.retention, plain.retention);
    assert_eq!(config.connections, plain.connections);
    // the folder of the counts is the one that the service and the image make
    let data = config.data.display().to_string();
    let service = fs::read_to_string(folder.join("driftline.service")).unwrap();
    let state = service.lines().find_map(|line| line.strip_prefix("StateDirectory=")).unwrap();
    assert_eq!(format!("/var/lib/{state}"), data);
    let image = fs::read_to_string(folder.join("Dockerfile")).unwrap();
    assert!(image.contains(&format!("VOLUME {data}\n")));
    for file in [service, image] {
        assert!(file.contains("/etc/driftline/collector.toml"));
    }
}
