//! Whether a bundle has to go. Pure.

use super::{Rules, lower_bound};

/// What is known of a bundle since it was put in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Clients that activated it.
    pub activated: u64,
    /// Clients on which it failed.
    pub failed: u64,
    /// Accepted answers that turned out wrong.
    pub wrong: u64,
    /// Accepted answers whose truth came back.
    pub answers: u64,
}

/// A reason to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// For people.
    pub reason: String,
}

/// The first rule that what was seen breaks.
pub fn judge(rules: &Rules, seen: &Seen) -> Option<Proposal> {
    let tried = seen.activated.saturating_add(seen.failed);
    if let Some(percent) = rules.activation_failures
        && tried >= rules.activations_at_least.max(1)
    {
        let found = 100.0 * seen.failed as f64 / tried as f64;
        if found > percent {
            let reason = format!("{found:.1}% of {tried} activations failed, over {percent}%");
            return Some(Proposal { reason });
        }
    }
    let max_error = rules.max_error?;
    let bound = lower_bound(seen.wrong, seen.answers, 1.0 - rules.confidence);
    (bound > max_error).then(|| {
        let Seen { wrong, answers, .. } = seen;
        let reason = format!(
            "{wrong} of {answers} accepted answers were wrong: more than {bound:.4}, over {max_error}"
        );
        Proposal { reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_activations_are_waited_for() {
        let rules = Rules::default();
        let seen = |activated, failed| Seen { activated, failed, ..Seen::default() };
        assert_eq!(judge(&rules, &seen(0, 0)), None);
        assert_eq!(judge(&rules, &seen(49, 50)), None);
        assert_eq!(judge(&rules, &seen(99, 1)), None);
        assert!(judge(&rules, &seen(98, 2)).unwrap().reason.starts_with("2.0% of 100"));
        let never = Rules { activation_failures: None, ..rules };
        assert_eq!(judge(&never, &seen(0, 1000)), None);
    }

    #[test]
    fn an_error_that_is_proven_is_broken_and_a_likely_one_is_not() {
        let rules = Rules { max_error: Some(0.05), ..Rules::default() };
        let seen = |wrong, answers| Seen { wrong, answers, ..Seen::default() };
        assert_eq!(judge(&rules, &seen(6, 100)), None);
        assert_eq!(judge(&rules, &seen(50, 1_000)), None);
        assert!(judge(&rules, &seen(100, 1_000)).unwrap().reason.contains("100 of 1000"));
    }
}
