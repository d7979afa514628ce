//! What counting adds to a native prediction of the flights gate: time, and instructions where
//! valgrind is installed. `cargo xtask bench gate` builds the bundle; then `cargo bench --bench summary`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use driftline::contract::{RawRecord, RecordReader};
use driftline::decision::Decision;
use driftline::gate::Gate;
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/flights/flights-delay.driftline");
const ROUNDS: usize = 101;
const RECORDS: usize = 2_000;

/// Records that differ in what they meet: hours, carriers, missing weather, one refused in twenty.
fn records(reader: &RecordReader) -> Vec<RawRecord<'static>> {
    let carriers = ["UA", "B6", "EV", "DL", "AA", "YV"];
    let made = (0..RECORDS).map(|n| {
        let carrier = carriers.get(n % carriers.len()).copied().unwrap_or("UA");
        let temp = if n % 7 == 0 { "null".to_owned() } else { format!("{}", n % 90) };
        let distance = if n % 20 == 0 { 9_999 } else { 80 + n % 2_400 };
        format!(
            r#"{{"scheduled_departure": "2013-{:02}-{:02}T{:02}:30:00Z", "carrier": "{carrier}",
            "origin": "EWR", "dest": "MCO", "distance": {distance}, "plane_year": {}, "plane_seats": {},
            "temp": {temp}, "humidity": {}, "wind_speed": {}, "precip": 0.0, "pressure": {},
            "visib": 10.0}}"#,
            1 + n % 12,
            1 + n % 28,
            n % 24,
            1990 + n % 23,
            20 + n % 300,
            10 + n % 90,
            n % 40,
            990 + n % 40,
        )
    });
    made.map(|json| reader.read_json(Box::leak(json.into_boxed_str())).unwrap()).collect()
}

/// What valgrind counts.
#[inline(never)]
fn asked(gate: &mut Gate, record: RawRecord<'static>) -> Decision {
    gate.predict(record)
}

fn gate(counting: bool) -> Gate {
    let bytes = std::fs::read(BUNDLE).expect("`cargo xtask bench gate` builds the bundle");
    let mut gate = Gate::from_bundle(&bytes).unwrap();
    gate.window_mut().set_off(!counting);
    gate
}

/// Nanoseconds a record.
fn time(gate: &mut Gate, records: &[RawRecord<'static>]) -> f64 {
    let copies = records.to_vec();
    let start = Instant::now();
    for record in copies {
        black_box(asked(gate, record));
    }
    start.elapsed().as_secs_f64() * 1e9 / records.len() as f64
}

/// Instructions a record, or `None` without valgrind.
fn instructions(counting: bool) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*summary*asked*"])
        .arg(env::current_exe().ok()?)
        .arg(if counting { "count" } else { "silent" })
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("Collected"))?;
    let count: f64 = line.rsplit(':').next()?.trim().parse().ok()?;
    Some(count / RECORDS as f64)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let (mut on, mut off) = (gate(true), gate(false));
    let records = records(&on.reader().clone());
    // under valgrind, one of the two
    let alone = env::args().find(|arg| arg == "count" || arg == "silent");
    if let Some(which) = alone {
        time(if which == "count" { &mut on } else { &mut off }, &records);
        return;
    }
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let [counting, silent] = &mut times;
        // there and back, so that none always comes first
        if round % 2 == 0 {
            counting.push(time(&mut on, &records));
            silent.push(time(&mut off, &records));
        } else {
            silent.push(time(&mut off, &records));
            counting.push(time(&mut on, &records));
        }
    }
    let [counting, silent] = times;
    let added: Vec<f64> =
        counting.iter().zip(&silent).map(|(on, off)| 100.0 * (on / off - 1.0)).collect();
    let (on, off) = (median(counting), median(silent));
    println!("predict            {on:>8.0} ns");
    println!("without counting   {off:>8.0} ns");
    println!("counting adds      {:>8.1} %, median over {ROUNDS} rounds", median(added));
    if let (Some(on), Some(off)) = (instructions(true), instructions(false)) {
        println!("instructions       {on:>8.0}, without counting {off:.0}: {:.1} % more", {
            100.0 * (on / off - 1.0)
        });
    }
}
