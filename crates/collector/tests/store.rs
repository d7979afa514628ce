//! The store: counted once, answered after the commit, rolled up without loss.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use driftline::beacon::{Body, Mode};
use driftline::privacy::Epsilon;
use driftline::summary::BlockKind;
use driftline_collector::store::{
    Contribution, Fault, Kept, Registration, Store, Taken, is_whole, read_counts, read_models,
    read_windows,
};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Hours for which windows are taken, as by default.
const ACCEPTED: i64 = 8 * 24;

const IDENTITY: &str = "sha256:aa";

const SUMMARY: &str = r#"{"blocks":[{"kind":"records","cells":["a","b"]},
    {"kind":"input","cells":["x","y","z"]}]}"#;

fn registration(identity: &str) -> Registration {
    Registration {
        identity: identity.into(),
        layout: "1122".into(),
        name: "flights".into(),
        contract: "{}".into(),
        baseline: None,
        summary: SUMMARY.into(),
        blocks: vec![(BlockKind::Records, 2), (BlockKind::Input, 3)],
    }
}

fn with(id: &str, hour: i64, body: Body) -> Contribution {
    let (identity, layout) = (IDENTITY.into(), "1122".into());
    // a UUID with the text in it
    let digits = id.bytes().fold(0u128, |sum, byte| sum << 8 | u128::from(byte));
    let text = format!("{digits:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &text[part]);
    Contribution { id: parts.join("-"), identity, layout, hour, body }
}

/// Five cells: two of the first block, three of the second.
fn beacon(id: &str, hour: i64, counts: &[i64]) -> Contribution {
    with(id, hour, Body::Pseudonymous { counts: counts.to_vec() })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn open(folder: &Path) -> Store {
    let store = Store::open(folder).unwrap();
    runtime().block_on(store.register(registration(IDENTITY), 0)).unwrap();
    store
}

fn take(store: &Store, beacon: Contribution) -> Taken {
    runtime().block_on(store.take(beacon, None)).unwrap()
}

fn sums(store: &Store, block: u32) -> Vec<i64> {
    let rows = store.read(|db| read_counts(db, IDENTITY, i64::MIN, i64::MAX, Some(block))).unwrap();
    rows.iter().fold(Vec::new(), |mut all, row| {
        all.resize(row.cells.len(), 0);
        all.iter_mut().zip(&row.cells).for_each(|(sum, cell)| *sum += cell);
        all
    })
}

#[test]
fn a_beacon_that_comes_twice_is_counted_once_even_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let one = beacon("one", 5, &[1, 1, 2, 0, 3]);
    assert_eq!(take(&store, one.clone()), Taken::Counted);
    assert_eq!(take(&store, one.clone()), Taken::Duplicate);
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(take(&store, one), Taken::Duplicate);
    assert_eq!(sums(&store, 1), [2, 0, 3]);
    assert_eq!(store.read(read_models).unwrap()[0].beacons, 1);
}

#[test]
fn counts_of_another_layout_change_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let epsilon = Epsilon::from_milli(1_000).unwrap();
    for (id, body) in [
        ("short", Body::Pseudonymous { counts: vec![1; 4] }),
        ("long", Body::Pseudonymous { counts: vec![1; 6] }),
        ("nobody is asked", Body::Randomized { epsilon, block: 0, cell: 0 }),
        ("beyond", Body::Randomized { epsilon, block: 1, cell: 3 }),
        ("no block", Body::Randomized { epsilon, block: 2, cell: 0 }),
    ] {
        assert_eq!(take(&store, with(id, 5, body)), Taken::Unfit, "{id}");
    }
    let none = store.read(|db| read_windows(db, IDENTITY, i64::MIN, i64::MAX)).unwrap();
    assert_eq!(none, []);
    // a refused id is not used up
    assert_eq!(take(&store, beacon("short", 5, &[1; 5])), Taken::Counted);
}

#[test]
fn sums_never_wrap() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    assert_eq!(take(&store, beacon("a", 5, &[0, 0, i64::MAX, 0, 0])), Taken::Counted);
    assert_eq!(take(&store, beacon("b", 5, &[1, 7, 1, 0, 0])), Taken::Unfit);
    assert_eq!(sums(&store, 1), [i64::MAX, 0, 0]);
    assert_eq!(sums(&store, 0), [0, 0]);
}

