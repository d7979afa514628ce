//! The data sheet as one page: no scripts, nothing loaded, light and dark.

use super::sheet::Sheet;
use std::fmt::Write as _;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1b1f24; --page: #fff; --line: #d0d7de; --head: #f3f5f7 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --page: #14171b; --line: #3a4149; --head: #1f242a }
}
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; background: var(--page);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.75rem } h2 { font-size: 1.25rem; margin-top: 2rem }
div { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left;
  vertical-align: top; min-width: 4rem }
thead th { background: var(--head) }
tbody th { font-weight: 600 }
@media print { body { margin: 0; max-width: none } }
";

/// The page.
pub fn html(sheet: &Sheet) -> String {
    let title = escape(&sheet.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    for line in &sheet.lines {
        let _ = writeln!(out, "<p>{}</p>", escape(line));
    }
    for section in &sheet.sections {
        let _ = writeln!(out, "<h2>{}</h2>", escape(section.title));
        if !section.text.is_empty() {
            let _ = writeln!(out, "<p>{}</p>", escape(&section.text));
        }
        if section.rows.is_empty() {
            continue;
        }
        // a table that can be scrolled can be reached by keyboard
        let _ = write!(
            out,
            "<div role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n<table>\n<thead><tr>",
            escape(section.title)
        );
        for column in section.columns {
            let _ = write!(out, "<th scope=\"col\">{}</th>", escape(column));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &section.rows {
            out.push_str("<tr>");
            for (i, cell) in row.iter().enumerate() {
                let (open, close) =
                    if i == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
                let _ = write!(out, "{open}{}{close}", escape(cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Text that is nothing but text, in an element or in an attribute's quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
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
        assert_eq!(escape("<script>'\"&\u{1}"), "&lt;script&gt;&#39;&quot;&amp;\u{fffd}");
    }
}
