//! Counts of tests in the closing lines of test runners.

/// `(passed, failed)` if the line closes a runner's report.
pub fn counts(line: &str) -> Option<(u64, u64)> {
    let line = plain(line);
    let line = line.trim();
    cargo(line).or_else(|| node(line)).or_else(|| pytest(line)).or_else(|| bare(line))
}

/// The line without terminal escapes.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

/// `test result: ok. 3 passed; 0 failed; 0 ignored; …`, of cargo and of wasm-bindgen's runner.
fn cargo(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    Some((before(rest, " passed")?, before(rest, " failed")?))
}

/// `ℹ pass 3` and `# fail 1`, each on its own line, of Node's runner.
fn node(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
    match rest.split_once(' ')? {
        ("pass", n) => Some((n.parse().ok()?, 0)),
        ("fail" | "cancelled", n) => Some((0, n.parse().ok()?)),
        _ => None,
    }
}

/// `==== 2 failed, 5 passed, 1 warning in 0.12s ====` of pytest, with or without the rules.
fn pytest(line: &str) -> Option<(u64, u64)> {
    let rest = line.trim_matches(['=', ' ']);
    if !rest.ends_with(['s', ')']) || !rest.contains(" in ") {
        return None;
    }
    let (passed, failed) = (before(rest, " passed"), before(rest, " failed"));
    let errors = before(rest, " error");
    if passed.is_none() && failed.is_none() && errors.is_none() {
        return None;
    }
    Some((passed.unwrap_or(0), failed.unwrap_or(0) + errors.unwrap_or(0)))
}

/// `3 passed, 0 failed`, alone on its line, perhaps with a word and a colon before it.
fn bare(line: &str) -> Option<(u64, u64)> {
    let rest = match line.split_once(": ") {
        Some((word, rest)) if !word.contains(' ') => rest,
        _ => line,
    };
    let (passed, rest) = rest.split_once(" passed, ")?;
    let failed = rest.split_once(" failed").filter(|(_, end)| {
        end.is_empty() || (end.starts_with(", ") && end.ends_with(" skipped"))
    })?;
    Some((passed.parse().ok()?, failed.0.parse().ok()?))
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> Option<u64> {
    let head = text.split_once(word)?.0;
    let digits = head.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn closing_lines_are_counted() {
        for (line, expected) in [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
                (12, 0),
            ),
            ("test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 2 failed; 0 ignored", (1, 2)),
            ("ℹ pass 7", (7, 0)),
            ("# fail 2", (0, 2)),
            ("\u{1b}[34mℹ cancelled 1\u{1b}[39m", (0, 1)),
            ("===== 2 failed, 5 passed, 1 warning in 0.12s =====", (5, 2)),
            ("90 passed in 83.20s (0:01:23)", (90, 0)),
            ("== 1 passed, 1 error in 0.12s ==", (1, 1)),
            ("14200 passed, 0 failed", (14_200, 0)),
            ("parity: 3 passed, 1 failed, 2 skipped", (3, 1)),
        ] {
            assert_eq!(counts(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "running 12 tests",
            "test a ... ok",
            "ℹ tests 7",
            "# Subtest: 3 passed, 0 failed",
            "the 3 passed, 0 failed",
            "3 passed",
            "took 3 passed in all",
        ] {
            assert_eq!(counts(line), None, "{line}");
        }
    }
}
