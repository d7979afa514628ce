//! Numbers to text, text to numbers, and changes of case.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::decimal;
use super::fault::{Checked, Fault};
use super::step::Operator;
use super::symbols::Symbols;
use super::tables::read_dtype;
use super::types::TensorType;
use crate::tensor::DType;
use std::fmt::Write as _;

/// What is printed and read.
const NUMBERS: [DType; 7] = [
    DType::Float32,
    DType::Float64,
    DType::Int64,
    DType::Int32,
    DType::Int16,
    DType::Uint8,
    DType::Bool,
];

/// How numbers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As `Cast`: floats with at most 8 significant digits, `NaN`, `INF`, `-INF`.
    General,
    /// As `CastMap`: floats with six digits behind the point.
    Fixed,
}

/// Input: numbers or bool, any shape. Output: their text.
#[derive(Clone, Debug)]
pub struct ToText {
    style: Style,
}

impl ToText {
    /// A step of this style.
    pub const fn new(style: Style) -> Self {
        Self { style }
    }

    fn float(&self, x: f64, out: &mut String) {
        match self.style {
            Style::General => decimal::general(x, out),
            Style::Fixed => decimal::fixed(x, out),
        }
    }
}

fn print<T: Element>(
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    write: impl Fn(T, &mut String),
) -> Checked<()> {
    let (to, symbols) = outs.text(0);
    for (to, x) in to.iter_mut().zip(args.get::<T>(0)) {
        *to = symbols.derive(u32::MAX, |_, out| write(*x, out))?;
    }
    Ok(())
}

fn integer(x: i64, out: &mut String) {
    // a String takes all that is written
    let _ = write!(out, "{x}");
}

impl Operator for ToText {
    const NAME: &'static str = "to_text";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.style as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(match reader.u8()? {
            0 => Style::General,
            1 => Style::Fixed,
            _ => return Err(Fault::new("there is no such style")),
        }))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        Ok(vec![signature.any_of(0, &NUMBERS)?.with_dtype(DType::String)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => print(args, outs, |x: f32, out| self.float(f64::from(x), out)),
            DType::Float64 => print(args, outs, |x: f64, out| self.float(x, out)),
            DType::Int64 => print(args, outs, integer),
            DType::Int32 => print(args, outs, |x: i32, out| integer(i64::from(x), out)),
            DType::Int16 => print(args, outs, |x: i16, out| integer(i64::from(x), out)),
            _ => print(args, outs, |x: u8, out| integer(i64::from(x), out)),
        }
    }
}

/// Input: text. Output: the numbers that it says, in type `to`; white space around a number is
/// skipped, and any other text refuses the call.
#[derive(Clone, Debug)]
pub struct FromText {
    to: DType,
}

impl FromText {
    /// To this type, any but string.
    pub const fn new(to: DType) -> Self {
        Self { to }
    }
}

const NO_NUMBER: Fault = Fault::new("a text is no number of the wanted type");

fn parse_float(text: &str) -> Option<f64> {
    let x: f64 = text.parse().ok()?;
    // digits past the range are no infinity
    (x.is_finite() || !text.bytes().any(|b| b.is_ascii_digit())).then_some(x)
}

fn parse<T: Element>(
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    read: impl Fn(&str) -> Option<T>,
) -> Checked<()> {
    for (i, symbol) in args.get::<u32>(0).iter().enumerate() {
        let text = outs.symbols.text(*symbol).trim_ascii();
        let x = read(text).ok_or(NO_NUMBER)?;
        if let Some(to) = outs.get::<T>(0).get_mut(i) {
            *to = x;
        }
    }
    Ok(())
}

impl Operator for FromText {
    const NAME: &'static str = "from_text";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.to as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { to: read_dtype(reader)? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        if !NUMBERS.contains(&self.to) {
            return Err(Fault::dtype("text is not read as this element type"));
        }
        Ok(vec![signature.typed(0, DType::String)?.with_dtype(self.to)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let whole = |text: &str| text.parse::<i64>().ok();
        match self.to {
            DType::Float32 => {
                parse(args, outs, |t| parse_float(t).map(|x| x as f32).filter(|x| fits(t, *x)))
            }
            DType::Float64 => parse(args, outs, parse_float),
            DType::Int64 => parse(args, outs, whole),
            DType::Int32 => parse(args, outs, |t| i32::try_from(whole(t)?).ok()),
            DType::Int16 => parse(args, outs, |t| i16::try_from(whole(t)?).ok()),
            DType::Uint8 => parse(args, outs, |t| u8::try_from(whole(t)?).ok()),
            _ => parse(args, outs, |t| whole(t).map(|n| u8::from(n != 0))),
        }
    }
}

/// Whether a binary32 number holds what the text says: no digits that became an infinity.
fn fits(text: &str, x: f32) -> bool {
    !x.is_infinite() || !text.bytes().any(|b| b.is_ascii_digit())
}

/// Text in lower or upper case, letter by letter: a letter whose other case is several stays.
///
/// Input: text. Output: text.
#[derive(Clone, Debug)]
pub struct ChangeCase {
    upper: bool,
    ascii: bool,
}

impl ChangeCase {
    /// To upper case or lower; `ascii` changes the letters A to Z only, as the locale `C` does.
    pub const fn new(upper: bool, ascii: bool) -> Self {
        Self { upper, ascii }
    }

    fn letter(&self, c: char) -> char {
        fn only(c: char, mut all: impl Iterator<Item = char>) -> char {
            match (all.next(), all.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        }
        match (self.ascii || c.is_ascii(), self.upper) {
            (true, true) => c.to_ascii_uppercase(),
            (true, false) => c.to_ascii_lowercase(),
            (false, true) => only(c, c.to_uppercase()),
            (false, false) => only(c, c.to_lowercase()),
        }
    }

    fn change(&self, symbol: u32, symbols: &mut Symbols) -> Checked<u32> {
        symbols.derive(symbol, |text, out| out.extend(text.chars().map(|c| self.letter(c))))
    }
}

impl Operator for ChangeCase {
    const NAME: &'static str = "change_case";

    fn write(&self, writer: &mut Writer) {
        writer.bool(self.upper);
        writer.bool(self.ascii);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(reader.bool()?, reader.bool()?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        Ok(vec![signature.typed(0, DType::String)?])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (to, symbols) = outs.text(0);
        for (to, symbol) in to.iter_mut().zip(args.get::<u32>(0)) {
            *to = self.change(*symbol, symbols)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_one_other_case_change() {
        let change = |text: &str, upper, ascii| {
            text.chars().map(|c| ChangeCase::new(upper, ascii).letter(c)).collect::<String>()
        };
        assert_eq!(change("Straße ÄÖ", true, false), "STRAßE ÄÖ");
        assert_eq!(change("Straße ÄÖ", false, false), "straße äö");
        assert_eq!(change("Straße ÄÖ", false, true), "straße ÄÖ");
        assert_eq!(change("ſİ", false, false), "ſİ");
    }

    #[test]
    fn digits_past_the_range_are_no_infinity() {
        assert_eq!(parse_float("1e400"), None);
        assert_eq!(parse_float("-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_float("5abc"), None);
        assert_eq!(parse_float(".5"), Some(0.5));
        assert!(!fits("1e39", f32::INFINITY) && fits("inf", f32::INFINITY));
    }
}
