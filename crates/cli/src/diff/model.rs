//! Features, tensors, outputs, policy and the parts of a bundle.

use super::{Changes, Verdict, Version};
use driftline::bundle::{Manifest, part};
use driftline::contract::{Contract, Feature, Outputs, Step};
use driftline::decision::{Fallback, Policy};
use serde_json::Value as Json;

/// Everything behind the record.
pub fn compare(a: &Version, b: &Version, changes: &mut Changes) {
    let hash = |v: &Version, name: &str| {
        let manifest = &v.bundle.as_ref()?.manifest;
        manifest.parts.iter().find(|p| p.name == name).map(|p| p.sha256.clone())
    };
    let both = a.bundle.is_some() && b.bundle.is_some();
    let retrained = both && hash(a, part::MODEL) != hash(b, part::MODEL);
    features(&a.contract, &b.contract, retrained, changes);
    tensors(&a.contract, &b.contract, retrained, changes);
    outputs(a.contract.outputs.as_ref(), b.contract.outputs.as_ref(), changes);
    let (Some(old), Some(new)) = (&a.bundle, &b.bundle) else { return };
    policy(&old.policy, &new.policy, changes);
    parts(&old.manifest, &new.manifest, changes);
    if old.identity != new.identity && changes.verdict() == Verdict::None {
        let why = "the files differ in nothing that decides";
        changes.push("identity", Verdict::Patch, (&old.identity, &new.identity), why);
    }
}

/// The features with the lists of categories that they take from their input written out.
fn resolved(contract: &Contract) -> Vec<Feature> {
    let mut features = contract.features.clone();
    for feature in &mut features {
        let values = contract.input(&feature.from).and_then(|(_, i)| i.values.clone());
        for step in &mut feature.steps {
            if let Step::Ordinal { categories, .. }
            | Step::OneHot { categories, .. }
            | Step::Map { categories, .. } = step
                && categories.is_none()
            {
                categories.clone_from(&values);
            }
        }
    }
    features
}

fn features(a: &Contract, b: &Contract, retrained: bool, changes: &mut Changes) {
    let (old, new) = (resolved(a), resolved(b));
    let judge = |feature: Option<&Feature>, what: &str| {
        if feature.is_some_and(refuses) {
            return (Verdict::Major, format!("{what}: it refuses values outside its domain"));
        }
        if retrained {
            (Verdict::Minor, format!("{what}, together with the model"))
        } else {
            (Verdict::Major, format!("{what}: the same model is given something else"))
        }
    };
    for feature in &old {
        let path = format!("features.{}", feature.name);
        match new.iter().find(|f| f.name == feature.name) {
            Some(other) if other == feature => {}
            Some(other) => {
                let (verdict, why) = judge(Some(other), "computed otherwise");
                changes.push(path, verdict, (feature, other), why);
            }
            None => {
                let (verdict, why) = judge(None, "removed");
                changes.push(path, verdict, (feature, ()), why);
            }
        }
    }
    for feature in new.iter().filter(|f| old.iter().all(|o| o.name != f.name)) {
        let (verdict, why) = judge(Some(feature), "added");
        changes.push(format!("features.{}", feature.name), verdict, ((), feature), why);
    }
}

/// Whether a step takes only some numbers, so that a record may be refused by it.
fn refuses(feature: &Feature) -> bool {
    feature.steps.iter().any(|step| {
        matches!(
            step,
            Step::Log { .. } | Step::Log1p {} | Step::BoxCox { .. } | Step::CenterCrop { .. }
        )
    })
}

fn tensors(a: &Contract, b: &Contract, retrained: bool, changes: &mut Changes) {
    if a.tensors == b.tensors {
        return;
    }
    let (verdict, why) = if retrained {
        (Verdict::Minor, "the model takes other tensors, and is another model")
    } else {
        (Verdict::Major, "the same model is given something else")
    };
    changes.push("tensors", verdict, (&a.tensors, &b.tensors), why);
}

