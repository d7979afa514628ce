//! What a bundle says of itself, computed again: each finding with both values.

pub mod against;
pub mod folder;
pub mod parts;

use serde::Serialize;

/// How one thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is as stated.
    Holds,
    /// It is otherwise than stated.
    Differs,
    /// It could not be computed here.
    Unreachable,
}

/// One thing that was computed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: a part, a file, the signature.
    pub what: String,
    /// How it was found.
    pub status: Status,
    /// What the bundle or a file in it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// What was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Why, where that needs words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Finding {
    /// Two values side by side.
    pub fn compare(what: impl Into<String>, stated: &str, found: &str) -> Self {
        Self {
            what: what.into(),
            status: if stated == found { Status::Holds } else { Status::Differs },
            stated: Some(stated.to_owned()),
            found: Some(found.to_owned()),
            note: None,
        }
    }

    /// Something found in words alone.
    pub fn of(what: impl Into<String>, status: Status, note: impl Into<String>) -> Self {
        Self { what: what.into(), status, stated: None, found: None, note: Some(note.into()) }
    }

    /// With words.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// With what was stated.
    #[must_use]
    pub fn stated(mut self, stated: &str) -> Self {
        self.stated = Some(stated.to_owned());
        self
    }
}
