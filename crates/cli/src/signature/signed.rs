//! A statement with its signature: the exact text that was signed travels, so that nobody has to
//! spell it again.

use super::keys::{Keypair, PublicKey, from_hex, hex};
use driftline::bundle::to_canonical_json;
use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A statement and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Canonical JSON, the text that was signed. Its members `format` and `key` name the domain
    /// and the key.
    pub statement: String,
    /// Ed25519 over the domain, a line feed and the statement: 128 hexadecimal digits.
    pub signature: String,
}

/// What every statement says of itself.
#[derive(Deserialize)]
struct Head {
    format: String,
    key: String,
}

impl Signed {
    /// Signs a statement, whose members `format` and `key` must be the domain and the key's id.
    pub fn new(domain: &str, statement: &impl Serialize, pair: &Keypair) -> Result<Self> {
        let json = to_canonical_json(statement)?;
        let signature = hex(&pair.sign(domain, &json));
        let statement =
            String::from_utf8(json).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?;
        Ok(Self { statement, signature })
    }

    /// The statement, if one of the keys signed it in this domain.
    ///
    /// # Errors
    /// [`ErrorCode::KeyUnknown`] if it names none of the keys, [`ErrorCode::SignatureInvalid`] if
    /// the signature does not hold or the statement is not spelled as it must be.
    pub fn open<T: DeserializeOwned + Serialize>(
        &self,
        domain: &str,
        keys: &[PublicKey],
    ) -> Result<T> {
        let head = self.head()?;
        if head.format != domain {
            return Err(invalid(&format!("the statement's format is not `{domain}`")));
        }
        let Some(key) = keys.iter().find(|key| key.id() == head.key) else {
            return Err(Error::new(
                ErrorCode::KeyUnknown,
                format!("the key `{}` is not pinned", clip(&head.key)),
            ));
        };
        let signature = from_hex(&self.signature)
            .ok_or_else(|| invalid("a signature has 128 lower-case hexadecimal digits"))?;
        if !key.verify(domain, self.statement.as_bytes(), &signature) {
            return Err(invalid(&format!("the signature is not that of the key `{}`", key.id())));
        }
        // a text that two readers could read differently is refused
        let value: T = serde_json::from_str(&self.statement)
            .map_err(|_| invalid("the statement has not the members that its format has"))?;
        if to_canonical_json(&value)? != self.statement.as_bytes() {
            return Err(invalid("the statement is no canonical JSON"));
        }
        Ok(value)
    }

    fn head(&self) -> Result<Head> {
        serde_json::from_str(&self.statement)
            .map_err(|_| invalid("the statement is no JSON object with `format` and `key`"))
    }
}

/// A signature that does not hold.
pub fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::SignatureInvalid, message)
}

/// A piece of text from outside that a message may repeat.
pub fn clip(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
