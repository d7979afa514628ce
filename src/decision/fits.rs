//! Whether rules, assertions, routes and budget fit the outputs and one another.

use super::policy::invalid;
use super::terms::{Answer, AssertionCheck, Condition};
use super::{Fallback, Policy, Reason, UsedUp};
use crate::contract::{OutputKind, Outputs, Scalar};
use crate::error::Result;
use crate::limits::{MAX_ASSERTIONS, MAX_CONDITIONS, MAX_ROUTES, MAX_RULES};

impl Policy {
    /// Whether something answers `default` without a lower-risk answer of its own.
    pub(super) fn defaults(&self) -> bool {
        let falls = |fallback: Fallback| fallback == Fallback::Default;
        [self.on_error, self.kill_switch, self.suspended].into_iter().any(falls)
            || self.budget.is_some_and(|budget| budget.used_up == UsedUp::Default)
            || self.routes.iter().any(|route| falls(route.unanswered))
            || self.assertions.iter().any(|a| a.action.is_some_and(falls))
            || self.rules.iter().any(|rule| {
                falls(rule.action) && rule.default_label.is_none() && rule.default_value.is_none()
            })
    }

    /// Everything but labels and values, which [`Policy::check`] sees to.
    pub(super) fn check_terms(&self, outputs: &Outputs) -> Result<()> {
        for (path, length, limit) in [
            ("rules", self.rules.len(), MAX_RULES),
            ("assertions", self.assertions.len(), MAX_ASSERTIONS),
            ("routes", self.routes.len(), MAX_ROUTES),
        ] {
            if length > limit {
                return invalid(path, &format!("there are more than {limit}"));
            }
        }
        unique("rules", self.rules.iter().map(|rule| &rule.name))?;
        unique("assertions", self.assertions.iter().map(|assertion| &assertion.name))?;
        unique("routes", self.routes.iter().map(|route| &route.name))?;
        for (i, route) in self.routes.iter().enumerate() {
            let path = format!("routes[{i}]");
            for reason in &route.reasons {
                if !Reason::ALL.iter().any(|known| known.as_str() == reason) {
                    return invalid(&path, &format!("there is no reason `{reason}`"));
                }
            }
            for label in &route.labels {
                known(&path, outputs, label)?;
            }
            if route.unanswered != Fallback::Escalate && route.due_minutes.is_none() {
                return invalid(&path, "`unanswered` needs `due_minutes`");
            }
        }
        for (i, rule) in self.rules.iter().enumerate() {
            let path = format!("rules[{i}]");
            if rule.when.is_empty() {
                return invalid(&path, "a rule needs a condition");
            }
            conditions(&format!("{path}.when"), &rule.when, outputs)?;
            self.known_route(&path, rule.route.as_deref())?;
            match (&rule.default_label, rule.default_value) {
                (Some(label), None) if single(outputs.kind) => known(&path, outputs, label)?,
                (None, Some(value)) if numeric(outputs.kind) && value.is_finite() => {}
                (None, None) => {}
                _ => return invalid(&path, "the default does not fit the model's answers"),
            }
        }
        for (i, assertion) in self.assertions.iter().enumerate() {
            let path = format!("assertions[{i}]");
            self.known_route(&path, assertion.route.as_deref())?;
            conditions(&format!("{path}.when"), &assertion.when, outputs)?;
            conditions(&format!("{path}.then"), &assertion.then, outputs)?;
            let implies = assertion.check == AssertionCheck::Implies;
            if implies && (assertion.when.is_empty() || assertion.then.is_empty()) {
                return invalid(&path, "`implies` needs `when` and `then`");
            }
            if implies
                && (assertion.of.is_some()
                    || assertion.time.is_some()
                    || assertion.within_seconds.is_some()
                    || !assertion.identifier.is_empty())
            {
                return invalid(&path, "`implies` looks at one record");
            }
            if !implies && assertion.identifier.is_empty() {
                return invalid(&path, "an assertion over records needs an identifier");
            }
            let conditional = !assertion.when.is_empty() || !assertion.then.is_empty();
            if !implies && conditional {
                return invalid(&path, "`when` and `then` are for `implies`");
            }
            if !implies && assertion.of.is_none() && outputs.kind == OutputKind::Multilabel {
                return invalid(&path, "of several labels at once, name an input in `of`");
            }
        }
        if self.budget.is_some_and(|b| !(-1440..=1440).contains(&b.utc_offset_minutes)) {
            return invalid("budget.utc_offset_minutes", "an offset lies in [-1440, 1440]");
        }
        Ok(())
    }

    fn known_route(&self, path: &str, route: Option<&str>) -> Result<()> {
        match route {
            Some(name) if !self.routes.iter().any(|route| route.name == name) => {
                invalid(path, &format!("there is no route `{name}`"))
            }
            _ => Ok(()),
        }
    }
}

fn single(kind: OutputKind) -> bool {
    matches!(kind, OutputKind::Binary | OutputKind::Multiclass)
}

fn numeric(kind: OutputKind) -> bool {
    matches!(kind, OutputKind::Regression | OutputKind::Ranking)
}

fn known(path: &str, outputs: &Outputs, label: &str) -> Result<()> {
    if outputs.labels.iter().any(|known| known == label) {
        return Ok(());
    }
    invalid(path, &format!("the contract has no label `{label}`"))
}

fn unique<'a>(path: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if name.is_empty() || seen.contains(&name.as_str()) {
            return invalid(path, &format!("the name `{name}` is empty or given twice"));
        }
        seen.push(name);
    }
    Ok(())
}

/// What can be said without the contract's inputs; [`super::watch`] looks at those.
fn conditions(path: &str, list: &[Condition], outputs: &Outputs) -> Result<()> {
    if list.len() > MAX_CONDITIONS {
        return invalid(path, &format!("there are more than {MAX_CONDITIONS} conditions"));
    }
    for (i, condition) in list.iter().enumerate() {
        let path = format!("{path}[{i}]");
        let bounds = [condition.at_least, condition.below];
        if bounds.iter().flatten().any(|x| !x.is_finite()) {
            return invalid(&path, "a bound must be finite");
        }
        let interval = bounds.iter().any(Option::is_some);
        let terms = usize::from(!condition.is.is_empty())
            + usize::from(interval)
            + usize::from(condition.missing.is_some());
        if terms != 1 {
            return invalid(&path, "a condition has one of `is`, a bound, `missing`");
        }
        match (&condition.input, condition.answer) {
            (Some(_), None) => {}
            (None, Some(Answer::Predicted)) if !condition.is.is_empty() => {
                for value in &condition.is {
                    known(&path, outputs, Scalar::as_text(value).unwrap_or_default())?;
                }
            }
            (None, Some(Answer::Confidence)) if interval && !numeric(outputs.kind) => {}
            (None, Some(Answer::Value)) if interval && numeric(outputs.kind) => {}
            _ => return invalid(&path, "the condition does not fit what it looks at"),
        }
    }
    Ok(())
}
