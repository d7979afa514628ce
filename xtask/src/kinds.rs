//! The models of `tests/kinds`: a regression, a ranking and several labels at once, on the way that
//! users take: build, calibrate on labelled rows, build with the policy, decide.

use crate::flights;
use crate::shell::{at, command, run, say};
use anyhow::Result;

const OUT: &str = "target/kinds";

/// A folder of `tests/kinds`, the columns of its truth, and what `calibrate` is asked for.
const KINDS: [(&str, &[&str], &[&str]); 3] = [
    ("regression", &["progress"], &["--max-error", "0.2", "--bins", "2", "--tolerance", "90"]),
    ("ranking", &["malignant"], &["--max-error", "0.15"]),
    ("multilabel", &["even", "above_four", "loop"], &["--max-error", "0.15"]),
];

/// Builds bundles and packages with certified policies, and lets the command decide the rows.
pub fn build() -> Result<()> {
    let driftline = flights::driftline()?;
    flights::empty(&at(OUT))?;
    for (kind, truth, wishes) in KINDS {
        let from = |file: &str| format!("tests/kinds/{kind}/{file}");
        let to = |file: &str| format!("{OUT}/{kind}/{file}");
        let bundle = to(&format!("{kind}-example.driftline"));
        let build = || {
            let mut build = command(&driftline);
            build.args(["build", &from("model.onnx"), "--contract", &from("contract.yaml")]);
            build.args(["--output", &format!("{OUT}/{kind}")]);
            build
        };
        say(&format!("driftline build and calibrate tests/kinds/{kind}"));
        run(&mut build())?;
        let mut calibrate = command(&driftline);
        calibrate.args(["calibrate", &bundle, "--labelled", &from("labelled.csv")]);
        truth.iter().for_each(|column| {
            calibrate.args(["--label", column]);
        });
        run(calibrate.args(wishes).args(["--output", &to("policy.json")]))?;
        run(build().args(["--policy", &to("policy.json")]))?;
        run(command(&driftline)
            .args(["predict", &bundle, "--input", &from("rows.csv")])
            .args(["--output", &to("native.jsonl")]))?;
    }
    Ok(())
}
