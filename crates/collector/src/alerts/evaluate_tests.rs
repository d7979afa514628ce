use super::super::rules::What;
use super::*;
use proptest::prelude::*;

fn rule(hold: u32, cooldown: u32, repeat: u32, per: Per) -> Rule {
    Rule {
        hold_minutes: hold,
        cooldown_minutes: cooldown,
        repeat_minutes: repeat,
        per,
        ..Rule::new("r", What::InputDrift, Severity::Warning)
    }
}

fn finding(subject: &str, holds: Holds) -> Finding {
    Finding {
        rule: "r".into(),
        identity: "sha256:1".into(),
        name: "m".into(),
        subject: subject.into(),
        holds,
        value: Some(1.0),
        threshold: 0.5,
        message: format!("`{subject}` moved"),
    }
}

fn looks(rule: &Rule, looks: &[(i64, Holds)]) -> (State, Vec<Notice>) {
    let (mut state, mut notices) = (State::new(), Vec::new());
    for (minute, holds) in looks {
        let found = [finding("x", *holds)];
        let next = step(&state, std::slice::from_ref(rule), &found, minute * 60);
        state = next.state;
        notices.extend(next.notices);
    }
    (state, notices)
}

fn kinds(notices: &[Notice]) -> Vec<Stage> {
    notices.iter().map(|notice| notice.alert.state).collect()
}

#[test]
fn an_alert_fires_after_its_hold_time_and_resolves() {
    use Holds::{No, Yes};
    let rule = rule(10, 60, 0, Per::Subject);
    let (state, notices) = looks(&rule, &[(0, Yes), (9, Yes)]);
    assert!(notices.is_empty());
    assert_eq!(state.values().next().unwrap().state, Stage::Pending);
    let (_, notices) = looks(&rule, &[(0, Yes), (9, Yes), (10, Yes), (11, Yes), (12, No)]);
    assert_eq!(kinds(&notices), [Stage::Firing, Stage::Resolved]);
    assert_eq!((notices[0].alert.since, notices[0].alert.fired), (0, Some(600)));
    assert_eq!(notices[1].alert.resolved, Some(720));
    assert_eq!(notices[0].alert.id, notices[1].alert.id);
    // a look at which it is not so begins the hold time anew
    let (_, notices) = looks(&rule, &[(0, Yes), (5, No), (6, Yes), (12, Yes)]);
    assert!(notices.is_empty());
}

#[test]
fn what_flaps_within_the_cooldown_is_told_once() {
    use Holds::{No, Yes};
    let rule = rule(0, 60, 0, Per::Subject);
    let flaps = [(0, Yes), (1, No), (2, Yes), (3, No), (4, Yes)];
    let (state, notices) = looks(&rule, &flaps);
    assert_eq!(kinds(&notices), [Stage::Firing, Stage::Resolved]);
    // it is shown as firing all the same, and told once the cooldown is over
    assert_eq!(state.values().next().unwrap().state, Stage::Firing);
    let more = [(0, Yes), (1, No), (2, Yes), (59, Yes), (60, Yes), (61, No)];
    let (_, notices) = looks(&rule, &more);
    assert_eq!(kinds(&notices), [Stage::Firing, Stage::Resolved, Stage::Firing, Stage::Resolved]);
    assert_ne!(notices[0].alert.id, notices[2].alert.id);
}

