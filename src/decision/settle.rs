//! What is decided beyond one record's scores: assertions, rules, suspension, kill switch, routes,
//! budget, time-out. [`PRECEDENCE`] says what goes before what.

use super::state::State;
use super::terms::{AssertionCheck, PRECEDENCE, Route};
use super::watch::{Seen, Test, Watch};
use super::{Action, Decider, Decision, Fallback, Outcome, Reason, UsedUp};
use crate::contract::{Cell, Contract, Violation};
use crate::error::Result;
use std::sync::Arc;

/// The rule or assertion that decides, with its own answers.
#[derive(Clone, Copy, Debug, Default)]
struct By<'a> {
    name: Option<&'a str>,
    default_label: Option<&'a str>,
    default_value: Option<f64>,
    route: Option<&'a str>,
}

impl Decider {
    /// Makes the policy's rules and assertions ready for the contract's inputs; without it, none
    /// of them is looked at.
    ///
    /// # Errors
    /// [`crate::ErrorCode::PolicyInvalid`] with the path of what names no input, or asks of it
    /// what its type does not have.
    #[inline(never)]
    pub fn watching(mut self, contract: &Contract) -> Result<Self> {
        self.watch = Watch::new(&self.policy, contract)?;
        Ok(self)
    }

    /// Whether decisions depend on the time: then the host has to pass it in.
    pub fn needs_clock(&self) -> bool {
        self.policy.budget.is_some()
            || self.over_records().any(|assertion| assertion.time.is_none())
    }

    /// Whether identifiers are remembered: then the host has to pass a random key in.
    pub fn needs_key(&self) -> bool {
        self.over_records().next().is_some()
    }

    fn over_records(&self) -> impl Iterator<Item = &super::watch::Compiled> {
        self.watch.assertions.iter().filter(|a| a.check != AssertionCheck::Implies)
    }

