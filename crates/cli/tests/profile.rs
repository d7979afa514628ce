//! Profiles of made and of real rows.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights};
use std::fmt::Write as _;

/// 120 rows with every fault that is looked for; the same on every run.
fn messy() -> String {
    let mut text = String::from(
        "\u{feff}id,E-Mail,customer_name,phone,card,client_ip,country,amount,price,joined,created,\
         active,agreed,constant,empty,mixed,account,zip,score,measured,note,late\n",
    );
    for i in 0..120u64 {
        let late = i % 5 == 2;
        let country = ["DE", "FR", "NA", "São Tomé", "US"][(i % 5) as usize];
        let amount = if i % 30 == 7 { "-999".to_owned() } else { format!("{}.5", 10 + i * 7 % 83) };
        let price = format!("\"{},{:03}\"", i + 1, i * 37 % 1_000);
        let mixed = if i % 4 == 0 { "n/k".to_owned() } else { (i * 3 % 17).to_string() };
        let score = if i % 40 == 3 { "NA".to_owned() } else { (i % 9).to_string() };
        let created = ["Z", "-04:00", "+05:45"][(i % 3) as usize];
        let measured = if i % 10 == 0 { String::new() } else { format!("{}", 20 + i % 11) };
        let note = if i % 6 == 0 { format!("ticket {i} \"\"urgent\"\"") } else { " ok".to_owned() };
        let _ = writeln!(
            text,
            "{i},user{i}@example.org,Ada Lovelace {},+49 30 9018{:02},4111111111111111,10.0.0.{i},\
             {country},{amount},{price},2013-07-{:02} 08:00:00,2013-07-{:02}T08:{:02}:00{created},\
             {},{},x,,{mixed},{},{:05},{score},{measured},\"{note}\",{late}",
            ["", "", "Jr."][(i % 3) as usize].trim(),
            i % 100,
            i % 28 + 1,
            i % 28 + 1,
            i % 60,
            i % 3 == 0,
            if i % 2 == 0 { "yes" } else { "no" },
            9_007_199_254_740_993 + i,
            i * 1_234 % 9_999,
        );
    }
    text + "ragged,row\n"
}

#[test]
fn a_messy_file() {
    let desk = Desk::new();
    desk.write("messy.csv", messy());
    let args = ["profile", "messy.csv", "--target", "late", "-o", "contract.yaml"];
    let answer = desk.run(&[&args[..], &["--baseline-out", "baseline.json"]].concat());
    assert_eq!(answer.status, 2, "a row cannot be read: {answer:?}");
    insta::assert_snapshot!("messy_table", answer.out);
    insta::assert_snapshot!("messy_faults", answer.err);
    let contract = String::from_utf8(desk.read("contract.yaml")).unwrap();
    insta::assert_snapshot!("messy_contract", contract);
    let baseline = String::from_utf8(desk.read("baseline.json")).unwrap();
    // of personal data nothing is shown anywhere
    for secret in ["user7@", "user", "Lovelace", "+49", "4111111", "10.0.0"] {
        for text in [&answer.out, &answer.err, &contract, &baseline] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    let json = desk.run(&["profile", "messy.csv", "--json"]);
    assert!(!json.out.contains("Lovelace") && !json.out.contains("user7@"));
    let profile: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&profile["rows"], &profile["unreadable"]), (&120.into(), &1.into()));

    // what is refused is what the profile said
    let validate = ["validate", "contract.yaml", "--input", "messy.csv", "--ignore", "late"];
    let lines = desk.run(&[&validate[..], &["--broken-only"]].concat()).lines();
    assert_eq!(lines.len(), 4, "three scores and the ragged row: {lines:?}");
    for line in &lines[..3] {
        assert_eq!(line["violations"][0]["input"], "score");
    }
}

#[test]
fn real_flights() {
    let desk = Desk::new();
    let rows = flights("production.csv.gz");
    let out = ["--target", "late", "--ignore", "row_id,p_late", "--name", "flights"];
    let files = ["-o", "contract.yaml", "--baseline-out", "baseline.json"];
    let answer = desk.run(&[&["profile", &rows], &out[..], &files].concat()).good();
    insta::assert_snapshot!("flights_table", answer.out.replace(&rows, "production.csv.gz"));
    let contract = String::from_utf8(desk.read("contract.yaml")).unwrap();
    insta::assert_snapshot!("flights_contract", contract.replace(&rows, "production.csv.gz"));
    let validate =
        ["validate", "contract.yaml", "--input", &rows, "--ignore", "row_id,p_late,late"];
    assert!(desk.run(&[&validate[..], &["--broken-only"]].concat()).good().out.is_empty());
}

#[test]
fn what_tells_the_target_is_named() {
    let desk = Desk::new();
    let mut text = String::from("x,delay,late\n");
    for i in 0..2_000u64 {
        let delay = i * 7_919 % 240;
        let _ = writeln!(text, "{},{delay},{}", i * 104_729 % 1_009, delay > 15);
    }
    desk.write("rows.csv", text);
    let answer = desk.run(&["profile", "rows.csv", "--target", "late", "--json"]).good();
    let profile: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    let of = |i: usize| profile["columns"][i]["suspicions"].to_string();
    assert!(of(1).contains("leaks_target"), "{}", of(1));
    assert!(!of(0).contains("leaks_target"), "{}", of(0));
}

#[test]
fn json_lines_with_nested_values_and_absent_fields() {
    let desk = Desk::new();
    let mut text = String::new();
    for i in 0..60 {
        let more = if i % 2 == 0 { ", \"tags\": [1]" } else { "" };
        let x = if i == 3 { "null".to_owned() } else { format!("{i}.25") };
        let _ = writeln!(text, "{{\"x\": {x}, \"code\": \"{:03}\"{more}}}", i % 4);
    }
    text += "[1]\n";
    desk.write("rows.jsonl", text);
    let answer = desk.run(&["profile", "rows.jsonl", "-o", "-"]);
    assert_eq!(answer.status, 2);
    insta::assert_snapshot!("jsonl_contract", answer.out);
    insta::assert_snapshot!("jsonl_faults", answer.err);
}

#[test]
fn wrong_usage_is_named() {
    let desk = Desk::new();
    desk.write("rows.csv", "a,b\n1,2\n").write("twice.csv", "a,a\n1,2\n").write("none.csv", "");
    let of = |args: &[&str]| desk.run(&[&["profile", "--json"], args].concat());
    assert_eq!(of(&["rows.csv", "--target", "c"]).code(), "bad_usage");
    assert_eq!(of(&["rows.csv", "--ignore", "c"]).code(), "bad_usage");
    assert_eq!(of(&["rows.csv", "-o", "-"]).code(), "bad_usage");
    assert_eq!(of(&["rows.txt"]).code(), "bad_usage");
    assert_eq!(of(&["none.csv"]).code(), "bad_input");
    let twice = of(&["twice.csv"]);
    assert_eq!((twice.code(), twice.place()), ("bad_input".into(), (1, 1)));
    assert_eq!(of(&["absent.csv"]).code(), "io");
}