#[test]
fn other_noise_and_other_modes_are_not_merged() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let noisy = |milli, bound| {
        let epsilon = Epsilon::from_milli(milli).unwrap();
        Body::Aggregated { epsilon, bound, counts: vec![-3, 1, 1, 1, 1] }
    };
    let epsilon = Epsilon::from_milli(1_000).unwrap();
    for (id, body) in [
        ("a", Body::Pseudonymous { counts: vec![1; 5] }),
        ("b", noisy(1_000, 1)),
        ("c", noisy(500, 1)),
        ("d", noisy(500, 2)),
        ("e", Body::Randomized { epsilon, block: 1, cell: 2 }),
        ("f", noisy(1_000, 1)),
    ] {
        assert_eq!(take(&store, with(id, 5, body)), Taken::Counted, "{id}");
    }
    let windows = store.read(|db| read_windows(db, IDENTITY, i64::MIN, i64::MAX)).unwrap();
    let told: Vec<_> =
        windows.iter().map(|w| (w.mode, w.epsilon, w.bound, w.beacons, w.records)).collect();
    let expected = [
        (Mode::Randomized, 1000, 0, 1, 1),
        (Mode::Aggregated, 500, 1, 1, -3),
        (Mode::Aggregated, 500, 2, 1, -3),
        (Mode::Aggregated, 1000, 1, 2, -6),
        (Mode::Pseudonymous, 0, 0, 1, 1),
    ];
    assert_eq!(told, expected);
    let rows = store.read(|db| read_counts(db, IDENTITY, 0, 9, Some(0))).unwrap();
    assert!(rows.iter().all(|row| row.mode != Mode::Randomized), "it answered about one block");
}

#[test]
fn a_beacon_of_an_unknown_identity_waits_or_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let runtime = runtime();
    let other = Contribution { identity: "sha256:bb".into(), ..beacon("one", 5, &[1; 5]) };
    let take = |park| runtime.block_on(store.take(other.clone(), park)).unwrap();
    assert_eq!(take(None), Taken::Unknown);
    assert_eq!(take(Some(b"bytes".to_vec())), Taken::Parked);
    assert_eq!(take(Some(b"bytes".to_vec())), Taken::Parked);
    let parked = runtime.block_on(store.register(registration("sha256:bb"), 0)).unwrap();
    assert_eq!(parked, [b"bytes".to_vec()]);
    let parked = runtime.block_on(store.register(registration("sha256:bb"), 0)).unwrap();
    assert_eq!(parked, Vec::<Vec<u8>>::new());
}

#[test]
fn counts_of_two_layouts_of_an_identity_are_not_merged() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let summary = r#"{"blocks":[{"kind":"input","cells":["a","b","c"]}]}"#.into();
    let layout = "3344".to_owned();
    let other = Registration {
        layout: layout.clone(),
        summary,
        blocks: vec![(BlockKind::Input, 3)],
        ..registration(IDENTITY)
    };
    runtime().block_on(store.register(other, 0)).unwrap();
    assert_eq!(take(&store, beacon("one", 5, &[1; 5])), Taken::Counted);
    let three = beacon("two", 5, &[1; 3]);
    assert_eq!(take(&store, three.clone()), Taken::Unfit);
    assert_eq!(take(&store, Contribution { layout, ..three }), Taken::Counted);
    let rows = store.read(|db| read_counts(db, IDENTITY, 0, 9, None)).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (&*row.layout, row.cells.len())).collect();
    assert_eq!(told, [("1122", 2), ("1122", 3), ("3344", 3)]);
}

#[test]
fn hours_become_days_and_months_and_keep_their_sums() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let runtime = runtime();
    // 70 days of hours from 2024-01-01
    let start = 19_723 * 24;
    for hour in 0..70 * 24 {
        let id = format!("b{hour}");
        assert_eq!(take(&store, beacon(&id, start + hour, &[2, 1, 0, 0, 0])), Taken::Counted);
    }
    let now = start + 70 * 24;
    let kept = Kept { hours: 14, days: 35, months: 0 };
    let rolled = runtime.block_on(store.retain(kept, ACCEPTED, now)).unwrap();
    assert_eq!(rolled.hours, (70 - 14) * 24);
    assert_eq!(rolled.days, 31);
    assert_eq!(sums(&store, 0), [2 * 70 * 24, 70 * 24]);
    let windows = store.read(|db| read_windows(db, IDENTITY, i64::MIN, i64::MAX)).unwrap();
    assert_eq!(windows.iter().map(|w| w.records).sum::<i64>(), 2 * 70 * 24);
    let count = |grain| windows.iter().filter(|w| w.grain == grain).count();
    assert_eq!([count("hour"), count("day"), count("month")], [14 * 24, 25, 1]);
    // again: nothing is left to do, and nothing is added twice
    let rolled = runtime.block_on(store.retain(kept, ACCEPTED, now)).unwrap();
    assert_eq!([rolled.hours, rolled.days], [0, 0]);
    assert_eq!(sums(&store, 0), [2 * 70 * 24, 70 * 24]);
    // a late one that is still taken falls into an hour
    let late = beacon("late", now - 8 * 24, &[1; 5]);
    assert_eq!(take(&store, late), Taken::Counted);
}

