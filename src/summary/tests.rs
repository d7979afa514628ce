//! What a small bundle cannot show: numbers, several labels at once, many labels, novelty.

use super::*;
use crate::contract::{Contract, Outputs};
use crate::decision::{Decider, Decision, Outcome, Policy};
use crate::preprocess::{Features, Pipeline, ZoneRules};
use std::collections::BTreeMap;

struct Fixture {
    decider: Decider,
    window: Window,
    features: Features,
}

fn fixture(kind: &str, labels: usize) -> Fixture {
    let labels: Vec<String> = (0..labels).map(|n| format!("\"l{n}\"")).collect();
    let contract = format!(
        r#"{{"format":"driftline.contract/1","name":"x","inputs":[{{"name":"a","type":"number"}}],
        "outputs":{{"kind":"{kind}","labels":[{}],"scores":"s"}}}}"#,
        labels.join(",")
    );
    let contract = Contract::from_json(contract.as_bytes()).unwrap();
    let outputs: &Outputs = contract.outputs.as_ref().unwrap();
    let decider = Decider::new(&Policy::accept_all(outputs), outputs, "sha256:0").unwrap();
    let bare = Contract { outputs: None, ..contract.clone() };
    let zones = ZoneRules::new(BTreeMap::new()).unwrap();
    let pipeline = Pipeline::new(&bare, &zones).unwrap();
    let layout = Layout::new(&contract, None, true).unwrap();
    let window = Window::new(layout, &contract, &pipeline, &zones).unwrap();
    Fixture { decider, window, features: Features::new(&pipeline) }
}

impl Fixture {
    fn decide(&mut self, scores: &[f64], novelty: Option<f64>) -> Decision {
        let mut decision = self.decider.decide(Outcome::Scores(scores), Vec::new());
        decision.novelty = novelty;
        self.window.begin();
        self.window.place(&[], &self.features);
        self.window.observe(0, &decision);
        decision
    }

    fn cells(&self, kind: BlockKind, name: &str) -> Vec<(String, u64)> {
        let (layout, counts) = (self.window.layout(), self.window.counts());
        let block = layout.find(kind, name).unwrap();
        let cells = (0..block.cells)
            .map(|cell| (layout.cell_name(block, cell), counts[(block.at + cell) as usize]));
        cells.filter(|(_, count)| *count > 0).collect()
    }
}

fn of(cells: &[(&str, u64)]) -> Vec<(String, u64)> {
    cells.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn predicted_and_true_numbers_are_in_octaves() {
    let mut f = fixture("regression", 0);
    for value in [3.0, 2.0, -0.5, 0.0, f64::NAN] {
        let decision = f.decide(&[value], None);
        let tracked = f.window.track(&decision);
        assert_eq!((tracked.labels.len(), tracked.confidence), (0, None));
        f.window.outcome(&tracked, Some(&Truth::Value(100.0)), &[]).unwrap();
    }
    let values = of(&[("-2^-1", 1), ("0", 1), ("2^1", 2), ("none", 1)]);
    assert_eq!(f.cells(BlockKind::Value, ""), values);
    assert_eq!(f.cells(BlockKind::OutcomeTruth, ""), of(&[("2^6", 5)]));
    assert!(f.window.layout().find(BlockKind::OutcomeCorrect, "").is_none());
    let tracked = Tracked::default();
    for truth in [Truth::Label(0), Truth::Labels(vec![]), Truth::Value(f64::INFINITY)] {
        assert!(f.window.outcome(&tracked, Some(&truth), &[]).is_err(), "{truth:?}");
    }
}

#[test]
fn of_several_labels_each_that_holds_is_counted() {
    let mut f = fixture("multilabel", 3);
    let decision = f.decide(&[0.9, 0.2, 0.5], None);
    f.decide(&[0.1, 0.2, 0.3], None);
    assert_eq!(f.cells(BlockKind::Label, ""), of(&[("l0", 1), ("l2", 1), ("none", 1)]));
    assert_eq!(f.cells(BlockKind::Confidence, "l0"), of(&[("[0.9, 0.95)", 1)]));
    assert_eq!(f.cells(BlockKind::ConfidenceSum, ""), of(&[("l0", 900_000), ("l2", 500_000)]));
    let tracked = f.window.track(&decision);
    assert_eq!((tracked.labels.as_slice(), tracked.confidence), (&[0, 2][..], Some(10)));
    f.window.outcome(&tracked, Some(&Truth::Labels(vec![0, 1])), &[]).unwrap();
    f.window.outcome(&tracked, Some(&Truth::Labels(vec![2, 0])), &[]).unwrap();
    let truth = of(&[
        ("l0/predicted 1/true 1", 2),
        ("l1/predicted 0/true 0", 1),
        ("l1/predicted 0/true 1", 1),
        ("l2/predicted 1/true 0", 1),
        ("l2/predicted 1/true 1", 1),
    ]);
    assert_eq!(f.cells(BlockKind::OutcomeTruth, ""), truth);
    let correct = f.cells(BlockKind::OutcomeCorrect, "");
    assert!(correct.contains(&("[0.5, 0.55)/right".to_owned(), 1)), "{correct:?}");
    assert!(correct.contains(&("accept/wrong".to_owned(), 1)), "{correct:?}");
}

#[test]
fn many_labels_share_the_confidence_and_have_no_pairs() {
    let mut f = fixture("multiclass", 70);
    let mut scores = vec![0.0; 70];
    scores[69] = 1.0;
    let decision = f.decide(&scores, None);
    assert_eq!(f.cells(BlockKind::Confidence, ""), of(&[("[0.95, 1.0]", 1)]));
    assert_eq!(f.cells(BlockKind::ConfidenceSum, ""), of(&[("l69", 1_000_000)]));
    let tracked = f.window.track(&decision);
    f.window.outcome(&tracked, Some(&Truth::Label(3)), &[]).unwrap();
    f.window.outcome(&tracked, Some(&Truth::Label(69)), &[]).unwrap();
    assert_eq!(f.cells(BlockKind::OutcomeTruth, ""), of(&[("l69/wrong", 1), ("l69/right", 1)]));
}

#[test]
fn novelty_latency_and_faults_have_their_cells() {
    let mut f = fixture("binary", 2);
    for p in [Some(0.0005), Some(0.05), Some(1.0), None] {
        f.decide(&[0.4, 0.6], p);
    }
    let novelty = of(&[("(0.0, 0.001]", 1), ("(0.01, 0.05]", 1), ("(0.9, 1.0]", 1), ("none", 1)]);
    assert_eq!(f.cells(BlockKind::Novelty, ""), novelty);
    for us in [0.2, 5.0, f64::NAN, -1.0] {
        f.window.time(us);
    }
    let latency = of(&[("below 1 us", 1), ("from 4 us", 1)]);
    assert_eq!(f.cells(BlockKind::Latency, ""), latency);
    f.window.fault(false);
    f.window.fault(true);
    f.window.fault(true);
    assert_eq!(f.cells(BlockKind::Fault, ""), of(&[("error", 1), ("trap", 2)]));
}
