//! What certified decisions are worth on the flights: the pages docs/certified-flights.md and its picture
//! are written from this run. With `DRIFTLINE_UPDATE=1` they are written anew, else compared.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;
mod flights_rows;

use common::{Desk, flights, repository};
use driftline::decision::Fallback;
use driftline::decision::fit::{NoveltyOptions, novelty};
use driftline::gate::Gate;
use driftline::stats::binomial_cdf;
use flights_rows::{CORRUPTIONS, Explained, Flight, explain, flights_of, picture};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const MAX_ERROR: f64 = 0.2;
const NOVEL: f64 = 0.01;
const ALARM: f64 = 0.001;
const SPLITS: u64 = 20;

fn same(path: &str, text: &str) {
    let path = repository().join(path);
    if std::env::var_os("DRIFTLINE_UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{} is stale: run with DRIFTLINE_UPDATE=1\n{text}", path.display());
}

/// What one policy does in one month.
#[derive(Clone, Copy, Default)]
struct Month {
    rows: u64,
    accepted: u64,
    wrong: u64,
    novel: u64,
}

/// Decisions of the command by month; the certificate is void from the month after an alarm.
fn months(desk: &Desk, bundle: &str, rows: &[Flight]) -> BTreeMap<String, Month> {
    let input = flights("production.csv.gz");
    let args = ["predict", bundle, "--ignore", "row_id,late,p_late", "--input", &input];
    let decisions = desk.run(&args).good().lines();
    assert_eq!(decisions.len(), rows.len());
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    for (flight, decision) in rows.iter().zip(&decisions) {
        let month = months.entry(flight.month()).or_default();
        month.rows += 1;
        let truth = if flight.late { "late" } else { "on_time" };
        if decision["action"] == "accept" {
            month.accepted += 1;
            month.wrong += u64::from(decision["label"] != truth);
        }
        month.novel += u64::from(decision["novelty"].as_f64().is_some_and(|p| p < NOVEL));
    }
    months
}

fn percent(n: u64, of: u64) -> String {
    if of == 0 { "–".to_owned() } else { format!("{:.1}%", 100.0 * n as f64 / of as f64) }
}

#[test]
fn the_page_of_decisions_is_current() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let observed = "dist/flights-delay.driftline";
    let rows = flights("calibration.csv.gz");
    let calibrate = ["calibrate", observed, "--labelled", &rows, "--label", "late"];
    let more = ["--ignore", "row_id,p_late", "--max-error", "0.2", "--novelty", "0.01"];
    let out = ["-o", "policy.json", "--svg", "reliability.svg", "--json"];
    let report = desk.run(&[&calibrate[..], &more, &out].concat()).good().out;
    let report: Value = serde_json::from_str(&report).unwrap();
    let (model, contract) = (flights("model.onnx"), flights("contract.yaml"));
    let build = ["build", &model, "--contract", &contract, "--policy", "policy.json"];
    desk.run(&[&build[..], &["--no-package", "-o", "certified"]].concat()).good();

    let mut text = String::from(
        "# Decisions on the flights\n\nWritten by `DRIFTLINE_UPDATE=1 cargo test --workspace --test \
         decisions`; the same test without that variable compares. What the words mean and what is \
         promised: [calibration](calibration.md).\n\n",
    );
    month_by_month(&mut text, &desk, &report);
    strange_records(&mut text, &desk);
    same("docs/certified-flights.md", &text);
    let reliability = String::from_utf8(desk.read("reliability.svg")).unwrap();
    same("docs/images/reliability.svg", &reliability);
}

