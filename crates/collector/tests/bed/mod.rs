//! A store with one registered bundle, and windows of counts that are named cell by cell.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, dead_code, missing_docs)]

use crate::common;
use crate::random::seeded;
use driftline::beacon::{Header, decode, encode};
use driftline::gate::Gate;
use driftline::summary::{Declared, Layout};
use driftline_collector::register;
use driftline_collector::report::{self, Comparison, Question, Report, Window};
use driftline_collector::store::{Beside, Contribution, Registration, Store, Taken};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Of 3,000 rows.
pub const BASELINE: &str = r#"{"format": "driftline.baseline/1", "rows": 3000, "inputs": [
    {"kind": "timestamp", "name": "when", "part": "hour", "zone": "UTC",
     "edges": [0, 12, 24], "counts": [1000, 2000], "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "x", "edges": [1, 2, 4], "counts": [1000, 2000],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "n", "edges": [0, 5], "counts": [2700],
     "below": 0, "above": 0, "missing": 300, "invalid": 0},
    {"kind": "category", "name": "c", "values": ["a", "b"], "counts": [1500, 1500],
     "missing": 0, "unseen": 0, "invalid": 0}],
    "outputs": {"labels": ["no", "yes"], "label_counts": [2400, 600]}}"#;

pub const DECLARED: &str = r#"{"segments": {"country": ["US", "DE"]}, "metrics": ["revenue"]}"#;

/// 2013-06-03T00:00:00Z, a Monday.
pub const MONDAY: i64 = 380_616;

/// Counts of cells by block's kind, block's name and cell's name.
pub type Cells<'a> = &'a [(&'a str, &'a str, &'a str, u64)];

/// As the baseline's shares, of 300 records.
pub const USUAL: [(&str, &str, &str, u64); 8] = [
    ("records", "", "records", 300),
    ("input", "when", "[0.0, 12.0)", 100),
    ("input", "when", "[12.0, 24.0]", 200),
    ("input", "x", "[1.0, 2.0)", 100),
    ("input", "x", "[2.0, 4.0]", 200),
    ("input", "n", "[0.0, 5.0]", 270),
    ("input", "n", "missing", 30),
    ("input", "c", "a", 150),
];

pub struct Bed {
    pub store: Store,
    pub layout: Layout,
    pub identity: String,
    runtime: Runtime,
    sent: u32,
    _folder: TempDir,
}

impl Bed {
    pub fn new() -> Self {
        Self::with(BASELINE, None)
    }

    pub fn with(baseline: &str, importance: Option<&str>) -> Self {
        let bundle = common::bundle_with(baseline);
        let model = register::read(&bundle, Some(DECLARED)).unwrap();
        let gate = Gate::from_bundle(&bundle).unwrap();
        let layout = gate.window().layout().clone();
        let bed = Self::of(model, layout.declare(Declared::from_json(DECLARED).unwrap()).unwrap());
        let beside = Beside { importance: importance.map(str::to_owned) };
        bed.runtime.block_on(bed.store.annotate(bed.identity.clone(), beside)).unwrap();
        bed
    }

    pub fn of(model: Registration, layout: Layout) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let identity = model.identity.clone();
        runtime.block_on(store.register(model, 0)).unwrap();
        Self { store, layout, identity, runtime, sent: 0, _folder: folder }
    }

    /// Goes on with another version, of this baseline; returns the identity of the one before.
    pub fn next(&mut self, baseline: &str) -> String {
        let bundle = common::bundle_with(baseline);
        let model = register::read(&bundle, Some(DECLARED)).unwrap();
        let layout = Gate::from_bundle(&bundle).unwrap().window().layout().clone();
        self.layout = layout.declare(Declared::from_json(DECLARED).unwrap()).unwrap();
        let identity = model.identity.clone();
        self.runtime.block_on(self.store.register(model, 0)).unwrap();
        std::mem::replace(&mut self.identity, identity)
    }

    pub fn compare(&self, a: &str) -> Comparison {
        let versions = (a, self.identity.as_str());
        let found = self.store.read(|db| report::compare(db, versions, &Question::default()));
        found.unwrap().unwrap().unwrap()
    }

    /// All cells of the layout, with these.
    pub fn counts(&self, cells: Cells<'_>) -> Vec<u64> {
        let mut counts = vec![0; self.layout.cells()];
        for (kind, name, cell, count) in cells {
            let find = |block: &&driftline::summary::Block| {
                block.kind.as_str() == *kind && block.name == *name
            };
            let block = self.layout.blocks().iter().find(find).unwrap();
            let at = (0..block.cells).find(|at| self.layout.cell_name(block, *at) == *cell);
            let at = at.unwrap_or_else(|| panic!("{kind} {name} has no cell {cell}"));
            counts[(block.at + at) as usize] = *count;
        }
        counts
    }

    /// Sends a window through what its mode does to it.
    pub fn send(&mut self, hour: i64, mode: &str, more: &str, counts: &[u64]) {
        self.sent += 1;
        let start = hour * 3_600_000;
        let id = format!("11111111-1111-4111-8111-{:012}", self.sent);
        let header = Header::from_json(&format!(
            r#"{{"id": "{id}", "mode": "{mode}", "start_ms": {start}, "end_ms": {start},
                "host": "node", "sdk": "0.1.0"{more}}}"#
        ));
        let mut random = seeded(u64::from(self.sent));
        let text = encode(counts, &self.layout, &self.identity, &header.unwrap(), &mut random);
        let beacon = decode(text.unwrap().unwrap().as_bytes()).unwrap();
        let contribution = Contribution {
            id: beacon.id,
            identity: beacon.identity,
            layout: beacon.layout,
            hour: beacon.start,
            body: beacon.body,
        };
        let taken = self.runtime.block_on(self.store.take(contribution, None)).unwrap();
        assert_eq!(taken, Taken::Counted);
    }

    pub fn plain(&mut self, hour: i64, cells: Cells<'_>) {
        let counts = self.counts(cells);
        self.send(hour, "pseudonymous", "", &counts);
    }

    pub fn report(&self, question: &Question) -> Report {
        self.try_report(question).unwrap()
    }

    pub fn try_report(&self, question: &Question) -> driftline::Result<Report> {
        self.store.read(|db| report::read(db, &self.identity, question)).unwrap().unwrap()
    }

    /// The only window of the only group.
    pub fn window(&self, question: &Question) -> Window {
        let report = self.report(question);
        assert_eq!(report.groups.len(), 1);
        assert_eq!(report.groups[0].windows.len(), 1);
        report.groups[0].windows[0].clone()
    }

    /// Rolls up what is old by `now`.
    pub fn retain(&self, now: i64) {
        let kept = driftline_collector::store::Kept::default();
        self.runtime.block_on(self.store.retain(kept, 24 * 8, now)).unwrap();
    }
}
