//! The data sheet in Markdown.

use super::sheet::Sheet;
use std::fmt::Write as _;

/// The page, ended by a line feed.
pub fn markdown(sheet: &Sheet) -> String {
    let mut out = format!("# {}\n", text(&sheet.title));
    for line in &sheet.lines {
        let _ = write!(out, "\n{}\n", text(line));
    }
    for section in &sheet.sections {
        let _ = write!(out, "\n## {}\n", section.title);
        if !section.text.is_empty() {
            let _ = write!(out, "\n{}\n", text(&section.text));
        }
        if section.rows.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "\n| {} |\n|{}\n",
            section.columns.join(" | "),
            "---|".repeat(section.columns.len())
        );
        for row in &section.rows {
            let cells: Vec<String> = row.iter().map(|cell| text(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    out
}

/// Foreign text on one line, in which nothing is markup.
fn text(raw: &str) -> String {
    let mut out = String::new();
    for c in raw.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_markup() {
        assert_eq!(text("a|b\n<i>*x*</i> [y](z)"), r"a\|b &lt;i&gt;\*x\*&lt;/i&gt; \[y\](z)");
    }
}
