//! Licences are SPDX expressions, with the identifiers of SPDX's list.

use driftline::{Error, ErrorCode, Result};
use spdx::{Expression, ParseMode};

/// The expression as given, if it is one.
pub fn check(text: &str) -> Result<String> {
    Expression::parse_mode(text, ParseMode::STRICT).map(|_| text.to_owned()).map_err(|e| {
        let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
        let message = format!("`{shown}` is no SPDX expression: {}", e.reason);
        Error::new(ErrorCode::BadUsage, message)
            .with_help("such as `Apache-2.0`, `MIT OR Apache-2.0` or `LicenseRef-Proprietary`")
            .in_file("--licence")
    })
}
