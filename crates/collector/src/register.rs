//! What a bundle says of its counts.

use crate::store::Registration;
use driftline::bundle::{self, Bundle, part};
use driftline::contract::Contract;
use driftline::decision::Policy;
use driftline::privacy::{Epsilon, Shares};
use driftline::summary::{Baseline, Declared, Layout};
use driftline::{Error, ErrorCode};
use serde::Serialize;
use std::collections::BTreeMap;

/// First bytes of a WebAssembly module, which may carry a bundle.
const WASM: &[u8; 4] = b"\0asm";

/// Reads a bundle, alone or in its WebAssembly. `declared`: the segments and metrics that its hosts
/// declare, as JSON. The model is not kept, and not run.
///
/// # Errors
/// Those of the bundle's reader, of its parts, and of the declaration.
pub fn read(bytes: &[u8], declared: Option<&str>) -> Result<Registration, Error> {
    let bytes = if bytes.starts_with(WASM) { bundle::wasm::extract(bytes)? } else { bytes };
    let bundle = Bundle::read(bytes)?;
    let (text, policy) = (bundle.part(part::CONTRACT)?, bundle.part(part::POLICY)?);
    let contract = Contract::from_json(text)?;
    let policy = Policy::from_json(policy)?;
    let baseline = bundle.optional_part(part::BASELINE);
    if let Some(baseline) = baseline {
        Baseline::from_json(baseline)?;
    }
    let mut layout = Layout::new(&contract, baseline, policy.novelty.is_some())?;
    if let Some(declared) = declared {
        layout = layout.declare(Declared::from_json(declared)?)?;
    }
    Ok(Registration {
        identity: bundle.identity().to_owned(),
        layout: layout.id(),
        name: bundle.manifest().name.clone(),
        contract: utf8(text),
        baseline: baseline.map(utf8),
        summary: json(&layout),
        blocks: layout.blocks().iter().map(|block| (block.kind, block.cells)).collect(),
    })
}

/// Checks weights of inputs to the model, `{"INPUT": 0.7}` as JSON, against a registration's contract.
///
/// # Errors
/// [`ErrorCode::BadUsage`] for what is no object of weights, a weight that is none, or the name of no
/// input.
pub fn check_importance(text: &str, model: &Registration) -> Result<(), Error> {
    let bad = |message: String| Error::new(ErrorCode::BadUsage, message).at_path("importance");
    let contract = Contract::from_json(model.contract.as_bytes())?;
    let weights: BTreeMap<String, f64> = serde_json::from_str(text)
        .map_err(|_| bad("importance is no object of inputs and numbers".to_owned()))?;
    for (name, weight) in &weights {
        if contract.input(name).is_none() {
            return Err(bad(format!("importance of `{name}`, which is no input of the contract")));
        }
        if !weight.is_finite() || *weight < 0.0 {
            return Err(bad(format!("importance of `{name}` must be finite and not negative")));
        }
    }
    Ok(())
}

fn utf8(json: &[u8]) -> String {
    // it was parsed as JSON, which is UTF-8
    String::from_utf8_lossy(json).into_owned()
}

/// The blocks with the names of their cells, and by how much the noise of `aggregated` mode is larger
/// there than 1/ε for a client that contributes one record.
fn json(layout: &Layout) -> String {
    let one = Epsilon::from_milli(1_000);
    let shares = one.and_then(|one| Shares::new(layout, one, 1)).ok();
    #[derive(Serialize)]
    struct View {
        id: String,
        blocks: Vec<Block>,
    }
    #[derive(Serialize)]
    struct Block {
        kind: &'static str,
        name: String,
        cells: Vec<String>,
        weight: Option<u32>,
    }
    let blocks = layout.blocks().iter().map(|block| Block {
        kind: block.kind.as_str(),
        name: block.name.clone(),
        cells: (0..block.cells).map(|cell| layout.cell_name(block, cell)).collect(),
        weight: shares.as_ref().and_then(|shares| shares.scale(block)).map(|s| s.part / s.whole),
    });
    let view = View { id: layout.id(), blocks: blocks.collect() };
    // texts and lists alone: nothing that JSON cannot hold
    serde_json::to_string(&view).unwrap_or_default()
}
