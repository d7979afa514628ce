//! Protocol buffers' text format, as far as schemas use it: messages, numbers, texts, words.

use driftline::{Error, ErrorCode, Result};

/// A message: fields in the file's order, repeated ones as often as they stand.
#[derive(Debug, Default)]
pub struct Message(pub Vec<(String, Field)>);

/// What a field holds.
#[derive(Debug)]
pub enum Field {
    /// `name { … }`
    Message(Message),
    /// `name: 1.5`, `name: INT`
    Word(String),
    /// `name: "text"`
    Text(String),
}

impl Message {
    /// The first field of this name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, f)| f)
    }

    /// The first word or text of this name.
    pub fn word(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Field::Word(text) | Field::Text(text) => Some(text),
            Field::Message(_) => None,
        }
    }

    /// The first message of this name.
    pub fn message(&self, name: &str) -> Option<&Self> {
        match self.get(name)? {
            Field::Message(message) => Some(message),
            _ => None,
        }
    }

    /// Parses a file.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] with the line.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { rest: text, line: 1 };
        let message = parser.message(0)?;
        if parser.rest.is_empty() { Ok(message) } else { Err(parser.fault("a brace too many")) }
    }
}

struct Parser<'a> {
    rest: &'a str,
    line: u64,
}

impl Parser<'_> {
    fn fault(&self, what: &str) -> Error {
        let message = format!("the file is no text format of protocol buffers: {what}");
        Error::new(ErrorCode::BadInput, message).at_line(self.line, 1)
    }

    fn skip(&mut self, bytes: usize) {
        let (done, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += done.matches('\n').count() as u64;
        self.rest = rest;
    }

    /// Passes over white space, comments and separators.
    fn space(&mut self) {
        loop {
            let rest =
                self.rest.trim_start_matches(|c: char| c.is_whitespace() || ",;".contains(c));
            self.skip(self.rest.len() - rest.len());
            if !self.rest.starts_with('#') {
                return;
            }
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn take(&mut self, c: char) -> bool {
        self.space();
        let found = self.rest.starts_with(c);
        if found {
            self.skip(c.len_utf8());
        }
        found
    }

    fn message(&mut self, depth: usize) -> Result<Message> {
        let mut fields = Vec::new();
        if depth > 32 {
            return Err(self.fault("messages are nested too deep"));
        }
        loop {
            self.space();
            if self.rest.is_empty() || self.rest.starts_with('}') {
                return Ok(Message(fields));
            }
            let name = self.word()?;
            let colon = self.take(':');
            let field = if self.take('{') {
                let message = self.message(depth + 1)?;
                if !self.take('}') {
                    return Err(self.fault("a closing brace is missing"));
                }
                Field::Message(message)
            } else if !colon {
                return Err(self.fault("a colon is missing"));
            } else if self.rest.starts_with(['"', '\'']) {
                Field::Text(self.text()?)
            } else {
                Field::Word(self.word()?)
            };
            fields.push((name, field));
        }
    }

    fn word(&mut self) -> Result<String> {
        self.space();
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.+-".contains(c)));
        let word = self.rest.get(..end.unwrap_or(self.rest.len())).unwrap_or_default().to_owned();
        if word.is_empty() {
            return Err(self.fault("a name or a value is missing"));
        }
        self.skip(word.len());
        Ok(word)
    }

    /// A quoted text; escapes are bytes, which together are UTF-8.
    fn text(&mut self) -> Result<String> {
        let quote = self.rest.as_bytes().first().copied().unwrap_or(b'"');
        let mut bytes = Vec::new();
        let mut source = self.rest.bytes().enumerate().skip(1).peekable();
        let end = loop {
            let Some((at, byte)) = source.next() else {
                return Err(self.fault("a text does not end"));
            };
            if byte == quote {
                break at + 1;
            }
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            match source.next().map(|(_, b)| b) {
                Some(b'n') => bytes.push(b'\n'),
                Some(b't') => bytes.push(b'\t'),
                Some(b'r') => bytes.push(b'\r'),
                Some(first @ b'0'..=b'7') => {
                    let mut code = u32::from(first - b'0');
                    for _ in 0..2 {
                        if let Some((_, digit @ b'0'..=b'7')) = source.peek() {
                            code = code * 8 + u32::from(digit - b'0');
                            source.next();
                        }
                    }
                    bytes.push((code & 0xff) as u8);
                }
                Some(other @ (b'"' | b'\'' | b'\\')) => bytes.push(other),
                _ => return Err(self.fault("an escape is not known")),
            }
        };
        self.skip(end);
        String::from_utf8(bytes).map_err(|_| self.fault("a text is not UTF-8"))
    }
}