#[test]
fn months_past_their_time_are_forgotten() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let start = 19_723 * 24;
    assert_eq!(take(&store, beacon("a", start, &[1; 5])), Taken::Counted);
    let kept = Kept { hours: 14, days: 30, months: 60 };
    let retain =
        |days: i64| runtime().block_on(store.retain(kept, ACCEPTED, start + days * 24)).unwrap();
    assert_eq!(retain(50).forgotten, 0);
    assert_eq!(retain(70).days, 1);
    assert_eq!(retain(200).forgotten, 3);
    assert_eq!(sums(&store, 0), Vec::<i64>::new());
}

#[test]
fn ids_are_remembered_for_longer_than_windows_are_taken() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    assert_eq!(store.remembers_since(), i64::MIN);
    let start = 19_723 * 24;
    let retain = |accepted: i64, now: i64| {
        let kept = Kept::default();
        runtime().block_on(store.retain(kept, accepted, now)).unwrap().ids
    };
    assert_eq!(take(&store, beacon("a", start, &[1; 5])), Taken::Counted);
    // of windows that are taken for years nothing is forgotten
    assert_eq!(retain(5_000 * 24, start + 4_000 * 24), 0);
    assert_eq!(take(&store, beacon("a", start, &[1; 5])), Taken::Duplicate);
    // the last hour at which a copy is taken, and the last at which it is known
    assert_eq!(retain(ACCEPTED, start + ACCEPTED + 24), 0);
    assert_eq!(retain(ACCEPTED, start + 2 * ACCEPTED), 0);
    assert_eq!(retain(ACCEPTED, start + 2 * ACCEPTED + 1), 1);
    // longer again: what is forgotten stays so, and the store says from when on it knows
    assert_eq!(retain(5_000 * 24, start + 2 * ACCEPTED + 2), 0);
    drop(store);
    assert_eq!(Store::open(folder.path()).unwrap().remembers_since(), start + 1);
}

#[test]
fn a_copy_is_whole_and_can_be_opened_while_the_store_runs() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    take(&store, beacon("one", 5, &[1; 5]));
    let copy = TempDir::new().unwrap();
    let to = copy.path().join("driftline.sqlite");
    runtime().block_on(store.backup(to.clone())).unwrap();
    take(&store, beacon("two", 5, &[1; 5]));
    assert!(runtime().block_on(store.backup(to)).is_err());
    let restored = Store::open(copy.path()).unwrap();
    assert!(restored.read(is_whole).unwrap());
    assert_eq!(sums(&restored, 0), [1, 1]);
    assert_eq!(take(&restored, beacon("two", 5, &[1; 5])), Taken::Counted);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let db = rusqlite::Connection::open(folder.path().join("driftline.sqlite")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(Store::open(folder.path()), Err(Fault::Newer { version: 99, .. })));
}

#[test]
fn what_many_send_at_once_is_all_counted() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(folder.path()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for sender in 0..50 {
            let store = Arc::clone(&store);
            tasks.push(tokio::spawn(async move {
                for n in 0..40 {
                    let one = beacon(&format!("{sender}-{n}"), n % 3, &[0, 0, 1, sender, 2]);
                    assert_eq!(store.take(one.clone(), None).await.unwrap(), Taken::Counted);
                    assert_eq!(store.take(one, None).await.unwrap(), Taken::Duplicate);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(sums(&store, 1), [2_000, 40 * (0..50).sum::<i64>(), 4_000]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The order in which beacons come, and in how many commits, changes nothing.
    #[test]
    fn any_order_gives_the_same_sums(
        cells in prop::collection::vec((0i64..3, 0i64..1000, 0i64..1000), 1..20),
        seed in any::<u64>(),
    ) {
        let mut all: Vec<_> = cells
            .iter()
            .enumerate()
            .map(|(at, (hour, a, b))| beacon(&at.to_string(), *hour, &[*a, *b, *b, 0, 1]))
            .collect();
        let told = |order: &[Contribution]| {
            let folder = TempDir::new().unwrap();
            let store = open(folder.path());
            for one in order {
                take(&store, one.clone());
            }
            store.read(|db| read_counts(db, IDENTITY, i64::MIN, i64::MAX, None)).unwrap()
        };
        let first = told(&all);
        all.sort_by_key(|one| seed.wrapping_mul(one.id.len() as u64 + one.hour.unsigned_abs()));
        all.reverse();
        prop_assert_eq!(first, told(&all));
    }
}