#[test]
fn what_lasts_is_told_again_only_if_the_rule_says_so() {
    let lasts: Vec<_> = (0..200).map(|minute| (minute, Holds::Yes)).collect();
    assert_eq!(looks(&rule(0, 30, 0, Per::Subject), &lasts).1.len(), 1);
    let repeated = looks(&rule(0, 30, 90, Per::Subject), &lasts).1;
    let at: Vec<_> = repeated.iter().map(|notice| notice.alert.told.unwrap() / 60).collect();
    assert_eq!(at, [0, 90, 180]);
    let keys: BTreeSet<_> = repeated.iter().map(|notice| &notice.key).collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn too_few_records_neither_fire_nor_resolve() {
    use Holds::{Unknown, Yes};
    let rule = rule(0, 60, 0, Per::Subject);
    assert!(looks(&rule, &[(0, Unknown)]).0.is_empty());
    let (state, notices) = looks(&rule, &[(0, Yes), (1, Unknown), (2, Unknown)]);
    assert_eq!(kinds(&notices), [Stage::Firing]);
    assert_eq!(state.values().next().unwrap().state, Stage::Firing);
}

#[test]
fn a_model_whose_inputs_move_together_is_one_alert_or_one_each() {
    let found = [finding("a", Holds::Yes), finding("b", Holds::Yes), finding("c", Holds::No)];
    let together = step(&State::new(), &[rule(0, 0, 0, Per::Identity)], &found, 0);
    assert_eq!(together.notices.len(), 1);
    assert_eq!(together.notices[0].alert.subject, "a, b");
    let each = step(&State::new(), &[rule(0, 0, 0, Per::Subject)], &found, 0);
    assert_eq!(each.notices.len(), 2);
    // an input that is not named any more is well, as its model was looked at
    let rest = step(&each.state, &[rule(0, 0, 0, Per::Subject)], &found[1..], 60);
    assert_eq!(kinds(&rest.notices), [Stage::Resolved]);
    assert_eq!(rest.notices[0].alert.subject, "a");
    // a model that could not be looked at is as it was
    let none = step(&each.state, &[rule(0, 0, 0, Per::Subject)], &[], 60);
    assert!(none.notices.is_empty());
}

#[test]
fn an_alert_ends_with_its_rule() {
    let rules = [rule(0, 60, 0, Per::Subject)];
    let fired = step(&State::new(), &rules, &[finding("x", Holds::Yes)], 0);
    let gone = step(&fired.state, &[], &[finding("x", Holds::Yes)], 60);
    assert_eq!(kinds(&gone.notices), [Stage::Resolved]);
}

#[test]
fn findings_beyond_the_bound_are_counted() {
    let found: Vec<Finding> =
        (0..MAX_ALERTS + 3).map(|n| finding(&n.to_string(), Holds::Yes)).collect();
    let step = step(&State::new(), &[rule(0, 60, 0, Per::Subject)], &found, 0);
    assert_eq!((step.state.len(), step.dropped), (MAX_ALERTS, 3));
}

fn holds() -> impl Strategy<Value = Holds> {
    prop_oneof![3 => Just(Holds::Yes), 2 => Just(Holds::No), 1 => Just(Holds::Unknown)]
}

proptest! {
    #[test]
    fn whatever_comes_the_promises_hold(
        hold in 0_u32..20,
        cooldown in 0_u32..60,
        repeats in prop::bool::ANY,
        steps in prop::collection::vec((0_i64..15, holds(), prop::bool::ANY), 1..80),
    ) {
        let repeat = if repeats { cooldown.max(1) + 7 } else { 0 };
        let rule = rule(hold, cooldown, repeat, Per::Subject);
        let rules = std::slice::from_ref(&rule);
        let (mut state, mut now) = (State::new(), 0);
        let mut told: Vec<i64> = Vec::new();
        let mut bad_since: Option<i64> = None;
        let mut open: BTreeMap<String, Stage> = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for (minutes, holds, restart) in steps {
            now += minutes * 60;
            match holds {
                Holds::Yes => { bad_since.get_or_insert(now); }
                Holds::No => bad_since = None,
                Holds::Unknown => {}
            }
            let before = state.clone();
            if restart {
                // what is stored is what is read
                let stored = serde_json::to_string(&state.values().collect::<Vec<_>>()).unwrap();
                let read: Vec<Alert> = serde_json::from_str(&stored).unwrap();
                let key = |a: &Alert| Key {
                    rule: a.rule.clone(), identity: a.identity.clone(), subject: a.subject.clone(),
                };
                state = read.into_iter().map(|alert| (key(&alert), alert)).collect();
            }
            let next = step(&state, rules, &[finding("x", holds)], now);
            for notice in &next.notices {
                prop_assert!(keys.insert(notice.key.clone()), "told twice: {}", notice.key);
                match notice.alert.state {
                    Stage::Firing => {
                        if let Some(last) = told.last() {
                            prop_assert!(now - last >= rule.cooldown());
                        }
                        told.push(now);
                        prop_assert!(now - bad_since.unwrap() >= rule.hold());
                        open.insert(notice.alert.id.clone(), Stage::Firing);
                    }
                    Stage::Resolved => {
                        prop_assert_eq!(
                            open.insert(notice.alert.id.clone(), Stage::Resolved),
                            Some(Stage::Firing)
                        );
                    }
                    Stage::Pending => prop_assert!(false, "a pending alert was told"),
                }
            }
            // what fired stays or ends; it is never lost
            for (key, alert) in before.iter().filter(|(_, alert)| alert.state == Stage::Firing) {
                let after = next.state.get(key).unwrap();
                prop_assert!(after.id == alert.id && after.state != Stage::Pending);
            }
            if let Some(since) = bad_since
                && holds == Holds::Yes
                && now - since >= rule.hold()
            {
                prop_assert_eq!(next.state.values().next().unwrap().state, Stage::Firing);
            }
            // looking again at the same instant changes nothing and tells nothing
            let again = step(&next.state, rules, &[finding("x", holds)], now);
            if cooldown > 0 {
                prop_assert!(again.notices.is_empty());
            }
            state = next.state;
        }
        for (id, stage) in &open {
            let stands = state.values().any(|a| &a.id == id && a.state == Stage::Firing);
            prop_assert_eq!(stands, *stage == Stage::Firing, "{} was lost", id);
        }
    }
}
