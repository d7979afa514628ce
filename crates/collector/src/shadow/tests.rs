//! Counts that are none are refused, and the verdict is that of the JavaScript package.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../tests/vectors/shadow.json");

fn cases() -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all["cases"].as_array().unwrap().clone()
}

fn counts(case: &Value) -> Counts {
    serde_json::from_value(case["counts"].clone()).unwrap()
}

#[test]
fn verdicts_are_those_of_the_package() {
    let mut seen = std::collections::BTreeSet::new();
    for case in cases() {
        let counts = counts(&case);
        assert_eq!(counts.fault(), None, "{}", case["name"]);
        let options = &case["options"];
        let number = |name: &str, usual: f64| options[name].as_f64().unwrap_or(usual);
        let criterion = match options["by"].as_str() {
            Some("accuracy") => Criterion::Accuracy(number("margin", 0.01)),
            _ => Criterion::Agreement(number("least", 0.95)),
        };
        let found = verdict(&counts, criterion, number("level", 0.05));
        let expected = &case["verdict"];
        let found = serde_json::to_value(found).unwrap();
        for word in ["promote", "by"] {
            assert_eq!(found[word], expected[word], "{} {word}", case["name"]);
        }
        for number in ["estimate", "records", "evidence", "against"] {
            let (a, b) = (found[number].as_f64(), expected[number].as_f64());
            let close = match (a, b) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1e-300),
                (a, b) => a == b,
            };
            assert!(close, "{} {number}: {a:?} for {b:?}", case["name"]);
        }
        seen.insert((found["by"].to_string(), found["promote"].to_string()));
    }
    assert_eq!(seen.len(), 6, "each verdict of each kind: {seen:?}");
}

#[test]
fn counts_that_are_none_are_told() {
    let good = counts(&cases()[0]);
    let with = |change: &dyn Fn(&mut Counts)| {
        let mut counts = good.clone();
        change(&mut counts);
        counts.fault().unwrap_or("fine")
    };
    assert_eq!(with(&|_| ()), "fine");
    for (change, part) in [
        (
            &(|c: &mut Counts| c.format = "driftline.shadow/2".into()) as &dyn Fn(&mut Counts),
            "format",
        ),
        (&|c| c.labels.clear(), "labels"),
        (&|c| c.labels[0] = "x".repeat(300), "labels"),
        (&|c| c.actions.truncate(3), "length"),
        (&|c| c.agreement[0].push(0), "length"),
        (&|c| c.differences.truncate(3), "length"),
        (&|c| c.micros.live.push(0), "length"),
        (&|c| c.failed = -1, "negative"),
        (&|c| c.truth.both = i64::MAX, "too large"),
        (&|c| c.records += 1, "contradict"),
        (&|c| c.actions[0][0] += 1, "contradict"),
        (&|c| c.differences[0] += 1 << 30, "contradict"),
    ] {
        assert!(with(change).contains(part), "{part}: {}", with(change));
    }
}

proptest! {
    #[test]
    fn cells_come_back(
        labels in prop::collection::vec("[a-z]{0,4}", 1..5),
        seed in prop::collection::vec(0i64..1_000, 179),
    ) {
        let length = 7 + ACTIONS * ACTIONS + DIFFERENCES + 2 * TIMES + ROW * labels.len();
        let cells = &seed[..length];
        let pair = ("a".to_owned(), "b".to_owned());
        let counts = Counts::of(pair.clone(), labels.clone(), cells).unwrap();
        prop_assert_eq!(counts.cells(), cells);
        prop_assert!(Counts::of(pair.clone(), labels.clone(), &seed[..length - 1]).is_none());
        let longer: Vec<i64> = cells.iter().copied().chain([0]).collect();
        prop_assert!(Counts::of(pair, labels, &longer).is_none());
    }
}
