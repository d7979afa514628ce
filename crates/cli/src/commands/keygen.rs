//! `driftline keygen`: a key pair for signatures.

use crate::Outcome;
use crate::output::Output;
use crate::signature::Keypair;
use driftline::Result;
use serde_json::json;
use std::path::PathBuf;

/// Where the keys go.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  driftline keygen -o release.key\n\n\
    Writes release.key (Ed25519, PKCS#8 PEM, for its owner alone) and release.key.pub. Neither is \
    ever overwritten. Keep the first one secret; pin the second one in the gates.")]
pub struct Args {
    /// File of the private key; the public one gets `.pub` after it
    #[arg(short, long, value_name = "KEY")]
    output: PathBuf,
}

/// Makes and writes.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let pair = Keypair::generate()?;
    let public_file = pair.write(&args.output)?;
    let public = pair.public();
    let mut out = Output::stdout();
    if json {
        out.json(&json!({
            "key": public.id(),
            "public": public.to_hex(),
            "private_file": args.output.display().to_string(),
            "public_file": public_file.display().to_string(),
        }))?;
    } else {
        out.line(&format!("key      {}", public.id()))?;
        out.line(&format!("private  {}", args.output.display()))?;
        out.line(&format!("public   {}", public_file.display()))?;
    }
    out.finish()?;
    Ok(Outcome::Good)
}