fn outputs(a: Option<&Outputs>, b: Option<&Outputs>, changes: &mut Changes) {
    let (Some(old), Some(new)) = (a, b) else {
        match (a, b) {
            (Some(old), None) => {
                changes.push("outputs", Verdict::Major, (old, ()), "there is no answer any more");
            }
            (None, Some(new)) => {
                changes.push("outputs", Verdict::Minor, ((), new), "there is an answer now");
            }
            _ => {}
        }
        return;
    };
    if old.kind != new.kind {
        let why = "the answer is of another kind";
        changes.push("outputs.kind", Verdict::Major, (old.kind, new.kind), why);
    }
    if old.labels != new.labels {
        let why = "callers know the former labels, in the former order of the scores";
        changes.push("outputs.labels", Verdict::Major, (&old.labels, &new.labels), why);
    }
    if old.unit != new.unit {
        let (verdict, why) = if old.unit.is_some() && new.unit.is_some() {
            (Verdict::Major, "the same number means another quantity")
        } else {
            (Verdict::Patch, "the unit was or is not stated")
        };
        changes.push("outputs.unit", verdict, (&old.unit, &new.unit), why);
    }
    let inside = "a name inside the model";
    if old.scores != new.scores {
        changes.push("outputs.scores", Verdict::Patch, (&old.scores, &new.scores), inside);
    }
    if old.label != new.label {
        changes.push("outputs.label", Verdict::Patch, (&old.label, &new.label), inside);
    }
}

/// What `driftline calibrate` fits.
fn fitted(a: &Policy, b: &Policy, changes: &mut Changes) {
    if a.calibration != b.calibration {
        let why = "confidences and scores are computed otherwise";
        let values = (&a.calibration, &b.calibration);
        changes.push("policy.calibration", Verdict::Major, values, why);
    }
    if a.label_sets != b.label_sets {
        let why = "reviewers are shown other labels";
        changes.push("policy.label_sets", Verdict::Minor, (a.label_sets, b.label_sets), why);
    }
    if a.novelty != b.novelty {
        let short = |p: &Policy| p.novelty.as_ref().map(|n| (n.p_below, n.then, n.rows));
        let why = "which records are too strange is told otherwise";
        changes.push("policy.novelty", Verdict::Major, (short(a), short(b)), why);
    }
    if a.certificate != b.certificate {
        let why = "the thresholds rest on other rows";
        let values = (&a.certificate, &b.certificate);
        changes.push("policy.certificate", Verdict::Patch, values, why);
    }
    let part = |p: &Policy| p.value.clone().map(|v| (v.never, v.interval)).unwrap_or_default();
    let (old, new) = (part(a), part(b));
    if old != new {
        let why = "which numbers are accepted is told otherwise";
        changes.push("policy.value.interval", Verdict::Major, (old.1, new.1), why);
    }
}

/// What is decided beyond the scores of one record.
fn beyond(a: &Policy, b: &Policy, changes: &mut Changes) {
    let why = "what happens to some records differs";
    let mut differ = |path: &str, verdict, old: Json, new: Json, why: &str| {
        if old != new {
            changes.push(path, verdict, (old, new), why);
        }
    };
    let kill = "what happens while the kill switch is on differs";
    let suspended = "what happens while a drift alarm stands differs";
    let routes = "escalated records go elsewhere, or are waited for otherwise";
    let lower = "the action `default` answers otherwise";
    let lowers = |p: &Policy| -> Vec<_> {
        p.labels.iter().map(|(label, entry)| (label.clone(), entry.default_label.clone())).collect()
    };
    let major = Verdict::Major;
    differ("policy.rules", major, json(&a.rules), json(&b.rules), why);
    differ("policy.assertions", major, json(&a.assertions), json(&b.assertions), why);
    differ("policy.budget", major, json(&a.budget), json(&b.budget), why);
    differ("policy.kill_switch", major, json(&a.kill_switch), json(&b.kill_switch), kill);
    differ("policy.suspended", major, json(&a.suspended), json(&b.suspended), suspended);
    differ("policy.default_labels", major, json(&a.default_labels), json(&b.default_labels), lower);
    differ("policy.labels.default_label", major, json(&lowers(a)), json(&lowers(b)), lower);
    differ("policy.routes", Verdict::Minor, json(&a.routes), json(&b.routes), routes);
}