    /// What rules and assertions have to know of a record.
    pub fn see(&self, cells: &[Cell<'_>], state: &State) -> Seen {
        if self.watch.is_empty() {
            return Seen::default();
        }
        self.watch.see(cells, state.key.as_ref())
    }

    /// The decision on a record while the kill switch is on: the model is not asked.
    pub fn killed(&self, violations: Vec<Violation>, state: &mut State) -> Decision {
        let mut decision = self.decide(Outcome::NotRun, violations);
        let (reason, overruled) = (decision.reason, decision.reason == Reason::Violation);
        self.overrule(&mut decision, Reason::Killed, self.policy.kill_switch, By::default());
        decision.overruled = overruled.then_some(reason);
        self.dispatch(&mut decision, By::default(), state);
        decision
    }

    /// Applies to a decision on scores what goes beyond them.
    pub fn settle(&self, decision: &mut Decision, seen: &Seen, state: &mut State) {
        let mut by = By::default();
        for (at, (compiled, assertion)) in
            self.watch.assertions.iter().zip(&self.policy.assertions).enumerate()
        {
            let all = |tests: &[Test]| tests.iter().all(|test| test.holds(seen, decision));
            let broken = match (compiled.check, self.answered(decision)) {
                (_, None) => None,
                (AssertionCheck::Implies, _) => all(&compiled.when).then(|| !all(&compiled.then)),
                (_, Some(answer)) => seen.tracks.get(at).and_then(|track| {
                    let value = if compiled.of.is_some() { track.of } else { answer };
                    state.track(at, compiled, *track, value)
                }),
            };
            let Some(broken) = broken else { continue };
            state.count(at, broken);
            if !broken {
                continue;
            }
            decision.assertions.push(Arc::from(assertion.name.as_str()));
            let acts = By {
                name: Some(&assertion.name),
                route: assertion.route.as_deref(),
                ..By::default()
            };
            if let Some(action) = assertion.action
                && self.overrule(decision, Reason::Assertion, action, acts)
            {
                by = acts;
            }
        }
        for (tests, rule) in self.watch.rules.iter().zip(&self.policy.rules) {
            if !tests.iter().all(|test| test.holds(seen, decision)) {
                continue;
            }
            let acts = By {
                name: Some(&rule.name),
                default_label: rule.default_label.as_deref(),
                default_value: rule.default_value,
                route: rule.route.as_deref(),
            };
            if self.overrule(decision, Reason::Rule, rule.action, acts) {
                by = acts;
            }
            break;
        }
        if state.suspended {
            let fallback = self.policy.suspended;
            self.overrule(decision, Reason::Suspended, fallback, By::default());
        }
        self.dispatch(decision, by, state);
        if decision.overruled.is_some() {
            self.show_label_set(decision);
        }
    }

    /// The declared answer to an escalated decision that no person answered in time. `false`, and
    /// nothing changed, if the decision is none or its route goes on waiting.
    pub fn time_out(&self, decision: &mut Decision) -> bool {
        let name = decision.route.as_deref();
        let route = self.policy.routes.iter().find(|route| Some(route.name.as_str()) == name);
        match route {
            Some(route)
                if decision.action == Action::Escalate
                    && route.unanswered != Fallback::Escalate =>
            {
                self.replace(decision, Reason::TimedOut, route.unanswered, By::default());
                self.show_label_set(decision);
                true
            }
            _ => false,
        }
    }

    /// The model's sound answer in 64 bits, for comparison with others.
    fn answered(&self, decision: &Decision) -> Option<u64> {
        if let Some(label) = &decision.predicted {
            let at = self.labels().iter().position(|known| known == label)?;
            return Some(at as u64);
        }
        // −0 is 0; of several labels at once it is only known that there are scores
        let bits = |x: f64| (x + 0.0).to_bits();
        decision.predicted_value.map(bits).or(decision.scores.as_ref().map(|_| 0))
    }

    /// Puts another reason in the place of one that it goes before; whether it did.
    fn overrule(
        &self,
        decision: &mut Decision,
        reason: Reason,
        fallback: Fallback,
        by: By<'_>,
    ) -> bool {
        let rank = |reason| PRECEDENCE.iter().position(|r| *r == reason);
        match (rank(reason), rank(decision.reason)) {
            (Some(new), Some(old)) if new < old => {
                self.replace(decision, reason, fallback, by);
                true
            }
            _ => false,
        }
    }

    fn replace(&self, decision: &mut Decision, reason: Reason, fallback: Fallback, by: By<'_>) {
        decision.overruled = Some(decision.reason);
        decision.rule = by.name.map(Arc::from);
        decision.route = None;
        (decision.label, decision.value, decision.labels) = (None, None, None);
        self.fall_back(decision, fallback, reason);
        if decision.action == Action::Default {
            if let Some(label) = by.default_label {
                decision.label = Some(Arc::from(label));
            }
            decision.value = by.default_value.or(decision.value);
        }
    }

    /// Budget and route of what is escalated.
    fn dispatch(&self, decision: &mut Decision, by: By<'_>, state: &mut State) {
        if decision.action != Action::Escalate {
            return;
        }
        if let Some(budget) = &self.policy.budget
            && !state.spend(budget)
        {
            let sound = decision.predicted.is_some()
                || decision.predicted_value.is_some()
                || decision.scores.is_some();
            let unsound = matches!(decision.reason, Reason::Killed | Reason::Violation);
            let (rule, reason) = (decision.rule.take(), Reason::BudgetUsedUp);
            match budget.used_up {
                UsedUp::Accept if sound && !unsound => {
                    self.replace(decision, reason, Fallback::Escalate, By::default());
                    self.take_the_models(decision);
                }
                UsedUp::Default => {
                    self.replace(decision, reason, Fallback::Default, By::default());
                }
                UsedUp::Reject | UsedUp::Accept => {
                    self.replace(decision, reason, Fallback::Reject, By::default());
                }
            }
            decision.rule = rule;
            return;
        }
        let route = match by.route {
            Some(name) => self.policy.routes.iter().find(|route| route.name == name),
            None => self.policy.routes.iter().find(|route| fits(route, decision)),
        };
        decision.route = route.map(|route| Arc::from(route.name.as_str()));
    }

    fn take_the_models(&self, decision: &mut Decision) {
        decision.action = Action::Accept;
        decision.label = decision.predicted.clone();
        decision.value = decision.predicted_value;
        if self.is_multilabel() {
            decision.labels = decision.scores.as_ref().map(|scores| {
                scores.iter().filter(|(_, p)| *p >= 0.5).map(|(l, _)| Arc::clone(l)).collect()
            });
        }
    }
}

fn fits(route: &Route, decision: &Decision) -> bool {
    let predicted = |label: &String| match (&decision.predicted, &decision.scores) {
        (Some(predicted), _) => **predicted == **label,
        (None, Some(scores)) => scores.iter().any(|(l, p)| p >= 0.5 && **l == **label),
        _ => false,
    };
    (route.reasons.is_empty() || route.reasons.iter().any(|r| r == decision.reason.as_str()))
        && (route.labels.is_empty() || route.labels.iter().any(predicted))
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
