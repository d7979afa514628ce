//! The flights' rows for measurements: read, damaged, turned into features; and a picture.

use crate::common::flights;
use driftline::contract::Severity;
use driftline::gate::Gate;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::fs::File;

/// One flight as a caller would send it, and its outcome.
#[derive(Clone)]
pub struct Flight {
    pub record: Map<String, Value>,
    pub late: bool,
}

/// What can happen to a record on its way.
pub type Corruption = fn(&mut Map<String, Value>);

/// Faults that the contract's types do not show.
pub const CORRUPTIONS: &[(&str, Corruption)] = &[
    ("UTC hours used as local", |r| later(r, 4)),
    ("local hours used as UTC", |r| later(r, -4)),
    ("temperature and humidity swapped", |r| swap(r, "temp", "humidity")),
    ("wind speed and visibility swapped", |r| swap(r, "wind_speed", "visib")),
    ("temperature in °C", |r| scale(r, "temp", |x| (x - 32.0) / 1.8)),
    ("wind speed in m/s", |r| scale(r, "wind_speed", |x| x * 0.44704)),
    ("distance in km", |r| scale(r, "distance", |x| x * 1.609_344)),
    ("humidity as a fraction", |r| scale(r, "humidity", |x| x / 100.0)),
];

/// Names of the features, and each flight's; `None` where the contract stops it.
pub struct Explained {
    pub names: Vec<String>,
    pub rows: Vec<Option<Vec<f64>>>,
}

impl Flight {
    /// Year and month of the scheduled departure on the airports' clocks, which are four or five
    /// hours behind UTC; nothing leaves there between midnight and five.
    pub fn month(&self) -> String {
        let text = self.record["scheduled_departure"].as_str().unwrap();
        let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap();
        let (mut year, mut month) = (number(0..4), number(5..7));
        if number(8..10) == 1 && number(11..13) < 5 {
            (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
        }
        format!("{year}-{month:02}")
    }

    pub fn corrupted(&self, corrupt: Corruption) -> Self {
        let mut copy = self.clone();
        corrupt(&mut copy.record);
        copy
    }
}

pub fn flights_of(file: &str) -> Vec<Flight> {
    let unpacked = GzDecoder::new(File::open(flights(file)).unwrap());
    let mut reader = csv::Reader::from_reader(unpacked);
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let text = ["scheduled_departure", "carrier", "origin", "dest"];
    let flight = |row: csv::StringRecord| {
        let mut record = Map::new();
        let mut late = false;
        for (name, cell) in header.iter().zip(&row) {
            match (name.as_str(), cell) {
                ("late", cell) => late = cell == "1",
                ("row_id" | "p_late", _) => {}
                (name, "") => drop(record.insert(name.to_owned(), Value::Null)),
                (name, cell) if text.contains(&name) => {
                    record.insert(name.to_owned(), Value::from(cell));
                }
                (name, cell) => {
                    record.insert(name.to_owned(), serde_json::from_str(cell).unwrap());
                }
            }
        }
        Flight { record, late }
    };
    reader.records().map(|row| flight(row.unwrap())).collect()
}

pub fn explain(gate: &mut Gate, flights: &[Flight]) -> Explained {
    let mut names = Vec::new();
    let mut rows = Vec::new();
    for flight in flights {
        let text = serde_json::to_string(&flight.record).unwrap();
        let record = gate.reader().read_json(&text).unwrap();
        let stops = gate.validate(record.clone()).iter().any(|v| v.severity >= Severity::Escalate);
        let explained = if stops { None } else { gate.explain(record).unwrap() };
        rows.push(explained.map(|(_, features)| {
            let tensor = &features.tensors()[0];
            if names.is_empty() {
                names = (0..tensor.width).map(|n| tensor.column(n).into_owned()).collect();
            }
            (0..tensor.width).map(|n| tensor.number(0, n).unwrap()).collect()
        }));
    }
    Explained { names, rows }
}

/// SplitMix64 of a seed and a number.
pub fn hash(seed: u64, at: u64) -> u64 {
    let mut z = (seed << 32).wrapping_add((at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// So many hours later on the same day: what a clock of another zone would show.
fn later(record: &mut Map<String, Value>, hours: i64) {
    let text = record["scheduled_departure"].as_str().unwrap().to_owned();
    let hour: i64 = text[11..13].parse().unwrap();
    let hour = (hour + hours).rem_euclid(24);
    record["scheduled_departure"] = format!("{}{hour:02}{}", &text[..11], &text[13..]).into();
}

fn swap(record: &mut Map<String, Value>, a: &str, b: &str) {
    let held = record[a].clone();
    record[a] = record[b].clone();
    record[b] = held;
}

fn scale(record: &mut Map<String, Value>, name: &str, change: impl Fn(f64) -> f64) {
    if let Some(x) = record[name].as_f64() {
        record[name] = change(x).into();
    }
}

/// Wrong among accepted by month: certified and observed thresholds, and the promise.
pub fn picture(points: &[(String, f64, f64)], promise: f64) -> String {
    let x = |i: usize| 70.0 + 80.0 * i as f64;
    let y = |share: f64| 230.0 - 600.0 * share;
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 290\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\"><title>Wrong among accepted, by \
         month</title><rect width=\"640\" height=\"290\" fill=\"#fff\"/>\n",
    );
    for step in 0..=6 {
        let share = f64::from(step) * 0.05;
        let _ = writeln!(
            out,
            "<path d=\"M50,{0:.1}H600\" stroke=\"#ddd\"/><text x=\"44\" y=\"{1:.1}\" \
             text-anchor=\"end\">{2:.0}%</text>",
            y(share),
            y(share) + 4.0,
            100.0 * share
        );
    }
    let _ = writeln!(
        out,
        "<path d=\"M50,{0:.1}H600\" stroke=\"#666\" stroke-dasharray=\"5 4\"/>",
        y(promise)
    );
    let series = [("#1d4ed8", 0), ("#c2410c", 1)];
    for (colour, which) in series {
        let value = |p: &(String, f64, f64)| if which == 0 { p.1 } else { p.2 };
        let at: Vec<String> = points
            .iter()
            .enumerate()
            .map(|(i, p)| format!("{:.1},{:.1}", x(i), y(value(p))))
            .collect();
        let _ = writeln!(
            out,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            at.join("L")
        );
    }
    for (i, (name, ..)) in points.iter().enumerate() {
        let _ =
            writeln!(out, "<text x=\"{:.1}\" y=\"250\" text-anchor=\"middle\">{name}</text>", x(i));
    }
    out.push_str(
        "<text x=\"50\" y=\"18\" fill=\"#1d4ed8\">certified</text><text x=\"120\" y=\"18\" \
         fill=\"#c2410c\">observed</text><text x=\"190\" y=\"18\" fill=\"#666\">promise, for May \
         alone (dashed)</text><text x=\"320\" y=\"278\" text-anchor=\"middle\">share of the accepted \
         answers that is wrong</text></svg>\n",
    );
    out
}
