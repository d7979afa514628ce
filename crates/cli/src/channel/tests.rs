//! Every sequence of steps keeps a channel whole.

use super::machine::stack;
use super::*;
use crate::signature::{Keypair, Signed};
use proptest::prelude::*;

fn target(nth: u8) -> Target {
    Target {
        identity: format!("sha256:{}", format!("{nth:02x}").repeat(32)),
        url: format!("bundles/{nth}.driftline"),
        bytes: 100 + u64::from(nth),
        sha256: format!("{nth:02x}").repeat(32),
    }
}

fn note(second: u32) -> Note {
    let at = format!("2026-11-23T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
    Note { at, ..Note::default() }
}

fn taken(channel: Option<&Channel>, asked: &Step, second: u32) -> Result<Channel> {
    step(channel, "stable", "sha256:key", asked, &note(second))
}

fn after(steps: &[Step]) -> Channel {
    let mut channel = None;
    for (second, step) in steps.iter().enumerate() {
        channel = Some(taken(channel.as_ref(), step, second as u32).unwrap());
    }
    channel.unwrap()
}

fn code(channel: Option<&Channel>, asked: &Step) -> &'static str {
    match taken(channel, asked, 80_000) {
        Ok(_) => "ok",
        Err(error) => error.code().as_str(),
    }
}

use Step::{Canary as Try, Kill, Promote, Release, Renew, Resume, Rollback, Share};

#[test]
fn a_canary_is_promoted_and_rolled_back() {
    let channel = after(&[Release(target(1)), Try(target(2), 10), Promote]);
    assert_eq!((&channel.live, channel.previous.as_ref()), (&target(2), Some(&target(1))));
    let back = taken(Some(&channel), &Rollback(None), 90).unwrap();
    assert_eq!((&back.live, back.previous.as_ref(), back.sequence), (&target(1), None, 4));
    // what was withdrawn is not returned to
    assert_eq!(code(Some(&back), &Rollback(None)), "channel_step");
    assert_eq!(code(Some(&back), &Rollback(Some(target(2).identity))), "channel_step");
    assert_eq!(code(Some(&back), &Release(target(2))), "ok");
}

#[test]
fn steps_that_are_not_legal_have_a_code() {
    for step in [Try(target(1), 5), Share(5), Promote, Rollback(None), Kill, Resume, Renew] {
        assert_eq!(code(None, &step), "channel_step", "{step:?}");
    }
    let live = after(&[Release(target(1))]);
    for (step, expected) in [
        (Release(target(1)), "channel_step"),
        (Try(target(1), 5), "channel_step"),
        (Share(5), "channel_step"),
        (Promote, "channel_step"),
        (Rollback(None), "channel_step"),
        (Resume, "channel_step"),
        (Try(target(2), 0), "channel_invalid"),
        (Try(target(2), 100), "channel_invalid"),
        (Release(Target { bytes: 0, ..target(2) }), "channel_invalid"),
        (Release(Target { identity: "sha256:1".into(), ..target(2) }), "channel_invalid"),
        (Release(Target { url: "a\nb".into(), ..target(2) }), "channel_invalid"),
        (Renew, "ok"),
    ] {
        assert_eq!(code(Some(&live), &step), expected, "{step:?}");
    }
    let canary = after(&[Release(target(1)), Try(target(2), 10)]);
    for (step, expected) in [
        (Release(target(3)), "channel_step"),
        (Try(target(3), 20), "channel_step"),
        (Try(target(2), 10), "channel_step"),
        (Share(10), "channel_step"),
        (Share(50), "ok"),
        (Kill, "ok"),
    ] {
        assert_eq!(code(Some(&canary), &step), expected, "{step:?}");
    }
    let killed = after(&[Release(target(1)), Release(target(2)), Kill]);
    for (step, expected) in [
        (Release(target(3)), "channel_step"),
        (Try(target(3), 20), "channel_step"),
        (Kill, "channel_step"),
        (Rollback(None), "ok"),
        (Resume, "ok"),
    ] {
        assert_eq!(code(Some(&killed), &step), expected, "{step:?}");
    }
}

