//! The reliability diagram and the curve of coverage and error, as SVG and as a page.

use super::{Promised, Report};
use driftline::decision::fit::Bin;
use std::fmt::Write as _;

const SIZE: f64 = 260.0;
const LEFT: f64 = 48.0;
const TOP: f64 = 34.0;

/// Two panels: what probabilities say beside what is seen, before and after calibration; and the
/// error of accepted answers by coverage.
pub fn svg(report: &Report) -> String {
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 350\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\
         <title>Reliability and coverage</title>\
         <rect width=\"700\" height=\"350\" fill=\"#fff\"/>\n",
    );
    if let Some([before, after]) = &report.reliability {
        axes(&mut out, LEFT, "probability that was said", "share that was seen", 1.0);
        line(&mut out, LEFT, &[(0.0, 0.0), (1.0, 1.0)], "#999", "4 3");
        dots(&mut out, LEFT, &before.bins, "#c2410c");
        dots(&mut out, LEFT, &after.bins, "#1d4ed8");
        let text = format!(
            "<text x=\"{LEFT}\" y=\"14\" fill=\"#c2410c\">before: ECE {:.4}, Brier {:.4}</text>\
             <text x=\"{LEFT}\" y=\"28\" fill=\"#1d4ed8\">after: ECE {:.4}, Brier {:.4}</text>\n",
            before.ece, before.brier, after.ece, after.brier
        );
        out.push_str(&text);
    }
    if !report.curve.is_empty() {
        let left = LEFT + 350.0;
        let points: Vec<(f64, f64)> =
            report.curve.iter().filter_map(|p| Some((p.coverage, p.error?))).collect();
        let most = points.iter().map(|p| p.1).fold(report.max_error, f64::max);
        let top = (most * 10.0).ceil() / 10.0;
        let wrong = match report.promised {
            Promised::EachLabel => "share of them in which the worst label is wrong",
            Promised::Records => "share of them with a wrong label",
            Promised::Answers | Promised::Intervals => "share of them that is wrong",
        };
        axes(&mut out, left, "share that is accepted", wrong, top);
        let scaled: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, y / top)).collect();
        line(&mut out, left, &scaled, "#1d4ed8", "");
        let promise = report.max_error / top;
        line(&mut out, left, &[(0.0, promise), (1.0, promise)], "#999", "4 3");
        line(&mut out, left, &[(report.coverage, 0.0), (report.coverage, 1.0)], "#15803d", "4 3");
        let _ = writeln!(
            out,
            "<text x=\"{left}\" y=\"14\">at most {:.1}% wrong (grey)</text>\
             <text x=\"{left}\" y=\"28\" fill=\"#15803d\">certified: {:.1}% accepted</text>",
            100.0 * report.max_error,
            100.0 * report.coverage
        );
    }
    out.push_str("</svg>\n");
    out
}

fn at(left: f64, (x, y): (f64, f64)) -> (f64, f64) {
    (left + x * SIZE, TOP + (1.0 - y) * SIZE)
}

fn axes(out: &mut String, left: f64, x: &str, y: &str, top: f64) {
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{TOP}\" width=\"{SIZE}\" height=\"{SIZE}\" fill=\"none\" \
         stroke=\"#888\"/>"
    );
    for i in 0..=5 {
        let share = f64::from(i) / 5.0;
        let (px, _) = at(left, (share, 0.0));
        let (_, py) = at(left, (0.0, share));
        let _ = write!(
            out,
            "<text x=\"{px:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{share:.1}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.2}</text>",
            TOP + SIZE + 15.0,
            left - 5.0,
            py + 4.0,
            share * top
        );
    }
    let middle = TOP + SIZE / 2.0;
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x}</text>\
         <text transform=\"translate({:.1},{middle:.1}) rotate(-90)\" text-anchor=\"middle\">{y}</text>",
        left + SIZE / 2.0,
        TOP + SIZE + 32.0,
        left - 34.0
    );
}

fn line(out: &mut String, left: f64, points: &[(f64, f64)], colour: &str, dashes: &str) {
    let mut path = String::new();
    for (i, point) in points.iter().enumerate() {
        let (x, y) = at(left, *point);
        let _ = write!(path, "{}{x:.1},{y:.1}", if i == 0 { "M" } else { "L" });
    }
    let _ = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" \
         stroke-dasharray=\"{dashes}\"/>"
    );
}

fn dots(out: &mut String, left: f64, bins: &[Bin], colour: &str) {
    let points: Vec<(f64, f64)> = bins.iter().map(|b| (b.said, b.seen)).collect();
    line(out, left, &points, colour, "");
    for (bin, point) in bins.iter().zip(&points) {
        let (x, y) = at(left, *point);
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"><title>said {:.3}, seen \
             {:.3}, {} rows</title></circle>",
            bin.said, bin.seen, bin.rows
        );
    }
}

/// The picture with the report's figures as a page that needs nothing else.
pub fn html(report: &Report, name: &str) -> String {
    let mut rows = String::new();
    for (label, part) in &report.certified {
        let threshold = part.threshold.map_or("never".to_owned(), |t| t.to_string());
        let _ = writeln!(
            rows,
            "<tr><td>{}<td>{threshold}<td>{}<td>{}<td>{}<td>{:.4}<td>{}",
            escape(label),
            part.figures.rows,
            part.figures.accepted,
            part.figures.errors,
            part.figures.upper_bound,
            escape(part.why.as_deref().unwrap_or_default())
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Calibration of {name}</title>\
         <style>body{{font:15px sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}\
         table{{border-collapse:collapse}}td,th{{padding:.2rem .7rem;border-bottom:1px solid #ccc;\
         text-align:left}}</style><h1>Calibration of {name}</h1>\
         <p>At most {:.2}% {}, with confidence {:.2}%, for records that come from where these \
         rows came from. {} rows fitted, {} others certified (seed {}).</p>{}<table><tr><th>answer<th>threshold<th>rows<th>accepted<th>wrong<th>upper bound\
         <th></tr>\n{rows}</table></html>\n",
        100.0 * report.max_error,
        report.promised.words(),
        100.0 * report.confidence,
        report.split.fit,
        report.split.certify,
        report.split.seed,
        svg(report),
        name = escape(name),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
