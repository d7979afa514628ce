//! The places of a definition's values: a tree beside the typed value.

use driftline::{Error, ErrorCode};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Line and column, from 1, in characters.
pub type LineColumn = (u64, u64);

/// One value with its place.
#[derive(Debug)]
pub struct Node {
    at: LineColumn,
    byte: Option<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar(Option<String>),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    key: String,
    at: LineColumn,
    value: Node,
}

impl Node {
    /// The place of a path such as `inputs[3].minimum`, or of its nearest parent that is there.
    pub fn find(&self, path: &str) -> Option<LineColumn> {
        let mut node = self;
        let mut found = None;
        let mut rest = path;
        while !rest.is_empty() {
            let Some((next, at, left)) = node.step(rest) else { break };
            found = Some(at);
            node = next;
            rest = left;
        }
        found
    }

    /// One step into the tree: the child, its place and what is left of the path.
    fn step<'a, 'p>(&'a self, path: &'p str) -> Option<(&'a Self, LineColumn, &'p str)> {
        if let Some(after) = path.strip_prefix('[') {
            let (index, rest) = after.split_once(']')?;
            let Kind::List(items) = &self.kind else { return None };
            let node = items.get(index.parse::<usize>().ok()?)?;
            return Some((node, node.at, rest.strip_prefix('.').unwrap_or(rest)));
        }
        let Kind::Map(entries) = &self.kind else { return None };
        // a key may itself hold dots or brackets: the longest that fits is meant
        let fits = |key: &str| {
            path.strip_prefix(key).is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
        };
        let entry = entries.iter().filter(|e| fits(&e.key)).max_by_key(|e| e.key.len())?;
        let rest = path.strip_prefix(entry.key.as_str())?;
        // an empty or nested value is best shown at its key
        let at = match entry.value.kind {
            Kind::Scalar(Some(_)) => entry.value.at,
            _ => entry.at,
        };
        Some((&entry.value, at, rest.strip_prefix('.').unwrap_or(rest)))
    }

    /// The place of the first key `name` at or under the node that begins at `from`.
    pub fn find_key(&self, from: LineColumn, name: &str) -> Option<LineColumn> {
        let mut found = None;
        self.walk(&mut |item| {
            if let Item::Key(key, at) = item
                && found.is_none()
                && at >= from
                && key == name
            {
                found = Some(at);
            }
        });
        found
    }

    /// The place of the first scalar equal to `text`.
    pub fn find_text(&self, text: &str) -> Option<LineColumn> {
        let mut found = None;
        self.walk(&mut |item| {
            if let Item::Scalar(node, Some(value)) = item
                && found.is_none()
                && value == text
            {
                found = Some(node.at);
            }
        });
        found
    }

    fn walk<'a>(&'a self, visit: &mut impl FnMut(Item<'a>)) {
        match &self.kind {
            Kind::Scalar(text) => visit(Item::Scalar(self, text.as_deref())),
            Kind::List(items) => items.iter().for_each(|n| n.walk(visit)),
            Kind::Map(entries) => entries.iter().for_each(|e| {
                visit(Item::Key(&e.key, e.at));
                e.value.walk(visit);
            }),
        }
    }
}

enum Item<'a> {
    Key(&'a str, LineColumn),
    Scalar(&'a Node, Option<&'a str>),
}

/// A value that one YAML reader takes for this and another for that.
#[derive(Debug)]
pub struct Trap {
    text: String,
    at: LineColumn,
    reads: &'static str,
}

impl Trap {
    /// The refusal.
    pub fn error(&self, code: ErrorCode) -> Error {
        Error::new(code, format!("`{}` without quotes {}", self.text, self.reads))
            .with_help("quote it if it is text; write `true` or `false`, or a plain decimal number")
            .at_line(self.at.0, self.at.1)
    }
}

/// The first unquoted value that YAML 1.1 and YAML 1.2 read differently.
pub fn ambiguous(tree: &Node, text: &str) -> Option<Trap> {
    let mut found = None;
    tree.walk(&mut |item| {
        let Item::Scalar(node, _) = item else { return };
        if found.is_some() {
            return;
        }
        let Some(raw) = node.byte.and_then(|b| text.get(b..)) else { return };
        let raw: &str = raw.split([',', ']', '}', '\n', '\r', '#']).next().unwrap_or("").trim();
        if let Some(reads) = trap(raw) {
            found = Some(Trap { text: raw.to_owned(), at: node.at, reads });
        }
    });
    found
}

/// What is wrong with a plain scalar; one that begins with a quote never is.
fn trap(raw: &str) -> Option<&'static str> {
    if ["yes", "no", "on", "off"].iter().any(|w| raw.eq_ignore_ascii_case(w)) {
        return Some("is a boolean to some readers and text to others");
    }
    let digits = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let of = |set: &str| digits.chars().all(|c| c.is_ascii_digit() || set.contains(c));
    if digits.len() > 1 && digits.starts_with('0') && of("_") {
        return Some("is octal to some readers and decimal to others");
    }
    if digits.contains('_') && of("_.") {
        return Some("is a number to some readers and text to others");
    }
    if digits.contains(':') && of(":.") {
        return Some("is a number in base 60 to some readers and text to others");
    }
    None
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Bare>::deserialize(deserializer)?;
        let at = spanned.referenced;
        Ok(Self {
            at: (at.line(), at.column()),
            byte: at.span().byte_offset().and_then(|b| usize::try_from(b).ok()),
            kind: spanned.value.0,
        })
    }
}

struct Bare(Kind);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BareVisitor)
    }
}

struct BareVisitor;

/// The scalar's type is of no interest here; the typed reading follows.
macro_rules! scalars {
    ($($visit:ident $type:ty),*) => {
        $(fn $visit<E>(self, v: $type) -> Result<Bare, E> {
            Ok(Bare(Kind::Scalar(Some(v.to_string()))))
        })*
    };
}

impl<'de> Visitor<'de> for BareVisitor {
    type Value = Bare;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(visit_bool bool, visit_i64 i64, visit_u64 u64, visit_i128 i128, visit_u128 u128);
    scalars!(visit_f64 f64, visit_str &str);

    fn visit_unit<E>(self) -> Result<Bare, E> {
        Ok(Bare(Kind::Scalar(None)))
    }

    fn visit_none<E>(self) -> Result<Bare, E> {
        Ok(Bare(Kind::Scalar(None)))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bare, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bare, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Bare(Kind::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bare, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let at = (key.referenced.line(), key.referenced.column());
            entries.push(Entry { key: key.value, at, value: map.next_value()? });
        }
        Ok(Bare(Kind::Map(entries)))
    }
}
