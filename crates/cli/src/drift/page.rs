//! The report as one page: no scripts, nothing loaded, light and dark.

use super::offline::{Line, Report};
use super::table::p_value;
use crate::export::escape;
use driftline::drift::{Estimate, Verdict};
use std::fmt::Write as _;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --page: #fff; --line: #d0d7de;
  --head: #f3f5f7; --old: #8c959f; --new: #0550ae; --drifted: #b42318; --slight: #8a5a00;
  --stable: #1a7f37; --too_few: #57606a }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ed; --soft: #9da7b3; --page: #14171b; --line: #3a4149; --head: #1f242a;
    --old: #7d8590; --new: #6cb6ff; --drifted: #ff7b72; --slight: #e3b341; --stable: #57ab5a;
    --too_few: #9da7b3 }
}
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; background: var(--page);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.75rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
div { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: right; white-space: nowrap }
th:first-child { text-align: left; position: sticky; left: 0; min-width: 7rem; max-width: 14rem;
  white-space: normal; background: var(--page) }
thead th, thead th:first-child { background: var(--head) }
svg { width: 100%; min-width: 36rem; height: auto; fill: var(--ink); font-size: 11px }
.old { fill: var(--old) } .new { fill: var(--new) } .axis { stroke: var(--line) }
.soft { color: var(--soft); fill: var(--soft) }
.drifted { color: var(--drifted) } .slight { color: var(--slight) }
.stable { color: var(--stable) } .too_few { color: var(--too_few) }
a { color: var(--new) }
@media print { body { margin: 0; max-width: none } }
";

/// Bars of a chart: more have no room for a name.
const MOST_NAMED: usize = 16;