fn json(value: &impl serde::Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

fn policy(a: &Policy, b: &Policy, changes: &mut Changes) {
    beyond(a, b, changes);
    for (label, old) in &a.labels {
        // labels come and go with the outputs
        let Some(new) = b.labels.get(label) else { continue };
        let path = format!("policy.labels.{label}");
        if old.threshold != new.threshold {
            // `null` is above every threshold
            let reach = |t: Option<f64>| t.unwrap_or(f64::INFINITY);
            let (verdict, why) = if reach(new.threshold) > reach(old.threshold) {
                (Verdict::Major, "answers that were accepted are withheld now")
            } else {
                (Verdict::Minor, "answers of less confidence are accepted")
            };
            let values = (old.threshold, new.threshold);
            changes.push(format!("{path}.threshold"), verdict, values, why);
        }
        if old.below != new.below {
            let why = "what happens below the threshold differs";
            changes.push(format!("{path}.below"), Verdict::Major, (old.below, new.below), why);
        }
    }
    if a.default_label != b.default_label {
        let acts = |p: &Policy| {
            p.on_error == Fallback::Default
                || p.labels.values().any(|l| l.below == Fallback::Default)
        };
        let (verdict, why) = if acts(a) || acts(b) {
            (Verdict::Major, "the action `default` answers otherwise")
        } else {
            (Verdict::Patch, "no action uses it")
        };
        let values = (&a.default_label, &b.default_label);
        changes.push("policy.default_label", verdict, values, why);
    }
    if a.on_error != b.on_error {
        let why = "what happens when the model fails differs";
        changes.push("policy.on_error", Verdict::Major, (a.on_error, b.on_error), why);
    }
    fitted(a, b, changes);
    let (old, new) = (a.value.clone().unwrap_or_default(), b.value.clone().unwrap_or_default());
    let low = |v: Option<f64>| v.unwrap_or(f64::NEG_INFINITY);
    let high = |v: Option<f64>| v.unwrap_or(f64::INFINITY);
    for (path, differ, tighter, values) in [
        (
            "policy.value.minimum",
            low(old.minimum) != low(new.minimum),
            low(new.minimum) > low(old.minimum),
            (old.minimum, new.minimum),
        ),
        (
            "policy.value.maximum",
            high(old.maximum) != high(new.maximum),
            high(new.maximum) < high(old.maximum),
            (old.maximum, new.maximum),
        ),
    ] {
        if differ {
            let (verdict, why) = if tighter {
                (Verdict::Major, "numbers that were accepted are withheld now")
            } else {
                (Verdict::Minor, "more numbers are accepted")
            };
            changes.push(path, verdict, values, why);
        }
    }
    if old.outside != new.outside {
        let why = "what happens outside the bounds differs";
        changes.push("policy.value.outside", Verdict::Major, (old.outside, new.outside), why);
    }
    if old.default_value != new.default_value {
        let why = "the action `default` answers otherwise";
        let values = (old.default_value, new.default_value);
        changes.push("policy.value.default_value", Verdict::Major, values, why);
    }
}

fn parts(a: &Manifest, b: &Manifest, changes: &mut Changes) {
    let names = a.parts.iter().chain(&b.parts).map(|p| p.name.as_str());
    let names: std::collections::BTreeSet<&str> = names.collect();
    for name in names {
        let of = |m: &Manifest| m.parts.iter().find(|p| p.name == name).map(|p| p.sha256.clone());
        let (old, new) = (of(a), of(b));
        if old == new || matches!(name, part::CONTRACT | part::POLICY) {
            continue;
        }
        let (verdict, why) = if name == part::MODEL {
            (Verdict::Minor, "another model: the same records get other scores")
        } else if name.starts_with(part::ZONE_PREFIX) {
            (Verdict::Minor, "other rules of the zone: some instants have another local time")
        } else if name == part::BASELINE {
            (Verdict::Patch, "drift is measured against other data")
        } else {
            (Verdict::Patch, "no decision uses it")
        };
        changes.push(format!("parts.{name}"), verdict, (old, new), why);
    }
    if a.name != b.name {
        changes.push("bundle.name", Verdict::Patch, (&a.name, &b.name), "the name of the package");
    }
    if a.runtime != b.runtime {
        let why = "compiled by another version";
        changes.push("runtime", Verdict::Patch, (&a.runtime, &b.runtime), why);
    }
    if a.references != b.references {
        let why = "made from other files";
        changes.push("references", Verdict::Patch, (&a.references, &b.references), why);
    }
}
