//! The tables in `docs/` that repeat the code say what the code says. With
//! `DRIFTLINE_UPDATE=1` in the environment they are written anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use driftline::ErrorCode;
use driftline::contract::{Contract, Validator};
use driftline::decision::{PRECEDENCE, Reason};
use driftline::error::CodeKind;
use std::fmt::Write as _;
use std::path::Path;

fn compare(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("DRIFTLINE_UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is stale: run with DRIFTLINE_UPDATE=1", path.display());
}

#[test]
fn the_list_of_limits_is_current() {
    let source = include_str!("../src/limits.rs");
    let mut text = String::from(
        "# Limits\n\nEverything from outside is bounded. Past a bound there is an error or a \
         violation with a code, never a cut value.\nThis table is written from `src/limits.rs`.\n\n\
         | constant | value | what it bounds, and why there |\n|---|--:|---|\n",
    );
    let mut reason = String::new();
    let mut rows = 0;
    for line in source.lines() {
        if let Some(comment) = line.strip_prefix("/// ") {
            if !reason.is_empty() {
                reason.push(' ');
            }
            reason.push_str(comment);
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let (name, rest) = constant.split_once(':').unwrap();
            let (_, value) = rest.split_once('=').unwrap();
            let value = value.trim().trim_end_matches(';');
            writeln!(text, "| `{name}` | {value} | {} |", std::mem::take(&mut reason)).unwrap();
            rows += 1;
        }
    }
    assert!(rows > 10, "the scan of src/limits.rs found {rows} limits");
    compare("docs/limits.md", &text);
}

#[test]
fn the_tables_of_reasons_are_complete_and_in_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/decisions.md");
    let text = std::fs::read_to_string(path).unwrap();
    let known = |cell: &&str| Reason::ALL.iter().any(|reason| reason.as_str() == *cell);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let listed: Vec<&str> = rows.filter(known).collect();
    let after = [Reason::BudgetUsedUp, Reason::TimedOut];
    let expected: Vec<&str> = PRECEDENCE.iter().chain(&after).map(|r| r.as_str()).collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_list_of_codes_is_current() {
    let mut text = String::from(
        "# Codes\n\nThe stable codes of violations and errors. This page is written from \
         `src/error.rs`; `driftline codes` prints the same.\n",
    );
    let kinds = [
        (CodeKind::Violation, "Violations of a contract"),
        (CodeKind::Usage, "Usage"),
        (CodeKind::Definition, "Contracts, policies, baselines"),
        (CodeKind::Model, "Models"),
        (CodeKind::Bundle, "Bundles"),
        (CodeKind::Collector, "Requests to a collector"),
        (CodeKind::Internal, "Faults of driftline"),
    ];
    for (kind, title) in kinds {
        write!(text, "\n## {title}\n\n| code | meaning | what to do |\n|---|---|---|\n").unwrap();
        for code in ErrorCode::ALL.iter().filter(|code| code.kind() == kind) {
            writeln!(text, "| `{code}` | {} | {} |", code.meaning(), code.help()).unwrap();
        }
    }
    for code in ErrorCode::ALL {
        assert!(text.contains(&format!("| `{code}` |")), "{code} has no section");
    }
    compare("docs/codes.md", &text);
}

#[test]
fn the_contracts_in_the_page_about_them_are_contracts() {
    let page = include_str!("../docs/contract.md");
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        let (yaml, _) = block.split_once("```").unwrap();
        let contract: Contract = serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e}"));
        contract.check().unwrap_or_else(|e| panic!("{e}\n{yaml}"));
        if cfg!(all(feature = "regex", feature = "unicode")) {
            Validator::new(&contract).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
        }
    }
}

#[test]
fn the_page_about_contracts_names_every_check_rule_and_step() {
    let page = include_str!("../docs/contract.md");
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../schema/contract.schema.json")).unwrap();
    for kind in ["Check", "Rule", "Step"] {
        let variants = schema["$defs"][kind]["oneOf"].as_array().unwrap();
        for variant in variants {
            let name = variant["required"][0].as_str().unwrap();
            assert!(page.contains(&format!("`{name}`")), "{kind} `{name}` is not described");
        }
    }
}

#[test]
fn no_page_has_the_marks_of_a_merge() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = [root.to_path_buf(), root.join("docs")]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    for page in pages.filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for mark in ["<<<<<<< ", "=======\n", ">>>>>>> "] {
            let found = text.starts_with(mark) || text.contains(&format!("\n{mark}"));
            assert!(!found, "{} has `{}`", page.display(), mark.trim());
        }
    }
}
