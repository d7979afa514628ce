//! Networks that the plan runtime does not take, on tract.

mod common;

use common::{Case, data_dir, difference, inputs_of, outputs_of};
use driftline::error::ErrorCode;
use driftline::model::Model;
use driftline_compiler::{Options, Runtime, compile};

fn cases() -> Option<Vec<Case>> {
    data_dir("DRIFTLINE_NETS_DIR", "tests/engine/nets.py").map(|dir| Case::all(&dir))
}

#[test]
fn nets() {
    let Some(cases) = cases() else { return };
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(text) = check(case) {
            failures.push(format!("{}: {text}", case.name));
        }
    }
    println!(
        "networks on tract: {} passed, {} failed",
        cases.len() - failures.len(),
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every data set on one model, so that state which survives a call would show.
fn check(case: &Case) -> Result<(), String> {
    let compiled =
        compile(&case.model(), &Options::default()).map_err(|e| format!("{e}: {}", e.help()))?;
    if compiled.report.runtime != "tract" || !compiled.report.why.contains('`') {
        return Err(format!("runtime {}: {}", compiled.report.runtime, compiled.report.why));
    }
    let again = compile(&case.model(), &Options::default()).map_err(|e| e.to_string())?;
    if again.plan != compiled.plan {
        return Err("two builds differ".to_owned());
    }
    let mut model = Model::from_bytes(&compiled.plan).map_err(|e| e.to_string())?;
    for (inputs, expected) in case.data_sets() {
        model.run_tensors(&inputs_of(&model, &inputs)).map_err(|e| e.to_string())?;
        let outputs = outputs_of(&model, &compiled).map_err(|e| e.to_string())?;
        for (name, want) in &expected {
            let got = outputs.get(name).ok_or(format!("output `{name}` is missing"))?;
            if let Some(text) = difference(got, want, case.number("rtol"), case.number("atol")) {
                return Err(format!("output `{name}`: {text}"));
            }
        }
    }
    Ok(())
}

#[test]
fn damaged_models_are_refused() {
    let Some(cases) = cases() else { return };
    let case = cases.iter().find(|c| c.name == "conv_trees").unwrap();
    let whole = compile(&case.model(), &Options::default()).unwrap().plan;
    for length in (0..whole.len()).step_by(97) {
        let error = Model::from_bytes(&whole[..length]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PlanInvalid, "cut to {length}");
    }
    let mut longer = whole;
    longer.push(0);
    assert_eq!(Model::from_bytes(&longer).unwrap_err().code(), ErrorCode::PlanInvalid);
}

#[test]
fn the_plan_alone_names_the_node_that_it_lacks() {
    let Some(cases) = cases() else { return };
    let case = cases.iter().find(|c| c.name == "conv_pool").unwrap();
    let options = Options { runtime: Some(Runtime::Plan), ..Options::default() };
    let error = compile(&case.model(), &options).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnsupportedOperator);
    assert!(error.to_string().contains("Conv"), "{error}");
}