fn month_by_month(text: &mut String, desk: &Desk, report: &Value) {
    let production = flights_of("production.csv.gz");
    let by_policy = [
        months(desk, "certified/flights-delay.driftline", &production),
        months(desk, "dist/flights-delay.driftline", &production),
    ];
    let split = &report["split"];
    let _ = writeln!(
        text,
        "## Month by month\n\nThe model learnt from January to April. `driftline calibrate \
         --max-error {MAX_ERROR} --confidence 0.95 --novelty {NOVEL}` ran on 6,000 flights of May: {} \
         fitted the calibration ({}), {} others certified.\n\n| answer | threshold | accepted | wrong \
         | exact upper bound |\n|---|--:|--:|--:|--:|",
        split["fit"],
        report["calibration"].as_str().unwrap_or("none"),
        split["certify"]
    );
    for (label, part) in report["certified"].as_object().unwrap() {
        let threshold = part["threshold"].as_f64().map_or("never".to_owned(), |t| t.to_string());
        let bound = 100.0 * part["upper_bound"].as_f64().unwrap();
        let (n, k) = (&part["accepted"], &part["errors"]);
        let bound = if threshold == "never" { "–".to_owned() } else { format!("{bound:.1}%") };
        let _ = writeln!(text, "| {label} | {threshold} | {n} | {k} | {bound} |");
    }
    let _ = writeln!(
        text,
        "\nThen production, 2,000 flights a month. *Certified* is that policy; *observed* is the \
         example's `policy.yaml`, whose thresholds were read off May without a test. *Novel* counts \
         the records with a p-value below {NOVEL}. The alarm is raised when a month has more of them \
         than that explains (exact binomial, p < {ALARM}); it needs no labels. *Suspended* is the \
         certified policy when the certificate is void from the month after the first alarm: every \
         accept turns to a person.\n\n| month | certified: accepted | wrong among them | observed: \
         accepted | wrong among them | novel | alarm | suspended: accepted | wrong answers acted on: \
         certified / suspended |\n|---|--:|--:|--:|--:|--:|---|--:|--:|"
    );
    let mut suspended = false;
    let mut points = Vec::new();
    for (name, month) in &by_policy[0] {
        let observed = by_policy[1][name];
        let p = 1.0
            - if month.novel == 0 { 0.0 } else { binomial_cdf(month.novel - 1, month.rows, NOVEL) };
        let alarm = p < ALARM;
        let (accepted, wrong) = if suspended { (0, 0) } else { (month.accepted, month.wrong) };
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} / {wrong} |",
            percent(month.accepted, month.rows),
            percent(month.wrong, month.accepted),
            percent(observed.accepted, observed.rows),
            percent(observed.wrong, observed.accepted),
            percent(month.novel, month.rows),
            if alarm { "yes" } else { "no" },
            percent(accepted, month.rows),
            month.wrong
        );
        suspended |= alarm;
        let error = |m: &Month| m.wrong as f64 / m.accepted.max(1) as f64;
        points.push((name.clone(), error(month), error(&observed)));
    }
    same("docs/images/decisions.svg", &picture(&points, MAX_ERROR));
    text.push_str(
        "\n![wrong among accepted, by month](images/decisions.svg)\n\n![reliability and coverage in \
         May](images/reliability.svg)\n\n",
    );
}

