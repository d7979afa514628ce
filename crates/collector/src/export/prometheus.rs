//! The text format of Prometheus, version 0.0.4.

use super::points::{Kind, Point, families};
use std::fmt::Write;

/// What `Content-Type` says of it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes points.
pub fn text(points: &[Point]) -> String {
    let mut text = String::new();
    for (family, points) in families(points) {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // a `String` takes everything
        let _ = writeln!(text, "# HELP {} {}", family.name, family.help);
        let _ = writeln!(text, "# TYPE {} {kind}", family.name);
        for point in points {
            text.push_str(family.name);
            for (at, (name, value)) in point.labels.iter().enumerate() {
                let _ = write!(text, "{}{name}=\"", if at == 0 { '{' } else { ',' });
                escape(&mut text, value);
                text.push('"');
            }
            if !point.labels.is_empty() {
                text.push('}');
            }
            let size = point.value.abs();
            // a detector's value may have 200 digits
            let _ = if size == 0.0 || (1e-5..1e16).contains(&size) {
                writeln!(text, " {}", point.value)
            } else {
                writeln!(text, " {:e}", point.value)
            };
        }
    }
    text
}

fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            // other line ends would end the line for some readers
            c if c.is_control() => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
}
