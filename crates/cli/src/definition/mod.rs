//! Contracts and policies as files: YAML or JSON in, typed values out, every error with its line.

mod message;
mod tree;

use crate::output::read_file;
use driftline::limits::MAX_DEFINITION_BYTES;
use driftline::{Error, ErrorCode, Result};
use serde::de::DeserializeOwned;
use std::path::Path;
use tree::Node;

/// A definition's text with the places of its values.
#[derive(Debug)]
pub struct Source {
    file: String,
    text: String,
    tree: Node,
    syntax: ErrorCode,
}

impl Source {
    /// Reads a file of YAML or JSON; `syntax` is the code of what cannot be parsed.
    ///
    /// # Errors
    /// [`ErrorCode::Io`], [`ErrorCode::InputTooLarge`] or `syntax` with the place.
    pub fn read(path: &Path, syntax: ErrorCode) -> Result<Self> {
        let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
        let file = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|e| {
            Error::new(syntax, format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()))
                .with_help("save the file as UTF-8")
                .in_file(&*file)
        })?;
        Self::parse(file, text, syntax)
    }

    /// Reads text that stands for a file.
    ///
    /// # Errors
    /// `syntax` with the place.
    pub fn parse(file: String, text: String, syntax: ErrorCode) -> Result<Self> {
        let parsed = serde_saphyr::from_str_with_options::<Node>(&text, options());
        let tree = match parsed {
            Ok(tree) => tree,
            Err(e) => return Err(message::convert(&e, syntax, None).in_file(file)),
        };
        let source = Self { file, text, tree, syntax };
        match tree::ambiguous(&source.tree, &source.text) {
            Some(trap) => Err(trap.error(syntax).in_file(&*source.file)),
            None => Ok(source),
        }
    }

    /// Reads the definition as a typed value.
    ///
    /// # Errors
    /// The source's syntax code, with the line and column of what does not fit.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T> {
        serde_saphyr::from_str_with_options::<T>(&self.text, options())
            .map_err(|e| message::convert(&e, self.syntax, Some(&self.tree)).in_file(&*self.file))
    }

    /// Adds file, line and column to an error that names a path such as `inputs[3].minimum`, or
    /// else quotes a text of the file.
    pub fn locate(&self, error: Error) -> Error {
        let by_path = || self.tree.find(error.place().path.as_deref()?);
        let by_text =
            || error.message().split('`').skip(1).step_by(2).find_map(|t| self.tree.find_text(t));
        match by_path().or_else(by_text) {
            Some((line, column)) => error.at_line(line, column),
            None => error,
        }
        .in_file(&*self.file)
    }
}

/// How both passes read YAML: duplicates refused, only `true` and `false` are booleans, and text
/// that looks like a number or a boolean must be quoted.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        no_schema: true,
        with_snippet: false,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Toy {
        name: String,
        #[serde(default)]
        on: bool,
        #[serde(default)]
        inputs: Vec<ToyInput>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ToyInput {
        #[serde(default)]
        values: Vec<String>,
        #[serde(default)]
        minimum: Option<f64>,
    }

    fn toy(text: &str) -> Result<Toy> {
        Source::parse("t.yaml".into(), text.into(), ErrorCode::ContractSyntax)?.value()
    }

    fn place(text: &str) -> (u64, u64, String) {
        let e = toy(text).unwrap_err();
        assert_eq!(e.code(), ErrorCode::ContractSyntax);
        let p = e.place();
        (p.line.unwrap(), p.column.unwrap(), format!("{} / {}", e.message(), e.help()))
    }

    #[test]
    fn good_text_is_read() {
        let t = toy("name: x\non: true\ninputs:\n  - values: [AA, 9E, \"no\", 'on']\n").unwrap();
        assert_eq!(t.name, "x");
        assert!(t.on);
        assert_eq!(t.inputs[0].values, ["AA", "9E", "no", "on"]);
        assert_eq!(t.inputs[0].minimum, None);
        assert!(toy("{\"name\": \"x\",\n\t\"on\": false}").is_ok(), "JSON with tabs");
        assert!(toy("\u{feff}name: x").is_ok(), "byte order mark");
    }

    #[test]
    fn unknown_key_and_wrong_type_have_their_line() {
        let (l, c, m) = place("name: x\ninputs:\n  - value: [a]\n");
        assert_eq!((l, c), (3, 5), "{m}");
        assert!(m.contains("unknown key `value`") && m.contains("`values`"), "{m}");
        let (l, c, m) = place("name: x\ninputs:\n  - minimum: low\n");
        assert_eq!((l, c), (3, 14), "{m}");
        assert!(!m.contains("f64"), "{m}");
        let (l, c, _) = place("name: x\ninputs: 3\n");
        assert_eq!((l, c), (2, 9));
        let (l, _, m) = place("on: true\n");
        assert_eq!(l, 1);
        assert!(m.contains("`name`"), "{m}");
    }

    #[test]
    fn duplicate_keys_are_refused() {
        let (l, c, m) = place("name: x\nname: y\n");
        assert_eq!((l, c), (2, 1));
        assert!(m.contains("`name` stands twice"), "{m}");
    }

    #[test]
    fn what_yaml_versions_read_differently_is_refused() {
        for (text, line, column) in [
            ("name: no\n", 1, 7),
            ("name: x\non: Yes\n", 2, 5),
            ("name: x\ninputs:\n  - values:\n      - DL\n      - ON\n", 5, 9),
            ("name: x\ninputs:\n  - minimum: 010\n", 3, 14),
            ("name: x\ninputs:\n  - minimum: 1_000\n", 3, 14),
            ("name: x\ninputs:\n  - values: [12:30]\n", 3, 14),
            ("name: x\ninputs:\n  - values: [1e5]\n", 3, 14),
            ("name: x\ninputs:\n  - values: [12]\n", 3, 14),
        ] {
            let (l, c, m) = place(text);
            assert_eq!((l, c), (line, column), "{text}: {m}");
            assert!(m.contains("quote"), "{text}: {m}");
        }
    }

    #[test]
    fn broken_text_is_refused_with_a_line() {
        for text in ["name: [x\n", "name: \"x\n", "name: x\n\ton: true\n", "a: x\n---\nb: y\n"] {
            let (l, _, m) = place(text);
            assert!(l >= 1, "{m}");
        }
        assert!(toy("").is_err());
        assert!(toy("- 1\n").is_err());
    }

    #[test]
    fn paths_lead_back_to_the_line() {
        let text = "name: x\ninputs:\n  - values: [a, b]\n  - minimum: 3\n";
        let s = Source::parse("t.yaml".into(), text.into(), ErrorCode::ContractSyntax).unwrap();
        let at = |path: &str| {
            let e = s.locate(Error::new(ErrorCode::ContractInvalid, "m").at_path(path));
            (e.place().line, e.place().column)
        };
        assert_eq!(at("inputs[1].minimum"), (Some(4), Some(14)));
        assert_eq!(at("inputs[0].values[1]"), (Some(3), Some(17)));
        assert_eq!(at("inputs[1].maximum"), (Some(4), Some(5)), "the nearest parent");
        assert_eq!(at("name"), (Some(1), Some(7)));
        assert_eq!(at("nothing.here"), (None, None));
        let quoting = s.locate(Error::new(ErrorCode::UnknownZone, "`c` is not `b`"));
        assert_eq!((quoting.place().line, quoting.place().column), (Some(3), Some(17)));
    }
}
