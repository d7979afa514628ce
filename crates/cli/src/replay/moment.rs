//! When a row happened.

use crate::rows::Cells;
use driftline::contract::{TimeFault, parse_rfc3339};

/// Hours since 1970 of the instant in a column.
///
/// # Errors
/// What stands there instead.
pub fn hour(cells: &Cells<'_>, column: &str) -> Result<i64, String> {
    if !cells.has(column) {
        return Err(format!("there is no column `{column}`"));
    }
    let text = cells.text(column).ok_or_else(|| format!("`{column}` is missing"))?;
    let shown: String = text.chars().take(40).collect();
    let instant = parse_rfc3339(&text).map_err(|fault| match fault {
        TimeFault::Malformed(why) => format!("`{shown}` in `{column}` is no time: {why}"),
        TimeFault::NoOffset => format!("`{shown}` in `{column}` has no offset"),
        TimeFault::OutOfRange => format!("`{shown}` in `{column}` is outside years 0000 to 9999"),
    })?;
    let hour = instant.seconds.div_euclid(3_600);
    // a beacon counts hours from 1970 on
    if hour < 0 { Err(format!("`{shown}` in `{column}` is before 1970")) } else { Ok(hour) }
}