fn strange_records(text: &mut String, desk: &Desk) {
    let mut gate = Gate::from_bundle(&desk.read("dist/flights-delay.driftline")).unwrap();
    let may = flights_of("calibration.csv.gz");
    let clean = explain(&mut gate, &may);
    let rows: Vec<&Vec<f64>> = clean.rows.iter().flatten().collect();
    let corrupted: Vec<Explained> = CORRUPTIONS
        .iter()
        .map(|(_, corrupt)| {
            let bad: Vec<Flight> = may.iter().map(|f| f.corrupted(*corrupt)).collect();
            explain(&mut gate, &bad)
        })
        .collect();
    let _ = writeln!(
        text,
        "## Strange records\n\n{} usable flights of May, divided {SPLITS} times at random: two fifths \
         fit the tables, two fifths are ranked, one fifth is fresh. Mean share of the fresh flights \
         that are stopped, as they are and after a fault. A share in brackets was refused or \
         escalated by the contract before novelty was asked.\n\n| flights | single features, p < 0.01 \
         | pairs, p < 0.01 | single features, p < 0.05 | pairs, p < 0.05 |\n|---|--:|--:|--:|--:|",
        rows.len()
    );
    let mut shares: Vec<Vec<f64>> = Vec::new();
    for p_below in [0.01, 0.05] {
        for pairs in [false, true] {
            shares.push(stopped(&clean, &corrupted, pairs, p_below));
        }
    }
    for at in 0..=CORRUPTIONS.len() {
        let name = if at == 0 { "as they are" } else { CORRUPTIONS[at - 1].0 };
        let refused = if at == 0 {
            0
        } else {
            let bad = &corrupted[at - 1].rows;
            clean.rows.iter().zip(bad).filter(|(c, b)| c.is_some() && b.is_none()).count()
        };
        let refused = match refused {
            0 => String::new(),
            n => format!(" ({:.1}%)", 100.0 * n as f64 / rows.len() as f64),
        };
        let _ = write!(text, "| {name}{refused} |");
        for share in &shares {
            let _ = write!(text, " {:.2}% |", 100.0 * share[at]);
        }
        text.push('\n');
    }
    // 4 standard errors: a split's fresh rows and its ranked ones both vary, and splits overlap
    let fresh = rows.len() as f64 / 5.0;
    for (p_below, share) in [(0.01, &shares[1]), (0.05, &shares[3])] {
        let error = (p_below * (1.0 - p_below) * 1.5 / fresh).sqrt();
        assert!((share[0] - p_below).abs() < 4.0 * error, "{p_below}: {}", share[0]);
    }
    let better = shares[1][1..].iter().sum::<f64>() > shares[0][1..].iter().sum::<f64>();
    assert!(better, "pairs are the default because they see more: {shares:?}");
    text.push_str(
        "\nPairs see more of the faults at the same rate of false alarms, so that pairs are what \
         `driftline calibrate --novelty` fits.\n",
    );
}

/// Mean shares over the splits: of fresh rows, and of the same rows with each fault.
fn stopped(clean: &Explained, faults: &[Explained], pairs: bool, p_below: f64) -> Vec<f64> {
    let options = NoveltyOptions { bins: 8, pairs, p_below, then: Fallback::Escalate };
    let usable: Vec<usize> = (0..clean.rows.len()).filter(|i| clean.rows[*i].is_some()).collect();
    let mut sums = vec![0.0; faults.len() + 1];
    for split in 0..SPLITS {
        let part = |i: usize| flights_rows::hash(split, i as u64) % 5;
        let of = |parts: &[u64]| -> Vec<Vec<f64>> {
            let chosen = usable.iter().filter(|i| parts.contains(&part(**i)));
            chosen.map(|i| clean.rows[*i].clone().unwrap()).collect()
        };
        let fitted = novelty(&clean.names, &of(&[0, 1]), &of(&[2, 3]), options).unwrap();
        let places: Vec<usize> = fitted
            .features
            .iter()
            .map(|f| clean.names.iter().position(|n| *n == f.name).unwrap())
            .collect();
        let mut bins = Vec::new();
        let mut strange = |row: &Vec<f64>| {
            let values: Vec<f64> = places.iter().map(|at| row[*at]).collect();
            fitted.p_value(fitted.strangeness(&values, &mut bins)) < p_below
        };
        for (sum, rows) in sums.iter_mut().zip(std::iter::once(clean).chain(faults)) {
            let fresh =
                usable.iter().filter(|i| part(**i) == 4).filter_map(|i| rows.rows[*i].as_ref());
            let (mut n, mut hits) = (0u64, 0u64);
            for row in fresh {
                n += 1;
                hits += u64::from(strange(row));
            }
            *sum += hits as f64 / n.max(1) as f64;
        }
    }
    sums.iter().map(|s| s / SPLITS as f64).collect()
}
