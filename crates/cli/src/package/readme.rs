//! The package's README.

use super::{Plan, npm_name, types};
use driftline::contract::Missing;
use std::fmt::Write as _;

/// What the package is, how it is called, and what a record must be.
pub fn text(plan: &Plan<'_>) -> String {
    let contract = plan.contract;
    let name = npm_name(&contract.name);
    let description = contract.description.as_deref().unwrap_or("A model behind its contract.");
    let mut out = format!(
        "# {name}\n\n{description}\n\nIdentity: `{}`\n\n{}",
        plan.identity,
        USE.replace("{{name}}", &name),
    );
    if let Some(outputs) = contract.outputs.as_ref().filter(|o| !o.labels.is_empty()) {
        let _ = writeln!(out, "\nLabels: `{}`", outputs.labels.join("`, `"));
    }
    out.push_str(
        "\n## The record\n\n| field | type | may be missing | what it is |\n|---|---|---|---|\n",
    );
    for input in &contract.inputs {
        let missing = match (input.missing, input.required) {
            (Missing::Reject, _) => "no",
            (_, true) => "as null",
            (_, false) => "yes",
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {missing} | {} |",
            cell(&input.name),
            input.kind.as_str(),
            cell(&types::describe(input)),
        );
    }
    out
}

/// A text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

const USE: &str = r#"```js
import { load } from "{{name}}";

const gate = await load();
const { action, label, confidence, violations } = gate.predict(record);
```

`action` is `accept`, `default`, `escalate` or `reject`; `violations` says which clauses of the
contract the record breaks. In a page without a bundler, serve these files and use

```html
<script src="driftline.global.js"></script>
<script>driftline.load().then((gate) => console.log(gate.predict(record)));</script>
```
"#;
