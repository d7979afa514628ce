//! Decisions to JavaScript objects. Strings that repeat are made once.

use crate::contract::{Severity, Violation};
use crate::decision::{Action, Decider, Decision, Reason};
use js_sys::{Array, JsString, Object, Reflect};
use wasm_bindgen::JsValue;

/// Writes decisions of one gate.
#[derive(Debug)]
pub struct DecisionWriter {
    names: Names,
    labels: Vec<(std::sync::Arc<str>, JsValue)>,
    actions: Vec<JsValue>,
    reasons: Vec<JsValue>,
    identity: JsValue,
}

#[derive(Debug)]
struct Names {
    action: JsValue,
    reason: JsValue,
    label: JsValue,
    value: JsValue,
    predicted: JsValue,
    confidence: JsValue,
    scores: JsValue,
    predicted_value: JsValue,
    labels: JsValue,
    uncertain: JsValue,
    assertions: JsValue,
    rule: JsValue,
    overruled: JsValue,
    route: JsValue,
    label_set: JsValue,
    interval: JsValue,
    novelty: JsValue,
    violations: JsValue,
    identity: JsValue,
    code: JsValue,
    input: JsValue,
    severity: JsValue,
    message: JsValue,
}

fn text(text: &str) -> JsValue {
    JsString::from(text).into()
}

/// Setting an own property of a fresh object cannot fail.
fn set(object: &Object, key: &JsValue, value: &JsValue) {
    let _ = Reflect::set(object, key, value);
}

impl DecisionWriter {
    pub(super) fn new(decider: &Decider) -> Self {
        Self {
            names: Names {
                action: text("action"),
                reason: text("reason"),
                label: text("label"),
                value: text("value"),
                predicted: text("predicted"),
                confidence: text("confidence"),
                scores: text("scores"),
                predicted_value: text("predicted_value"),
                labels: text("labels"),
                uncertain: text("uncertain"),
                assertions: text("assertions"),
                rule: text("rule"),
                overruled: text("overruled"),
                route: text("route"),
                label_set: text("label_set"),
                interval: text("interval"),
                novelty: text("novelty"),
                violations: text("violations"),
                identity: text("identity"),
                code: text("code"),
                input: text("input"),
                severity: text("severity"),
                message: text("message"),
            },
            labels: decider.labels().iter().map(|l| (l.clone(), text(l))).collect(),
            actions: Action::ALL.iter().map(|a| text(a.as_str())).collect(),
            reasons: Reason::ALL.iter().map(|r| text(r.as_str())).collect(),
            identity: text(decider.identity()),
        }
    }

    pub(super) fn write(&self, decision: &Decision) -> JsValue {
        let names = &self.names;
        let object = Object::new();
        let number = |x: Option<f64>| x.map_or(JsValue::NULL, JsValue::from_f64);
        set(
            &object,
            &names.action,
            self.actions.get(decision.action as usize).unwrap_or(&JsValue::NULL),
        );
        set(
            &object,
            &names.reason,
            self.reasons.get(decision.reason as usize).unwrap_or(&JsValue::NULL),
        );
        set(&object, &names.label, &self.label(decision.label.as_deref()));
        set(&object, &names.value, &number(decision.value));
        set(&object, &names.predicted, &self.label(decision.predicted.as_deref()));
        if let Some(value) = decision.predicted_value {
            set(&object, &names.predicted_value, &JsValue::from_f64(value));
        }
        set(&object, &names.confidence, &number(decision.confidence));
        let scores = decision.scores.as_ref().map_or(JsValue::NULL, |scores| {
            let object = Object::new();
            for ((_, label), score) in self.labels.iter().zip(scores.values()) {
                set(&object, label, &JsValue::from_f64(*score));
            }
            object.into()
        });
        set(&object, &names.scores, &scores);
        if let Some(labels) = &decision.label_set {
            let set_of: Array = labels.iter().map(|l| self.label(Some(l))).collect();
            set(&object, &names.label_set, &set_of);
        }
        if let Some(ends) = &decision.interval {
            let ends: Array = ends.iter().map(|x| JsValue::from_f64(*x)).collect();
            set(&object, &names.interval, &ends);
        }
        if let Some(p) = decision.novelty {
            set(&object, &names.novelty, &JsValue::from_f64(p));
        }
        set(&object, &names.violations, &self.violations(&decision.violations));
        set(&object, &names.identity, &self.identity);
        if decision.has_more() {
            self.write_more(&object, decision);
        }
        object.into()
    }

    /// What is said only where there is something to say.
    fn write_more(&self, object: &Object, decision: &Decision) {
        let names = &self.names;
        for (name, word) in [
            (&names.rule, decision.rule.as_deref()),
            (&names.overruled, decision.overruled.map(Reason::as_str)),
            (&names.route, decision.route.as_deref()),
        ] {
            if let Some(word) = word {
                set(object, name, &text(word));
            }
        }
        let some = |list: &'_ [std::sync::Arc<str>]| -> Array {
            list.iter().map(|word| text(word)).collect()
        };
        if let Some(labels) = &decision.labels {
            set(object, &names.labels, &some(labels));
        }
        for (name, list) in
            [(&names.uncertain, &decision.uncertain), (&names.assertions, &decision.assertions)]
        {
            if !list.is_empty() {
                set(object, name, &some(list));
            }
        }
    }

    pub(super) fn violations(&self, violations: &[Violation]) -> Array {
        let names = &self.names;
        violations
            .iter()
            .map(|violation| {
                let severity = match violation.severity {
                    Severity::Warn => "warn",
                    Severity::Escalate => "escalate",
                    Severity::Reject => "reject",
                };
                let object = Object::new();
                set(&object, &names.code, &text(violation.code.as_str()));
                set(&object, &names.input, &text(&violation.input));
                set(&object, &names.severity, &text(severity));
                set(&object, &names.message, &text(&violation.message));
                object
            })
            .collect()
    }

    /// Actions, reasons and labels, each in the order of their places.
    pub(super) fn vocabulary(&self) -> Array {
        let labels: Array = self.labels.iter().map(|(_, label)| label).collect();
        let (actions, reasons) = (self.actions.iter().collect(), self.reasons.iter().collect());
        [actions, reasons, labels].iter().collect()
    }

    fn label(&self, label: Option<&str>) -> JsValue {
        label
            .and_then(|label| self.labels.iter().find(|(known, _)| known.as_ref() == label))
            .map_or(JsValue::NULL, |(_, js)| js.clone())
    }
}
