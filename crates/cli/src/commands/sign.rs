//! `driftline sign` and `driftline rotate`: statements of a key.

use super::load::{self, Kind};
use crate::Outcome;
use crate::output::{Output, read_file, write_whole};
use crate::signature::{
    Keypair, MAX_SEQUENCE, PublicKey, ROTATION, Rotation, SIGNATURE, SignatureFile, Signed,
    Statement, add_rotations, time,
};
use driftline::bundle::{Bundle, sha256_hex};
use driftline::limits::{MAX_BUNDLE_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNATURES};
use driftline::{Error, ErrorCode, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What is signed with which key.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline sign dist/flights-delay.driftline --key release.key --sequence 7\n\n\
    Writes dist/flights-delay.driftline.sig. Another key's signature of the same bundle stays in \
    it. A .wasm is signed as a whole: the runtime in it too. docs/identity.md has the format.")]
pub struct Args {
    /// Bundle, or a WebAssembly file that carries one
    file: PathBuf,

    /// Private key, as `driftline keygen` wrote it
    #[arg(long, value_name = "KEY")]
    key: PathBuf,

    /// Place of this release among those of the same name: larger is later. Gates refuse what is
    /// below their `minimum`
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u64).range(..=MAX_SEQUENCE))]
    sequence: u64,

    /// When it was signed, RFC 3339; nothing is said without it
    #[arg(long, value_name = "TIME")]
    created: Option<String>,

    /// From when on the signature is no longer good, RFC 3339
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,

    /// Statement of an older key that names this one, so that gates which pin the older one take
    /// the signature; may be given again
    #[arg(long, value_name = "FILE")]
    rotation: Vec<PathBuf>,

    /// Signature file [default: the signed file's name and `.sig`]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Signs and writes.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let pair = Keypair::read(&args.key)?;
    let bytes = load::bundle_bytes(&args.file)?;
    let bundle = Bundle::read(&bytes)?;
    let statement = Statement {
        format: SIGNATURE.into(),
        identity: bundle.identity().to_owned(),
        name: bundle.manifest().name.clone(),
        key: pair.public().id(),
        sequence: args.sequence,
        wasm: wasm_digest(&args.file)?,
        created: args.created.as_deref().map(time::given).transpose()?,
        expires: args.expires.as_deref().map(time::given).transpose()?,
    };
    let path = args.output.clone().unwrap_or_else(|| signature_path(&args.file));
    let mut file = SignatureFile::new();
    if path.exists() {
        file = read(&path)?;
        // what an earlier build left there, and this key's own earlier word, go
        file.signatures.retain(|signed| about(signed, &statement));
    }
    file.signatures.push(statement.sign(&pair)?);
    add_rotations(&mut file.rotations, &args.rotation)?;
    if file.signatures.len() > MAX_SIGNATURES {
        let message = format!("more than {MAX_SIGNATURES} signatures in one file");
        return Err(Error::new(ErrorCode::BadUsage, message));
    }
    write_whole(&path, &file.to_json()?)?;
    let mut out = Output::stdout();
    if json {
        out.json(&json!({
            "file": path.display().to_string(), "statement": statement,
            "signatures": file.signatures.len(), "rotations": file.rotations.len(),
        }))?;
    } else {
        out.line(&format!("{} {}", statement.name, statement.identity))?;
        out.line(&format!("signed   sequence {}, by {}", statement.sequence, statement.key))?;
        out.line(&format!("file     {}", path.display()))?;
    }
    out.finish()?;
    Ok(Outcome::Good)
}

/// Which key follows which.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline rotate --key old.key --to new.key.pub -o rotation.json\n  \
    driftline sign dist/flights-delay.driftline --key new.key --sequence 8 --rotation rotation.json\n\n\
    Gates that pin the older key then take what the newer one signs.")]
pub struct RotateArgs {
    /// The older private key
    #[arg(long, value_name = "KEY")]
    key: PathBuf,

    /// The newer public key
    #[arg(long, value_name = "PUB")]
    to: PathBuf,

    /// When it was signed, RFC 3339; nothing is said without it
    #[arg(long, value_name = "TIME")]
    created: Option<String>,

    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Signs the successor.
pub fn rotate(args: &RotateArgs, json: bool) -> Result<Outcome> {
    let pair = Keypair::read(&args.key)?;
    let successor = PublicKey::read(&args.to)?;
    let rotation = Rotation {
        format: ROTATION.into(),
        key: pair.public().id(),
        successor: successor.to_hex(),
        created: args.created.as_deref().map(time::given).transpose()?,
    };
    let mut text = serde_json::to_vec_pretty(&rotation.sign(&pair)?)
        .map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?;
    text.push(b'\n');
    write_whole(&args.output, &text)?;
    let mut out = Output::stdout();
    if json {
        out.json(&json!({ "file": args.output.display().to_string(), "rotation": rotation }))?;
    } else {
        out.line(&format!("{} is followed by {}", rotation.key, successor.id()))?;
    }
    out.finish()?;
    Ok(Outcome::Good)
}

/// Where a file's signature lies unless it is said otherwise.
pub fn signature_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Reads a signature file.
pub fn read(path: &Path) -> Result<SignatureFile> {
    SignatureFile::from_json(&read_file(path, MAX_SIGNATURE_BYTES)?)
        .map_err(|e| e.in_file(path.display().to_string()))
}

/// The hash of a whole WebAssembly file; `None` for a stand-alone bundle.
pub fn wasm_digest(path: &Path) -> Result<Option<String>> {
    let bytes = read_file(path, MAX_BUNDLE_BYTES + (64 << 20))?;
    let wasm = load::kind_of(&bytes) == Kind::Wasm;
    Ok(wasm.then(|| format!("sha256:{}", sha256_hex(&bytes))))
}

/// Whether another key made a statement about the same bundle.
fn about(signed: &Signed, ours: &Statement) -> bool {
    serde_json::from_str::<Statement>(&signed.statement)
        .is_ok_and(|other| other.identity == ours.identity && other.key != ours.key)
}
