//! The look at the rules: what is tried, what is known of it, what is done.

use super::{Action, Deployment, judge, live, store};
use crate::Collector;
use crate::store::Stored;
use std::sync::Arc;

/// Looks once at every channel; how many rules spoke. Blocks.
///
/// # Errors
/// [`crate::store::Fault`].
pub fn look(collector: &Arc<Collector>) -> Stored<usize> {
    let settings = &collector.config().deployments;
    let now = collector.seconds();
    let broken = collector.store().read(|read| {
        let mut broken = Vec::new();
        for (channel, state) in live(&store::until(read, now)?) {
            if state.killed {
                continue;
            }
            let Some((identity, since, back)) = state.tried() else { continue };
            if store::proposed(read, &channel, identity, since)? {
                continue;
            }
            let seen = store::seen(read, &channel, identity, since)?;
            if let Some(proposal) = judge(&settings.rules, &seen) {
                broken.push((channel, identity.to_owned(), back.to_owned(), proposal.reason));
            }
        }
        Ok(broken)
    })?;
    let spoke = broken.len();
    for (channel, identity, back, reason) in broken {
        let (action, sequence, reason) = act(collector, &channel, &identity, now, reason);
        let rule = Deployment {
            at: now,
            channel,
            sequence: None,
            action: Action::Rule,
            identity: back,
            previous: Some(identity),
            percent: 100,
            by: Some("rule".to_owned()),
            reason: Some(reason),
        };
        let done = Deployment { action, sequence, ..rule.clone() };
        let all = if action == Action::Rule { vec![rule] } else { vec![rule, done] };
        collector.store().change(move |write| {
            for one in &all {
                store::put(write, one)?;
            }
            Ok(())
        })?;
    }
    Ok(spoke)
}

/// Takes a bundle back if the settings say so; what came of it, and the reason to record.
fn act(
    collector: &Arc<Collector>,
    channel: &str,
    identity: &str,
    now: i64,
    reason: String,
) -> (Action, Option<i64>, String) {
    let settings = &collector.config().deployments;
    let file = settings.channels.iter().find(|one| one.name == channel);
    let (true, Some(file), Some(roll_back)) = (settings.apply, file, settings.roll_back) else {
        return (Action::Rule, None, format!("{reason}; proposed, not applied"));
    };
    match roll_back(&file.file, &file.key, identity, now, &reason) {
        Ok(sequence) => (Action::Rollback, Some(sequence), reason),
        Err(error) => (Action::Rule, None, format!("{reason}; it could not be applied: {error}")),
    }
}
