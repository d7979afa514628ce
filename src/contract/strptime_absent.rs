//! Forms of dates and times in a build without the feature `text`: there are none.

/// A form; none can be made.
#[derive(Clone, Debug)]
pub(crate) enum Form {}

impl Form {
    /// `Err` holds the form: no directive is known here.
    pub fn new(format: &str) -> Result<Self, String> {
        Err(format.to_owned())
    }

    pub fn matches(&self, _: &str) -> bool {
        match *self {}
    }
}

pub(crate) fn is_date(_: &str) -> bool {
    false
}

pub(crate) fn is_lenient_date(_: &str) -> bool {
    false
}
