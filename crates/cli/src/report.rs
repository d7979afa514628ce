//! Errors on standard error: for people with the place in the file, for programs as one object.

use driftline::Error;
use driftline::limits::MAX_DEFINITION_BYTES;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};

/// Lines shown above and below the one that is wrong.
const CONTEXT: u64 = 1;

/// Longest piece of a line that is shown, in characters.
const MAX_SHOWN: usize = 120;

/// Prints one error.
pub fn print(error: &Error, json: bool) {
    if json {
        match serde_json::to_string(error) {
            Ok(text) => eprintln!("{text}"),
            Err(_) => eprintln!("{{\"code\":\"{}\"}}", error.code()),
        }
        return;
    }
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    eprint!("{}", render(error, colour));
}

/// Prints one error on one line, without a piece of the file: that may hold what must not be shown.
pub fn print_line(error: &Error, json: bool) {
    if json {
        print(error, true);
        return;
    }
    eprintln!("{}: {}", error.code(), Shown { error, snippet: None });
}

/// An error as text, with a snippet of its file where that is text.
pub fn render(error: &Error, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut text = String::new();
    let shown = Shown { snippet: Snippet::of(error), error };
    if handler.render_report(&mut text, &shown).is_err() {
        return format!("{}: {error}\n", error.code());
    }
    text
}

#[derive(Debug)]
struct Shown<'a> {
    error: &'a Error,
    snippet: Option<Snippet>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.error.place();
        if self.snippet.is_none()
            && let Some(file) = &place.file
        {
            f.write_str(file)?;
            if let Some(line) = place.line {
                write!(f, ":{line}")?;
                if let Some(column) = place.column {
                    write!(f, ":{column}")?;
                }
            }
            f.write_str(": ")?;
        }
        self.error.fmt(f)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.error.code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.error.help()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let s = self.snippet.as_ref()?;
        let label = LabeledSpan::new_with_span(Some("here".into()), s.span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// The lines around a place, with the number of the first.
#[derive(Debug)]
struct Snippet {
    file: String,
    text: String,
    first: usize,
    span: SourceSpan,
}

impl Snippet {
    /// Reads the lines around the error's place; `None` where there is no text to show.
    fn of(error: &Error) -> Option<Self> {
        let place = error.place();
        let (file, line) = (place.file.as_ref()?, place.line?);
        let column = place.column.unwrap_or(1).max(1);
        let first = line.saturating_sub(CONTEXT).max(1);
        let reader = BufReader::new(File::open(file).ok()?.take(1 << 34));
        let mut text = String::new();
        let mut span = None;
        for (number, piece) in (1..).zip(reader.take(MAX_DEFINITION_BYTES as u64).lines()) {
            let piece = piece.ok()?;
            if number < first {
                continue;
            }
            if number > line + CONTEXT {
                break;
            }
            // long lines are cut around the place, in characters
            let from = if number == line && column as usize > MAX_SHOWN {
                column as usize - MAX_SHOWN / 2
            } else {
                0
            };
            if number == line {
                let ahead: usize = piece
                    .chars()
                    .skip(from)
                    .take(column as usize - 1 - from)
                    .map(char::len_utf8)
                    .sum();
                let length = word_length(&piece, column as usize - 1);
                span = Some(SourceSpan::from((text.len() + ahead, length)));
            }
            text.extend(piece.chars().skip(from).take(MAX_SHOWN));
            text.push('\n');
        }
        if text.contains('\0') {
            return None;
        }
        Some(Self { file: file.clone(), text, first: first as usize, span: span? })
    }
}

/// Bytes of the word that begins after `skip` characters, at most to the end of what is shown.
fn word_length(line: &str, skip: usize) -> usize {
    let word = line.chars().skip(skip);
    word.take_while(|c| !c.is_whitespace() && !",:]}".contains(*c))
        .take(MAX_SHOWN / 2)
        .map(char::len_utf8)
        .sum()
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first - 1,
            inner.column(),
            inner.line_count(),
        )))
    }
}
