//! Help, usage errors and the list of codes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::Desk;

const COMMANDS: &[&str] = &[
    "profile",
    "build",
    "predict",
    "validate",
    "run",
    "check",
    "inspect",
    "diff",
    "import",
    "calibrate",
    "collect",
    "codes",
];

#[test]
fn every_command_has_help_with_an_example() {
    let desk = Desk::new();
    let all = desk.run(&["--help"]).good();
    for command in COMMANDS {
        assert!(all.out.contains(&format!("  {command} ")), "{command} is not listed");
        let help = desk.run(&[command, "--help"]).good();
        assert!(help.out.contains("Example:\n  driftline "), "{command}: {}", help.out);
        assert!(help.out.contains("--json"), "{command}");
        assert!(help.err.is_empty(), "{command}");
    }
}

#[test]
fn the_help_of_build_reads_well() {
    insta::assert_snapshot!(Desk::new().run(&["build", "--help"]).good().out);
}

#[test]
fn the_help_of_profile_and_diff_reads_well() {
    let desk = Desk::new();
    insta::assert_snapshot!("help_of_profile", desk.run(&["profile", "--help"]).good().out);
    insta::assert_snapshot!("help_of_diff", desk.run(&["diff", "--help"]).good().out);
}

#[test]
fn wrong_usage_exits_with_2_and_is_json_on_request() {
    let desk = Desk::new();
    for args in [&["nonsense"][..], &[], &["predict"], &["codes", "--colour"]] {
        assert_eq!(desk.run(args).status, 2, "{args:?}");
    }
    let answer = desk.run(&["predict", "x.driftline", "--json", "--inptu", "rows.csv"]);
    assert_eq!(answer.code(), "bad_usage");
    assert!(answer.error()["message"].as_str().unwrap().contains("`--inptu`"), "{answer:?}");
    assert!(answer.out.is_empty());
}

#[test]
fn codes_are_listed_with_meaning_and_help() {
    let desk = Desk::new();
    let all = desk.run(&["codes", "--json"]).good().lines();
    assert_eq!(all.len(), driftline::ErrorCode::ALL.len());
    assert!(all.iter().all(|c| !c["meaning"].as_str().unwrap().is_empty()));
    insta::assert_snapshot!(desk.run(&["codes", "missing_offset", "bundle_altered"]).good().out);
    assert_eq!(desk.run(&["codes", "no_such_code", "--json"]).code(), "unknown_code");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let answer = Desk::new().run(&["validate", "none.yaml", "--input", "rows.csv"]);
    assert_eq!(answer.status, 2);
    insta::assert_snapshot!(answer.err);
}
