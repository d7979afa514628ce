//! One value as a contract writes it: a bound, an allowed value, a replacement.

use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use std::fmt;

/// A single value of a contract file. Integers stay apart from floats, so that 2^53 + 1 survives.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// Written without fraction and exponent.
    Integer(i64),
    /// Written with a fraction or an exponent; finite in a checked contract.
    Number(f64),
    /// Text; for a timestamp RFC 3339.
    Text(String),
}

impl Scalar {
    /// What a message calls the value's type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
        }
    }

    /// The number, if it is one that binary64 holds exactly.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(i) => exact_f64(*i),
            Self::Number(x) => Some(*x),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// The integer, if it is written as one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(i) => Some(*i),
            _ => None,
        }
    }

    /// What tells two values of a list apart: `1` and `1.0` are one number.
    pub fn key(&self) -> String {
        match self {
            Self::Text(text) => ["t", text].concat(),
            Self::Bool(b) => format!("b{b}"),
            Self::Integer(i) => format!("n{i}"),
            Self::Number(x) if x.fract() == 0.0 && x.abs() < 9e15 => format!("n{}", *x as i64),
            Self::Number(x) => format!("n{x:?}"),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Number(x) => write!(f, "{x:?}"),
            Self::Text(text) => f.write_str(&super::quote::cut(text)),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl Visitor<'_> for ScalarVisitor {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text, true or false")
            }

            fn visit_bool<E>(self, v: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(v))
            }

            fn visit_i64<E>(self, v: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(v))
            }

            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Scalar, E> {
                i64::try_from(v)
                    .map(Scalar::Integer)
                    .map_err(|_| E::custom(format_args!("`{v}` does not fit 64 bits with a sign")))
            }

            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Scalar, E> {
                if v.is_finite() {
                    Ok(Scalar::Number(v))
                } else {
                    Err(E::custom("a number of a contract must be finite"))
                }
            }

            fn visit_str<E>(self, v: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(v.to_owned()))
            }

            fn visit_string<E>(self, v: String) -> Result<Scalar, E> {
                Ok(Scalar::Text(v))
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// The integer as binary64, if it is held exactly.
pub fn exact_f64(i: i64) -> Option<f64> {
    let x = i as f64;
    // i64::MAX rounds up to 2^63, which the cast back would saturate
    (x < 9_223_372_036_854_775_808.0 && x as i64 == i).then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_2_pow_53_survive_the_file() {
        let s: Scalar = serde_json::from_str("9007199254740993").unwrap();
        assert_eq!(s, Scalar::Integer(9_007_199_254_740_993));
        assert_eq!(serde_json::to_string(&s).unwrap(), "9007199254740993");
        assert_eq!(s.as_f64(), None);
        assert!(serde_json::from_str::<Scalar>("9223372036854775808").is_err());
        assert!(serde_json::from_str::<Scalar>("null").is_err());
    }

    #[test]
    fn exactness_is_tested_at_the_ends() {
        assert_eq!(exact_f64(1 << 53), Some(9_007_199_254_740_992.0));
        assert_eq!(exact_f64((1 << 53) + 1), None);
        assert_eq!(exact_f64(i64::MIN), Some(-9_223_372_036_854_775_808.0));
        assert_eq!(exact_f64(i64::MAX), None);
    }
}
