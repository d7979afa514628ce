//! Which runtime a package carries: the smallest one that can do all that the bundle asks for.

use super::runtime::Runtime;
use driftline::bundle::RuntimeKind;
use driftline::contract::Contract;
use driftline::model::plan::step;

/// A runtime as it ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Plans without what few tabular models need.
    Tabular,
    /// Every plan.
    Plan,
    /// Plans, and tract for the rest.
    Tract,
}

impl Variant {
    /// Its name in messages and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tabular => "tabular",
            Self::Plan => "plan",
            Self::Tract => "tract",
        }
    }
}

/// A runtime with the reason why it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the package carries.
    pub variant: Variant,
    /// Why not a smaller one, or why this one will do.
    pub why: String,
}

/// Chooses for a model of these steps behind this contract.
pub fn choose(kind: RuntimeKind, steps: &[&str], contract: &Contract) -> Choice {
    let choice = |variant, why| Choice { variant, why };
    if kind == RuntimeKind::Tract {
        return choice(Variant::Tract, "the model is not a plan".to_owned());
    }
    if let Some((name, feature)) = steps.iter().find_map(|s| Some((s, step::requires(s)?))) {
        let why = format!("the model's step `{name}` is of the feature `{feature}`");
        return choice(Variant::Plan, why);
    }
    if let Some((path, feature)) = contract.optional().first() {
        let why = format!("the contract's `{path}` is of the feature `{feature}`");
        return choice(Variant::Plan, why);
    }
    if !Runtime::has_tabular() {
        return choice(Variant::Plan, "the runtime `tabular` is not at hand".to_owned());
    }
    choice(Variant::Tabular, "it has all that model and contract use".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use driftline::contract::{Input, InputType};

    fn contract(kind: InputType) -> Contract {
        Contract::new("c", vec![Input::new("x", kind)])
    }

    #[test]
    fn what_needs_the_larger_runtime_is_named() {
        let plain = contract(InputType::Number);
        let chosen = choose(RuntimeKind::Plan, &["scaler", "svm_scores"], &plain);
        assert_eq!(chosen.variant, Variant::Plan);
        assert_eq!(chosen.why, "the model's step `svm_scores` is of the feature `svm`");
        let chosen = choose(RuntimeKind::Plan, &["dense"], &contract(InputType::Array));
        assert_eq!(chosen.variant, Variant::Plan);
        assert_eq!(chosen.why, "the contract's `inputs[0]` is of the feature `arrays`");
        assert_eq!(choose(RuntimeKind::Tract, &["tract"], &plain).variant, Variant::Tract);
    }
}