/// The page.
pub fn html(report: &Report) -> String {
    let title = format!("Drift of {}", escape(&report.name));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    head(report, &mut out);
    let mut order: Vec<(usize, &Line)> = report.features.iter().enumerate().collect();
    // the gravest first, then the largest effect, then the contract's order
    order.sort_by(|a, b| {
        let effect = |line: &Line| line.found.effect.unwrap_or(-1.0);
        let (x, y) = (a.1, b.1);
        y.found.verdict.cmp(&x.found.verdict).then(effect(y).total_cmp(&effect(x)))
    });
    summary(&order, &mut out);
    for (at, line) in order {
        feature(at, line, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn head(report: &Report, out: &mut String) {
    let verdict = report.verdict.as_str();
    let _ = writeln!(
        out,
        "<p class=\"{verdict}\"><strong>{}</strong></p>\n<p class=\"soft\">{} rows of the baseline, \
         {} rows that came, {} of them not readable. {}</p>",
        words(report.verdict),
        report.baseline_rows,
        report.records + report.unreadable,
        report.unreadable,
        escape(&report.identity)
    );
    if let Some(effect) = report.weighted_effect {
        let _ = writeln!(out, "<p>Mean effect weighted by importance: {effect:.4}</p>");
    }
    let Some(estimated) = &report.estimated else { return };
    let p = &estimated.performance;
    let of = |name: &str, e: Option<Estimate>| {
        e.map_or(String::new(), |e| {
            format!("{name} {:.3} ± {:.3}", e.value, 1.96 * e.standard_error)
        })
    };
    let figures = [of("accuracy", Some(p.accuracy)), of("F1", p.f1), of("ROC AUC", p.roc_auc)];
    let figures: Vec<&str> = figures.iter().map(String::as_str).filter(|f| !f.is_empty()).collect();
    let _ = writeln!(
        out,
        "<h2>Performance without labels</h2>\n<p>{} (95% of what sampling of labels gives)</p>\n\
         <p class=\"soft\">{}</p>",
        figures.join(", "),
        escape(estimated.warning)
    );
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Drifted => "Drifted: at least one feature moved by more than chance, and far",
        Verdict::Slight => "Slight: more than chance, too small to matter",
        Verdict::Stable => "Stable: no difference that is more than chance",
        Verdict::TooFew => "Too few records to tell",
    }
}

fn summary(order: &[(usize, &Line)], out: &mut String) {
    out.push_str(
        "<h2>Features</h2>\n<div role=\"region\" aria-label=\"Features\" tabindex=\"0\">\n<table>\n\
         <thead><tr><th scope=\"col\">feature</th><th scope=\"col\">verdict</th>\
         <th scope=\"col\">p adjusted</th><th scope=\"col\">effect</th>\
         <th scope=\"col\">Hellinger</th><th scope=\"col\">JS</th><th scope=\"col\">PSI</th>\
         <th scope=\"col\">PSI null 95%</th><th scope=\"col\">W₁/std</th><th scope=\"col\">L∞</th>\
         </tr></thead>\n<tbody>\n",
    );
    for (at, line) in order {
        let f = &line.found;
        let d = f.distances.as_ref();
        let of = |x: Option<f64>| x.map_or("–".to_owned(), |x| format!("{x:.4}"));
        let verdict = f.verdict.as_str();
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><a href=\"#f{at}\">{}</a></th><td class=\"{verdict}\">{}</td>",
            escape(&line.name),
            verdict.replace('_', " ")
        );
        let psi =
            d.map_or("–".to_owned(), |d| d.psi.map_or("∞".to_owned(), |x| format!("{x:.4}")));
        for cell in [
            f.p_adjusted.map_or("–".to_owned(), p_value),
            of(f.effect),
            of(d.map(|d| d.hellinger)),
            of(d.map(|d| d.js_distance)),
            psi,
            of(d.map(|d| d.psi_null_q95)),
            of(d.and_then(|d| d.wasserstein_by_deviation)),
            of(d.map(|d| d.linf)),
        ] {
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn feature(at: usize, line: &Line, out: &mut String) {
    let unit = line.unit.as_ref().map_or(String::new(), |unit| format!(", in {unit}"));
    let verdict = line.found.verdict.as_str();
    let _ = writeln!(
        out,
        "<h2 id=\"f{at}\">{}<span class=\"soft\">{}</span> <span class=\"{verdict}\">{}</span></h2>",
        escape(&line.name),
        escape(&unit),
        verdict.replace('_', " ")
    );
    chart(line, out);
    let moved: Vec<String> = line
        .moved
        .iter()
        .filter(|named| named.moved.residual.abs() >= 3.0)
        .map(|named| {
            let (from, to) = (100.0 * named.moved.baseline, 100.0 * named.moved.current);
            format!("{} from {from:.1}% to {to:.1}%", escape(&named.cell))
        })
        .collect();
    if !moved.is_empty() {
        let _ = writeln!(out, "<p>What moved: {}</p>", moved.join("; "));
    }
}

/// Shares of both sides as pairs of bars.
fn chart(line: &Line, out: &mut String) {
    // estimates below nothing are drawn as nothing
    let share = |counts: &[f64]| -> Vec<f64> {
        let all = counts.iter().map(|count| count.max(0.0)).sum::<f64>().max(1.0);
        counts.iter().map(|count| 100.0 * count.max(0.0) / all).collect()
    };
    let baseline: Vec<f64> = line.baseline_counts.iter().map(|count| *count as f64).collect();
    let (old, new) = (share(&baseline), share(&line.current_counts));
    // cells that neither side has are not drawn
    let shown: Vec<(&String, f64, f64)> = line
        .cells
        .iter()
        .zip(old.iter().zip(&new))
        .filter(|(_, (a, b))| **a > 0.0 || **b > 0.0)
        .map(|(name, (a, b))| (name, *a, *b))
        .collect();
    let top = shown.iter().map(|(_, a, b)| a.max(*b)).fold(1.0, f64::max);
    let (left, width, height) = (46.0, 700.0, 150.0);
    let step = width / shown.len().max(1) as f64;
    let named = shown.len() <= MOST_NAMED;
    let _ = write!(
        out,
        "<div role=\"region\" aria-label=\"{0}\" tabindex=\"0\"><svg viewBox=\"0 0 760 {1}\" \
         role=\"img\" aria-label=\"Shares of {0} in the baseline and in the rows that came, in %\">",
        escape(&line.name),
        if named { 250 } else { 200 }
    );
    for part in [0.0, 0.5, 1.0] {
        let y = 20.0 + height * (1.0 - part);
        let _ = write!(
            out,
            "<line class=\"axis\" x1=\"{left}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"soft\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.1}%</text>",
            left + width,
            left - 4.0,
            y + 4.0,
            top * part
        );
    }
    for (at, (name, a, b)) in shown.iter().enumerate() {
        let x = left + at as f64 * step;
        for (share, class, shift) in [(a, "old", 0.1), (b, "new", 0.5)] {
            let tall = height * share / top;
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\">\
                 <title>{}: {share:.2}%</title></rect>",
                x + shift * step,
                20.0 + height - tall,
                0.38 * step,
                escape(name)
            );
        }
        if named {
            let middle = x + step / 2.0;
            let _ = write!(
                out,
                "<text x=\"{middle:.1}\" y=\"186\" text-anchor=\"end\" \
                 transform=\"rotate(-35 {middle:.1} 186)\">{}</text>",
                escape(&short(name))
            );
        }
    }
    let _ = writeln!(
        out,
        "<rect class=\"old\" x=\"{left}\" y=\"2\" width=\"10\" height=\"10\"/><text x=\"{}\" y=\"11\">baseline</text>\
         <rect class=\"new\" x=\"{}\" y=\"2\" width=\"10\" height=\"10\"/><text x=\"{}\" y=\"11\">rows that came</text></svg></div>",
        left + 14.0,
        left + 90.0,
        left + 104.0
    );
}

fn short(name: &str) -> String {
    if name.chars().count() <= 14 {
        return name.to_owned();
    }
    name.chars().take(13).chain(['…']).collect()
}