#[test]
fn a_step_in_the_past_or_past_the_expiry_is_refused() {
    let channel = after(&[Release(target(1)), Renew, Renew]);
    let error = taken(Some(&channel), &Kill, 1).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ChannelStep);
    let expires = |second| Some(Some(note(second).at));
    let short = Note { expires: expires(10), ..note(5) };
    let short = step(Some(&channel), "", "sha256:key", &Renew, &short).unwrap();
    assert_eq!(code(Some(&short), &Kill), "channel_expired");
    let longer = Note { expires: expires(90_000 % 86_400 + 80_000), ..note(80_000) };
    assert!(step(Some(&short), "", "sha256:key", &Kill, &longer).is_ok());
}

#[test]
fn only_the_channel_s_own_key_and_domain_open_it() {
    let (ours, theirs) = (Keypair::from_seed(&[1; 32]), Keypair::from_seed(&[2; 32]));
    let key = ours.public().id();
    let channel = step(None, "stable", &key, &Release(target(1)), &note(0)).unwrap();
    let signed = Signed::new(FORMAT, &channel, &ours).unwrap();
    let open = |signed: &Signed, key: &Keypair| {
        let bytes = serde_json::to_vec(signed).unwrap();
        let opened = ChannelFile::from_json(&bytes).and_then(|file| file.open(&[key.public()]));
        opened.map_err(|error| error.code().as_str())
    };
    assert_eq!(open(&signed, &ours).unwrap(), channel);
    assert_eq!(open(&signed, &theirs), Err("key_unknown"));
    let altered = signed.statement.replace("bundles/1", "bundles/9");
    assert_eq!(
        open(&Signed { statement: altered, ..signed.clone() }, &ours),
        Err("signature_invalid")
    );
    // signed by the key, but as something else
    let other = ours.sign("driftline.other/1", signed.statement.as_bytes());
    let signature = other.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(open(&Signed { signature, ..signed }, &ours), Err("signature_invalid"));
    // well signed, and no channel
    let broken = Channel { sequence: 7, ..channel };
    assert_eq!(open(&Signed::new(FORMAT, &broken, &ours).unwrap(), &ours), Err("channel_invalid"));
}

fn any_step() -> impl Strategy<Value = Step> {
    let one = || (1u8..6).prop_map(target);
    prop_oneof![
        3 => one().prop_map(Release),
        3 => (one(), 1u8..100).prop_map(|(one, percent)| Try(one, percent)),
        1 => (1u8..100).prop_map(Share),
        3 => Just(Promote),
        2 => Just(Rollback(None)),
        1 => (1u8..6).prop_map(|nth| Rollback(Some(target(nth).identity))),
        1 => Just(Kill),
        2 => Just(Resume),
        1 => Just(Renew),
    ]
}

proptest! {
    #[test]
    fn any_steps_keep_a_channel_whole(steps in prop::collection::vec(any_step(), 1..160)) {
        let mut channel: Option<Channel> = None;
        // what was live and not withdrawn, kept apart from the history
        let mut model: Vec<String> = Vec::new();
        for (second, step) in steps.iter().enumerate() {
            let before = channel.clone();
            let Ok(next) = taken(before.as_ref(), step, second as u32) else { continue };
            prop_assert!(next.check().is_ok());
            prop_assert_eq!(next.sequence, before.as_ref().map_or(0, |b| b.sequence) + 1);
            prop_assert!(next.history.len() <= MAX_CHANNEL_STEPS);
            match step {
                Release(_) | Promote => model.push(next.live.identity.clone()),
                Rollback(_) => {
                    let withdrew_canary = before.as_ref().is_some_and(|b| b.live == next.live);
                    if !withdrew_canary {
                        while model.last() != Some(&next.live.identity) {
                            prop_assert!(model.pop().is_some(), "went to what was withdrawn");
                        }
                    }
                    prop_assert!(next.canary.is_none());
                }
                _ => prop_assert_eq!(Some(&next.live), before.as_ref().map(|b| &b.live)),
            }
            prop_assert_eq!(model.last(), Some(&next.live.identity));
            let known: Vec<String> = stack(&next).into_iter().map(|one| one.identity).collect();
            prop_assert!(model.ends_with(&known), "{:?} is no end of {:?}", known, model);
            let previous = next.previous.as_ref().map(|one| one.identity.clone());
            if previous.is_some() || next.history[0].sequence == 1 {
                prop_assert_eq!(previous, model.iter().rev().nth(1).cloned());
            }
            let again: Channel = serde_json::from_slice(&serde_json::to_vec(&next).unwrap()).unwrap();
            prop_assert_eq!(&again, &next);
            channel = Some(next);
        }
    }
}
