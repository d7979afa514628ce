//! The sink on ClickHouse's own engine, beside SQLite: two collectors that share it answer what one
//! with SQLite does, with copies, at every age of the counts. `cargo xtask test --only clickhouse`
//! starts the engine (`tests/clickhouse/run.py`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{HOUR, bundle, encoded};
use driftline::beacon::decode;
use driftline_collector::sink::{ClickHouse, Client, Sender};
use driftline_collector::store::{Contribution, Counts, Model, Taken, Window};
use driftline_collector::{Collector, Config, Host, register};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Hours since 1970, for all collectors of this file.
static NOW: AtomicI64 = AtomicI64::new(HOUR);

fn collector(folder: &Path, at: Option<&ClickHouse>) -> Arc<Collector> {
    let mut config =
        Config { data: folder.to_owned(), clickhouse: at.cloned(), ..Config::default() };
    // so that all three grains are met in few days
    (config.retention.hours, config.retention.days) = (20, 50);
    let seconds = || NOW.load(Ordering::Relaxed) * 3_600 + 60;
    Collector::open(config, Host { seconds, random: || [7; 32] }).unwrap()
}

fn beacon(n: usize, hour: i64) -> Contribution {
    let id = format!("11111111-1111-4111-8111-{n:012}");
    let (mode, more) = match n % 4 {
        0 => ("pseudonymous", String::new()),
        1 => ("aggregated", r#", "users": 5000, "bound": 2"#.to_owned()),
        2 => ("aggregated", r#", "users": 5000, "bound": 1"#.to_owned()),
        _ => ("randomized", format!(r#", "feature": {}"#, common::place_of("x"))),
    };
    let body =
        encoded(&id, hour, mode, &more, &|_, cell| cell.len() as u64 + n as u64 % 3).unwrap();
    let read = decode(body.as_bytes()).unwrap();
    let (id, identity, layout) = (read.id, read.identity, read.layout);
    Contribution { id, identity, layout, hour: read.start, body: read.body }
}

type Answers = (Vec<Model>, Vec<Window>, Vec<Window>, Vec<Counts>, Vec<Counts>);

/// Everything that can be asked, of all time and of a part.
fn answers(at: &Collector) -> Answers {
    at.read(|counts| {
        let models = counts.models()?;
        let identity = &models[0].identity;
        let part = (HOUR - 60, HOUR - 5);
        Ok((
            models.clone(),
            counts.windows(identity, i64::MIN, i64::MAX)?,
            counts.windows(identity, part.0, part.1)?,
            counts.counts(identity, i64::MIN, i64::MAX, None)?,
            counts.counts(identity, part.0, part.1, Some(1))?,
        ))
    })
    .unwrap()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn two_collectors_on_clickhouse_answer_what_one_on_sqlite_does() {
    let Ok(url) = std::env::var("DRIFTLINE_CLICKHOUSE_URL") else {
        let asked = std::env::var("DRIFTLINE_CLICKHOUSE").as_deref() == Ok("required");
        assert!(!asked, "DRIFTLINE_CLICKHOUSE_URL is not set");
        println!("run by `cargo xtask test --only clickhouse`");
        return;
    };
    let database = format!("test_{}", std::process::id());
    let at =
        Config::from_toml(&format!("[clickhouse]\nurl = \"{url}\"\ndatabase = \"{database}\""));
    let at = at.unwrap().clickhouse.unwrap();
    let folders: Vec<TempDir> = (0..3).map(|_| TempDir::new().unwrap()).collect();
    let one = collector(folders[0].path(), None);
    let (a, b) = (collector(folders[1].path(), Some(&at)), collector(folders[2].path(), Some(&at)));
    let runtime = Runtime::new().unwrap();
    let registration = register::read(&bundle(), None).unwrap();
    runtime.block_on(one.register(registration.clone())).unwrap();
    runtime.block_on(a.register(registration)).unwrap();
    let client = Client::new(at.clone());

    // the second learns of the bundle through ClickHouse
    let first = Sender::start(&a).unwrap();
    wait("a bundle is told", || a.read(|counts| counts.models()).is_ok_and(|all| all.len() == 1));
    let second = Sender::start(&b).unwrap();
    let known = || {
        b.store().read(|db| {
            db.query_row("SELECT count(*) FROM models", [], |row| row.get::<_, i64>(0))
                .map_err(Into::into)
        })
    };
    wait("a bundle is learnt", || known().unwrap() == 1);

    let take =
        |at: &Collector, one: Contribution| runtime.block_on(at.store().take(one, None)).unwrap();
    for n in 0..300 {
        // over the week that is taken; randomized ones begin with a day
        let hour = HOUR - (n as i64 * 7) % 180;
        let each = beacon(n, hour);
        assert_eq!(take(&one, each.clone()), Taken::Counted);
        // a third goes to either collector, a third to both, as a client's second try may
        if n % 3 != 1 {
            assert_eq!(take(&a, each.clone()), Taken::Counted);
            assert_eq!(take(&a, each.clone()), Taken::Duplicate);
        }
        if n % 3 != 0 {
            assert_eq!(take(&b, each), Taken::Counted);
        }
    }
    let empty = |at: &Collector| {
        at.store()
            .read(|db| {
                Ok(db.query_row("SELECT count(*) FROM outbox", [], |row| row.get::<_, i64>(0))?)
            })
            .unwrap()
            == 0
    };
    wait("all is shipped", || empty(&a) && empty(&b));
    let expected = answers(&one);
    assert_eq!(expected.0[0].beacons, 300);
    assert!(expected.3.len() > 100 && !expected.4.is_empty());
    assert_eq!(answers(&a), expected);
    assert_eq!(answers(&b), expected);

    // rows that come again, with their token and without
    let rows = br#"{"identity":"none","layout":"l","hour":30,"mode":2,"epsilon":0,"bound":0,"id":"11111111-1111-4111-8111-111111111111","records":3,"reports":{"0":1},"cells":{"0":3}}"#;
    let count = |query: &str| {
        let mut found = Vec::new();
        client
            .ask(query, &[], |row: serde_json::Value| {
                found.push(row["n"].as_str().unwrap().to_owned());
                Ok(())
            })
            .unwrap();
        found[0].clone()
    };
    for token in ["t", "t", "u"] {
        client.insert("beacons", rows, token).unwrap();
    }
    assert_eq!(
        count("SELECT count() AS n FROM beacons WHERE identity = 'none'"),
        "2",
        "the token holds"
    );
    assert_eq!(
        count("SELECT count() AS n FROM beacons FINAL WHERE identity = 'none'"),
        "1",
        "the id holds"
    );
    client.change("ALTER TABLE beacons DROP PARTITION 1", &[]).unwrap();

    // by and by days are settled, hours become days, and days months
    let mut grains = std::collections::BTreeSet::new();
    let mut settled = 0;
    for days in [12, 20, 26, 70, 120] {
        NOW.store(HOUR + days * 24, Ordering::Relaxed);
        runtime.block_on(one.retain()).unwrap();
        let expected = answers(&one);
        assert_eq!(answers(&a), expected, "{days} days later, before they are settled");
        settled += a.settle(0).unwrap().len();
        assert_eq!(b.settle(0).unwrap(), Vec::<i64>::new(), "it is done already");
        assert_eq!(answers(&a), expected, "{days} days later");
        client.change("OPTIMIZE TABLE counts FINAL", &[]).unwrap();
        assert_eq!(answers(&b), expected, "{days} days later, merged");
        grains.extend(expected.1.iter().map(|window| window.grain));
    }
    assert_eq!(grains.len(), 3, "{grains:?}");
    assert!(settled >= 8, "{settled}");
    a.settle(3_600).unwrap();
    a.settle(0).unwrap();
    assert_eq!(count("SELECT count() AS n FROM beacons"), "0", "all is in the sums");

    // a day whose sums were written and not marked is not written again
    client.change("DROP TABLE settled", &[]).unwrap();
    client.prepare().unwrap();
    client.insert("beacons", rows, "v").unwrap();
    a.settle(0).unwrap();
    client.change("TRUNCATE TABLE settled", &[]).unwrap();
    a.settle(0).unwrap();
    assert_eq!(count("SELECT sum(beacons) AS n FROM counts WHERE identity = 'none'"), "1");
    first.end();
    second.end();

    // sums past their time go
    let folder = TempDir::new().unwrap();
    let mut config =
        Config { data: folder.path().to_owned(), clickhouse: Some(at), ..a.config().clone() };
    config.retention.months = 90;
    let host = Host { seconds: || (HOUR + 400 * 24) * 3_600, random: || [7; 32] };
    let forgetful = Collector::open(config, host).unwrap();
    assert_ne!(count("SELECT count() AS n FROM counts"), "0");
    forgetful.settle(0).unwrap();
    assert_eq!(count("SELECT count() AS n FROM counts"), "0");
}
