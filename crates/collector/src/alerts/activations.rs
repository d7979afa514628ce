//! The rule about activations that fail. Clients count them apart from beacons, which a model that
//! cannot be activated never sends.

use super::evaluate::{Finding, Holds};
use super::judge::ratio;
use super::message::instant;
use super::rules::{Rule, What};
use crate::Collector;
use crate::deployments::store;
use crate::store::{Model, Stored};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600;

/// What the rules find about every bundle that clients tried to activate; `models` by identity give
/// the names. A span ends with the newest hour of the bundle's activations.
///
/// # Errors
/// [`crate::store::Fault`].
pub fn findings(
    collector: &Collector,
    rules: &[Rule],
    models: &BTreeMap<String, Vec<Model>>,
) -> Stored<Vec<Finding>> {
    let rules: Vec<&Rule> =
        rules.iter().filter(|rule| rule.what == What::ActivationFailures).collect();
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    collector.store().read(|read| {
        let mut all = Vec::new();
        for (identity, newest) in store::activated(read)? {
            let registered = models.get(&identity).and_then(|all| all.first());
            let name = registered.map_or(identity.as_str(), |model| model.name.as_str());
            for rule in rules.iter().filter(|rule| rule.is_about(&identity, name)) {
                let (from, to) = (newest + 1 - i64::from(rule.hours), newest + 1);
                let (holds, value, words) =
                    judge(rule, name, &store::outcomes(read, &identity, (from, to))?);
                all.push(Finding {
                    rule: rule.name.clone(),
                    identity: identity.clone(),
                    name: name.to_owned(),
                    subject: String::new(),
                    holds,
                    value,
                    threshold: rule.limit(),
                    message: format!(
                        "{words} ({} to {})",
                        instant(from * HOUR),
                        instant(to * HOUR)
                    ),
                });
            }
        }
        Ok(all)
    })
}

/// Whether too many failed, the share of those that did, and both in words; `clients` by code, of
/// which the empty one is success.
fn judge(rule: &Rule, name: &str, clients: &[(String, i64)]) -> (Holds, Option<f64>, String) {
    let failures = || clients.iter().filter(|(code, _)| !code.is_empty());
    let all: i64 = clients.iter().map(|(_, clients)| *clients).sum();
    let failed: i64 = failures().map(|(_, clients)| *clients).sum();
    let (holds, value) = ratio(rule, failed as f64, all as f64);
    let most = failures().max_by_key(|(_, clients)| *clients);
    let most = most.map_or(String::new(), |(code, _)| format!(", most with `{code}`"));
    let share = 100.0 * value.unwrap_or(0.0);
    (holds, value, format!("{share:.1}% of {all} activations of {name} failed{most}"))
}

#[cfg(test)]
mod tests {
    use super::super::rules::Severity;
    use super::*;

    fn judged(well: i64, failed: &[(&str, i64)]) -> (Holds, Option<f64>, String) {
        let mut rule = Rule::new("r", What::ActivationFailures, Severity::Warning);
        (rule.threshold, rule.least_records) = (Some(0.25), 8);
        let mut clients = vec![(String::new(), well)];
        clients.extend(failed.iter().map(|(code, count)| ((*code).to_owned(), *count)));
        judge(&rule, "m", &clients)
    }

    #[test]
    fn more_than_the_share_is_too_much_and_the_share_itself_is_not() {
        assert_eq!(judged(6, &[("io", 2)]).0, Holds::No);
        assert_eq!(
            judged(8, &[]),
            (Holds::No, Some(0.0), "0.0% of 8 activations of m failed".into())
        );
        let (holds, value, words) = judged(5, &[("io", 1), ("self_test_failed", 2)]);
        assert_eq!((holds, value), (Holds::Yes, Some(0.375)));
        assert_eq!(words, "37.5% of 8 activations of m failed, most with `self_test_failed`");
        assert_eq!(judged(0, &[("io", 8)]).1, Some(1.0));
    }

    #[test]
    fn few_activations_say_nothing() {
        assert_eq!(judged(0, &[("io", 7)]).0, Holds::Unknown);
        assert_eq!(judged(7, &[]).0, Holds::Unknown);
        assert_eq!(judged(0, &[]).1, None);
    }
}
