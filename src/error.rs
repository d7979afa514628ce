//! Errors and codes.
//!
//! One enum holds every code that driftline can answer with: refusals of a file, of a call, and
//! the violations of a record. A code is stable: others script against its string.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a code belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// One clause of a contract that a record broke.
    Violation,
    /// A contract, policy or baseline that cannot be used.
    Definition,
    /// A model that cannot be read, lowered or run.
    Model,
    /// A bundle that cannot be trusted or read.
    Bundle,
    /// A call or a command that was used wrongly.
    Usage,
    /// A request that the collector refused.
    Collector,
    /// A fault of driftline itself.
    Internal,
}

macro_rules! codes {
    ($($variant:ident $kind:ident $text:literal $meaning:literal $help:literal;)*) => {
        /// A stable code; [`ErrorCode::as_str`] is what others script against.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What the code says, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What the reader can do about it.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }

            /// The part of the product that the code belongs to.
            pub const fn kind(self) -> CodeKind {
                match self { $(Self::$variant => CodeKind::$kind,)* }
            }
        }

        impl std::str::FromStr for ErrorCode {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err(Error::new(Self::UnknownCode, format!("`{other}` is no code of driftline"))),
                }
            }
        }
    };
}

codes! {
    MissingValue Violation "missing_value" "a required value is absent or null" "send the value, or declare in the contract how a missing one is handled";
    WrongType Violation "wrong_type" "the value has another type than the contract declares" "send the declared type; driftline never converts text to numbers or numbers to text";
    NotFinite Violation "not_finite" "the number is NaN or infinite" "send a finite number, or null where the contract allows a missing value";
    NotInteger Violation "not_integer" "the number has a fraction where an integer is declared" "send a whole number; driftline never rounds";
    UnsafeInteger Violation "unsafe_integer" "the integer lies beyond ±(2^53 − 1), where a JavaScript number can no longer be trusted" "send a BigInt or an integer within ±9007199254740991";
    OutOfRange Violation "out_of_range" "the value lies outside the declared range" "check the unit and the source; widen the range in the contract if the value is right";
    NotInSet Violation "not_in_set" "the value is not one of those allowed" "send one of the allowed values, spelled as in the contract";
    ForbiddenValue Violation "forbidden_value" "the value is one of those forbidden" "send a value that the contract allows";
    NotMissing Violation "not_missing" "a value where the contract wants none" "leave the field out, or send null";
    EmptyText Violation "empty_text" "the text is empty" "send null for a missing value, or allow empty text in the contract";
    TooLong Violation "too_long" "the text is longer than the limit" "shorten the text; the limits are listed in docs/limits.md";
    TooShort Violation "too_short" "the text is shorter than the contract allows" "send the whole text; lower `min_length` in the contract if it is right";
    WrongShape Violation "wrong_shape" "the array has another shape than the contract declares" "send the declared shape; a flat typed array goes with `{shape, data}` where more than one dimension is open";
    PatternMismatch Violation "pattern_mismatch" "the text does not match the pattern" "compare with the pattern that the message names";
    BadFormat Violation "bad_format" "the text does not have the declared form" "send the form that the message names";
    BadCharacter Violation "bad_character" "the text has a character that the contract excludes" "send text in the declared character set or normal form; driftline never rewrites text";
    BadTimestamp Violation "bad_timestamp" "the text is not an RFC 3339 timestamp" "send for example 2013-07-01T12:30:00Z or 2013-07-01T08:30:00-04:00";
    MissingOffset Violation "missing_offset" "the timestamp has no offset, so that its instant is unknown" "append Z or the offset that held at that place and time, such as -04:00";
    UnknownField Violation "unknown_field" "the record has a field that the contract does not know" "remove the field, correct its spelling, or add it to the contract";
    DuplicateField Violation "duplicate_field" "the record names a field twice" "send each field once";
    FieldCount Violation "field_count" "the record has too few or too many fields" "send the fields that the contract names";
    FieldOrder Violation "field_order" "the fields stand in another order than the contract's inputs" "order the columns as the contract's inputs";
    RuleBroken Violation "rule_broken" "values that belong together contradict each other" "check the inputs that the message names";
    NotARecord Violation "not_a_record" "the input is no record: an object with one value a field is needed" "send an object such as {\"distance\": 187}";
    UnreadableField Violation "unreadable_field" "reading the field raised an exception" "send plain data; getters that throw and revoked proxies cannot be read";
    NotRepresentable Violation "not_representable" "the value cannot be held exactly by the model's input type" "send a value that the declared type can hold";

    UnknownCode Usage "unknown_code" "the text is no code of driftline" "list the codes with `driftline codes`";
    BadUsage Usage "bad_usage" "the call or command was used wrongly" "see `--help`";
    BadInput Usage "bad_input" "the input cannot be read" "check the file's format and encoding";
    Io Usage "io" "a file could not be read or written" "check the path and its permissions";
    Disposed Usage "disposed" "the gate was disposed of" "load the bundle again";
    BeaconSyntax Usage "beacon_syntax" "the beacon does not have the form of one" "send what the package encodes; docs/beacon.md describes it";
    NoRandomness Usage "no_randomness" "the source of randomness failed" "pass crypto.getRandomValues, or what is as good";
    SummaryMismatch Usage "summary_mismatch" "the counts are of another bundle, or laid out otherwise" "add up only counts of one identity and one layout";
    SummaryInvalid Usage "summary_invalid" "the counts are no counts" "send whole numbers from 0 to 2^53 − 1, in the order of the layout";
    TokenInvalid Usage "token_invalid" "the outcome token is damaged, of another key or bundle, or was used already" "send the token as it was given, to a gate of the same identity and key";
    TokenExpired Usage "token_expired" "the outcome token is too old" "send outcomes in time, or sign tokens for a longer one";
    InputTooLarge Usage "input_too_large" "the input is larger than the limit" "split the input; the limits are listed in docs/limits.md";

    ContractSyntax Definition "contract_syntax" "the contract could not be parsed" "compare with schema/contract.schema.json";
    ContractInvalid Definition "contract_invalid" "the contract contradicts itself or names what does not exist" "correct the clause that is named";
    PolicySyntax Definition "policy_syntax" "the policy could not be parsed" "compare with schema/policy.schema.json";
    PolicyInvalid Definition "policy_invalid" "the policy does not fit the contract's outputs" "name the labels as the contract's outputs do";
    BaselineInvalid Definition "baseline_invalid" "the baseline does not fit the contract" "profile the training data again with this contract";
    UnknownZone Definition "unknown_zone" "the time zone is not known" "use an IANA name such as America/New_York";
    BadZoneRules Definition "bad_zone_rules" "the time zone rules cannot be read" "build the bundle again";
    FormatVersion Definition "format_version" "the file's format version is not supported" "use a driftline version that reads it; the policy is in docs/compatibility.md";

    ModelSyntax Model "model_syntax" "the model file is no readable ONNX model" "export the model again and check it with onnx.checker";
    ModelInvalid Model "model_invalid" "the model breaks a rule of the ONNX specification" "export the model again; the node is named";
    UnsupportedOperator Model "unsupported_operator" "the plan runtime has no such operator" "build with the tract runtime, or export the model without the operator";
    UnsupportedType Model "unsupported_type" "the runtime has no such element type for this operator" "export the model with float32, float64, int64, bool or string tensors";
    DynamicShape Model "dynamic_shape" "a shape depends on values that are only known while predicting" "export the model with fixed dimensions besides the batch";
    ModelTooLarge Model "model_too_large" "the model is larger than the limit" "the limits are listed in docs/limits.md";
    PlanInvalid Model "plan_invalid" "the compiled plan is damaged or made by hand" "build the bundle again";
    ModelMismatch Model "model_mismatch" "the model's inputs or outputs are not those that the contract names" "name the tensors as the model does; `driftline inspect MODEL.onnx` lists them";
    ModelFailed Model "model_failed" "the model could not compute the record" "check the input tensors' shapes and values";
    NotFiniteScore Model "not_finite_score" "the model answered NaN or infinity" "the record was not decided; look at the features with `driftline check`";

    BundleTruncated Bundle "bundle_truncated" "the bundle ends before its last part" "copy or download it again";
    BundleAltered Bundle "bundle_altered" "a part of the bundle has another hash than the manifest says" "build or download it again; never edit a bundle";
    BundleSyntax Bundle "bundle_syntax" "the file is no driftline bundle" "pass the .driftline file or the .wasm that `driftline build` wrote";
    BundleDuplicate Bundle "bundle_duplicate" "the file holds more than one bundle, or a part twice" "build the package again; tools must not append sections";
    BundleMissing Bundle "bundle_missing" "the wasm carries no bundle" "pass a bundle to load(), or use the package that `driftline build` wrote";
    BundleTooLarge Bundle "bundle_too_large" "the bundle is larger than the limit" "the limits are listed in docs/limits.md";
    BundlePart Bundle "bundle_part" "the bundle lacks a part that it needs" "build the bundle again";
    RuntimeMismatch Bundle "runtime_mismatch" "the bundle needs another runtime than this one" "use the wasm that was built with the bundle";
    SignatureMissing Bundle "signature_missing" "keys are pinned, and the bundle comes without a signature" "sign it with `driftline sign`, and pass the .sig file beside it";
    SignatureInvalid Bundle "signature_invalid" "the signature does not hold, or is of another bundle" "take bundle and signature from the same release; docs/identity.md has the format";
    SignatureExpired Bundle "signature_expired" "the signature is no longer good" "sign the bundle again, or release a newer one";
    SignatureUnsupported Bundle "signature_unsupported" "the host cannot check Ed25519 signatures" "use a host whose WebCrypto has Ed25519; docs/identity.md lists them";
    KeyUnknown Bundle "key_unknown" "no pinned key signed the bundle" "pin the signer's public key, or add the rotation that leads to it";
    Downgrade Bundle "downgrade" "the bundle's sequence number is below the least that is taken" "load a newer release; lower `minimum` if the older one is meant";
    ProvenanceMismatch Bundle "provenance_mismatch" "a file is not what the file beside it says of it" "restore the data, or run `dvc commit` if the new data is meant";
    SelfTestFailed Bundle "self_test_failed" "the bundle's golden rows have other scores on this host" "do not serve it here; `driftline verify` names the first row that differs";
    ChannelInvalid Bundle "channel_invalid" "the file is no channel, or contradicts itself" "edit channels with `driftline release` and its kin only; docs/channels.md has the format";
    ChannelStep Bundle "channel_step" "the step is not legal in the channel's state" "`driftline history CHANNEL` shows the state; docs/channels.md lists the legal steps";
    ChannelExpired Bundle "channel_expired" "the channel is past its expiry" "sign it anew with `driftline renew CHANNEL --expires TIME`";

    UnknownIdentity Collector "unknown_identity" "the collector does not know the beacon's identity" "register the bundle with `driftline register`, or let beacons of unknown identities wait";
    UnknownKey Collector "unknown_key" "the write key is no app's" "name the key in the collector's settings";
    ForbiddenOrigin Collector "forbidden_origin" "the page's origin may not send for this app" "name the origin in the collector's settings";
    Unauthorized Collector "unauthorized" "the request has no token with the right" "send `Authorization: Bearer TOKEN`";
    BeaconUnfit Collector "beacon_unfit" "the beacon's counts do not fit the layout of its identity" "send beacons of the bundle's own runtime";
    BeaconExpired Collector "beacon_expired" "the beacon's window is too old, or in the future" "check the client's clock; the limits are listed in docs/collector.md";
    TooManyRequests Collector "too_many_requests" "the sender has used up its share of this hour" "wait as `Retry-After` says; the shares are in the collector's settings";
    Busy Collector "busy" "more beacons wait than may" "send again as `Retry-After` says";
    StoreFailed Collector "store_failed" "the collector's store could not be used" "check the disk and the collector's messages";
    NotFound Collector "not_found" "there is nothing at this path" "docs/collector.md lists the paths";

    Trap Internal "trap" "the WebAssembly instance trapped and was replaced" "report it with the record's shape; the gate answers again";
    Internal Internal "internal" "a fault of driftline" "report it, with the command and the version";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Where in the input an error lies; what is unknown is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// File name as the caller gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Field, node or part, such as `inputs[3].minimum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Place {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One error: a code, a message about this case, and the place.
///
/// The message is lower case, has user input in backticks and no full stop; the advice is apart,
/// in [`Error::help`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    code: ErrorCode,
    message: String,
    help: Option<String>,
    place: Place,
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without a place.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                code,
                message: message.into(),
                help: None,
                place: Place::default(),
            }),
        }
    }

    /// What this build leaves out, and the crate feature that brings it.
    pub fn not_built(what: &str, feature: &str) -> Self {
        Self::new(ErrorCode::RuntimeMismatch, format!("this runtime is built without {what}"))
            .with_help(format!("use the full runtime, or one built with the feature `{feature}`"))
    }

    /// Advice for this very case, in place of the code's own.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.inner.help = Some(help.into());
        self
    }

    /// The file it is about.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.inner.place.file = Some(file.into());
        self
    }

    /// The line and column, from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64, column: u64) -> Self {
        self.inner.place.line = Some(line);
        self.inner.place.column = Some(column);
        self
    }

    /// The field, node or part it is about.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<String>) -> Self {
        self.inner.place.path = Some(path.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.inner.code
    }

    /// What happened, without place and advice.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// What the reader can do.
    pub fn help(&self) -> &str {
        self.inner.help.as_deref().unwrap_or_else(|| self.inner.code.help())
    }

    /// Where it happened.
    pub fn place(&self) -> &Place {
        &self.inner.place
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        if let Some(path) = &self.inner.place.path {
            write!(f, ", at `{path}`")?;
        }
        Ok(())
    }
}

impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut s = serializer.serialize_struct("Error", 4)?;
        s.serialize_field("code", &self.code())?;
        s.serialize_field("message", &self.message())?;
        s.serialize_field("help", &self.help())?;
        if self.place().is_empty() {
            s.skip_field("place")?;
        } else {
            s.serialize_field("place", &self.place())?;
        }
        s.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct_and_parse_back() {
        let mut seen = BTreeSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert_eq!(code.as_str().parse::<ErrorCode>().unwrap(), *code);
        }
        assert_eq!("no_such".parse::<ErrorCode>().unwrap_err().code(), ErrorCode::UnknownCode);
    }

    #[test]
    fn texts_keep_the_house_style() {
        for code in ErrorCode::ALL {
            for text in [code.meaning(), code.help()] {
                assert!(!text.ends_with('.'), "{code}: {text}");
                let first = text.chars().next().unwrap();
                assert!(first.is_lowercase() || !first.is_alphabetic(), "{code}: {text}");
            }
        }
    }
}
