//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.

use super::Operators;
use super::ensemble::{Branch, Child, Ensemble, Mode};
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::limits::MAX_TREE_NODES;
use driftline::model::plan::classify::{Classify, Post, Rule, Transform};
use driftline::model::plan::trees::Aggregate;
use driftline::tensor::{Tensor, TensorData};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const OPERATORS: Operators =
    &[("TreeEnsembleClassifier", classifier), ("TreeEnsembleRegressor", regressor)];

/// The transform of this name.
pub(super) fn post(cx: &Lowering<'_, '_>) -> Result<Post> {
    Ok(match cx.node.text_or("post_transform", "NONE")?.as_str() {
        "NONE" => Post::None,
        "LOGISTIC" => Post::Logistic,
        "SOFTMAX" => Post::Softmax,
        "SOFTMAX_ZERO" => Post::SoftmaxZero,
        "PROBIT" => Post::Probit,
        other => return Err(cx.node.invalid(&format!("there is no post_transform `{other}`"))),
    })
}

/// Class labels of a classifier, int64 or string.
pub(super) fn labels(cx: &Lowering<'_, '_>, ints: &str) -> Result<TensorData> {
    let texts = cx.node.texts("classlabels_strings")?;
    let numbers = cx.node.ints(ints)?;
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(TensorData::String(texts)),
        (true, false) => Ok(TensorData::Int64(numbers.to_vec())),
        _ => Err(cx.node.invalid("it needs class labels, either integers or strings")),
    }
}

fn classifier(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let labels = labels(cx, "classlabels_int64s")?;
    let classes = labels.len();
    let mut ensemble = read(cx, "class", classes, Aggregate::Sum)?;
    let weights = || ensemble.leaves.iter().flatten();
    let weighed: BTreeSet<u32> = weights().map(|(class, _)| *class).collect();
    let rule = if classes != 2 || weighed.len() != 1 {
        Rule::Trees
    } else if weights().all(|(_, w)| *w >= 0.0) {
        Rule::TreesPositive
    } else {
        Rule::TreesMixed
    };
    if classes == 2 && weighed.first() == Some(&0) && weighed.len() == 1 {
        // no leaf ever weighs the second class: one sum is enough
        ensemble.targets = 1;
    }
    let base = base_values(cx)?;
    let post = post(cx)?;
    let x = cx.input(0)?;
    let sums = ensemble.lower(cx, x)?;
    let inputs = [sums, cx.vector(base)?, cx.vector(labels)?];
    let outputs = cx.step(Classify::new(post, rule), &inputs)?;
    for (k, id) in outputs.into_iter().take(2).enumerate() {
        cx.output(k, id);
    }
    Ok(())
}

fn regressor(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let targets = cx.node.int_or("n_targets", 1)?;
    let targets = usize::try_from(targets)
        .ok()
        .filter(|n| *n > 0 && *n <= MAX_TREE_NODES)
        .ok_or_else(|| cx.node.invalid("its number of targets is out of range"))?;
    let aggregate = match cx.node.text_or("aggregate_function", "SUM")?.as_str() {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(cx.node.invalid(&format!("there is no aggregate `{other}`"))),
    };
    let mut ensemble = read(cx, "target", targets, aggregate)?;
    let base = base_values(cx)?;
    let post = post(cx)?;
    let x = cx.input(0)?;
    let sums = ensemble.lower(cx, x)?;
    let inputs = [sums, cx.vector(base)?];
    let scores = cx.step1(Transform::new(post, false), &inputs)?;
    cx.output(0, scores);
    Ok(())
}

fn base_values(cx: &Lowering<'_, '_>) -> Result<TensorData> {
    let base = match cx.node.tensor("base_values_as_tensor")? {
        Some(tensor) => tensor.into_parts().1,
        None => TensorData::Float32(cx.node.floats("base_values")?.to_vec()),
    };
    let finite = match &base {
        TensorData::Float32(v) => v.iter().all(|x| x.is_finite()),
        TensorData::Float64(v) => v.iter().all(|x| x.is_finite()),
        _ => false,
    };
    if finite { Ok(base) } else { Err(cx.node.invalid("its base values are not finite numbers")) }
}

/// Numbers that stand as floats or, in binary64, as a tensor.
fn numbers(cx: &Lowering<'_, '_>, name: &str) -> Result<(Vec<f64>, bool)> {
    match cx.node.tensor(&format!("{name}_as_tensor"))?.map(Tensor::into_parts) {
        Some((_, TensorData::Float64(v))) => Ok((v, true)),
        Some((_, TensorData::Float32(v))) => Ok((v.into_iter().map(f64::from).collect(), false)),
        Some(_) => Err(cx.node.invalid(&format!("its attribute `{name}` holds no numbers"))),
        None => Ok((cx.node.floats(name)?.iter().map(|x| f64::from(*x)).collect(), false)),
    }
}

fn mode(cx: &Lowering<'_, '_>, text: &str) -> Result<Option<Mode>> {
    Ok(Some(match text {
        "LEAF" => return Ok(None),
        "BRANCH_LEQ" => Mode::Leq,
        "BRANCH_LT" => Mode::Lt,
        "BRANCH_GTE" => Mode::Gte,
        "BRANCH_GT" => Mode::Gt,
        "BRANCH_EQ" => Mode::Eq,
        "BRANCH_NEQ" => Mode::Neq,
        other => return Err(cx.node.invalid(&format!("there is no node mode `{other}`"))),
    }))
}

/// Reads the attributes of versions 1 to 3: `prefix` is `class` or `target`.
fn read(
    cx: &Lowering<'_, '_>,
    prefix: &str,
    targets: usize,
    aggregate: Aggregate,
) -> Result<Ensemble> {
    let node = cx.node;
    let ints = |name: &str| node.ints(&format!("nodes_{name}"));
    let (trees, ids, features) = (ints("treeids")?, ints("nodeids")?, ints("featureids")?);
    let (yes, no) = (ints("truenodeids")?, ints("falsenodeids")?);
    let missing = ints("missing_value_tracks_true")?;
    let modes = node.texts("nodes_modes")?;
    let (values, values_double) = numbers(cx, "nodes_values")?;
    let n = ids.len();
    if n > MAX_TREE_NODES {
        return Err(node.error(
            driftline::ErrorCode::ModelTooLarge,
            &format!("the trees have more than {MAX_TREE_NODES} nodes"),
        ));
    }
    let lengths = [trees.len(), features.len(), yes.len(), no.len(), modes.len(), values.len()];
    if n == 0 || lengths.iter().any(|l| *l != n) || (!missing.is_empty() && missing.len() != n) {
        return Err(node.invalid("its node attributes differ in length"));
    }
    let mut places = BTreeMap::new();
    let mut order = Vec::new();
    let mut leaves = 0;
    let mut branches = 0;
    let mut kinds = Vec::with_capacity(n);
    for ((tree, id), text) in trees.iter().zip(ids).zip(&modes) {
        let mode = mode(cx, text)?;
        let counter = if mode.is_some() { &mut branches } else { &mut leaves };
        let child = if mode.is_some() { Child::Node(*counter) } else { Child::Leaf(*counter) };
        *counter += 1;
        kinds.push((mode, child));
        if places.insert((*tree, *id), child).is_some() {
            return Err(node.invalid(&format!("tree {tree} has the node {id} twice")));
        }
        if order.last() != Some(tree) {
            order.push(*tree);
        }
    }
    if order.iter().collect::<BTreeSet<_>>().len() != order.len() {
        return Err(node.invalid("the nodes of a tree do not stand together"));
    }
    let mut ensemble = Ensemble {
        roots: Vec::new(),
        branches: Vec::with_capacity(branches),
        leaves: vec![Vec::new(); leaves],
        sets: Vec::new(),
        targets,
        aggregate,
        double: values_double,
    };
    let mut children = BTreeSet::new();
    let rows = trees.iter().zip(features).zip(yes).zip(no).zip(&values).zip(&kinds).enumerate();
    for (i, (((((tree, feature), yes), no), value), (mode, _))) in rows {
        let Some(mode) = *mode else { continue };
        let mut follow = |id: i64| {
            children.insert((*tree, id));
            places.get(&(*tree, id)).copied().ok_or_else(|| {
                node.invalid(&format!("tree {tree} has no node {id}, which another points to"))
            })
        };
        let (yes, no) = (follow(*yes)?, follow(*no)?);
        let missing = missing.get(i).is_some_and(|m| *m != 0);
        let branch = Branch { feature: *feature, mode, value: *value, missing, yes, no };
        ensemble.branches.push(branch);
    }
    let mut last = None;
    for ((tree, id), (_, child)) in trees.iter().zip(ids).zip(&kinds) {
        if !children.contains(&(*tree, *id)) {
            if last == Some(*tree) {
                return Err(node.invalid(&format!("tree {tree} has two roots")));
            }
            last = Some(*tree);
            ensemble.roots.push(*child);
        }
    }
    if ensemble.roots.len() != order.len() {
        return Err(node.invalid("a tree has no root"));
    }
    weights(cx, prefix, &places, &mut ensemble)?;
    Ok(ensemble)
}

/// Reads `class_*` or `target_*` into the leaves.
fn weights(
    cx: &Lowering<'_, '_>,
    prefix: &str,
    places: &BTreeMap<(i64, i64), Child>,
    ensemble: &mut Ensemble,
) -> Result<()> {
    let node = cx.node;
    let ints = |name: &str| node.ints(&format!("{prefix}_{name}"));
    let (trees, ids, targets) = (ints("treeids")?, ints("nodeids")?, ints("ids")?);
    let (values, double) = numbers(cx, &format!("{prefix}_weights"))?;
    if trees.len() != ids.len() || targets.len() != ids.len() || values.len() != ids.len() {
        return Err(node.invalid("its weight attributes differ in length"));
    }
    ensemble.double |= double;
    for (((tree, id), target), weight) in trees.iter().zip(ids).zip(targets).zip(values) {
        let target = usize::try_from(*target)
            .ok()
            .filter(|t| *t < ensemble.targets)
            .ok_or_else(|| node.invalid(&format!("a weight's target {target} is out of range")))?;
        if !weight.is_finite() {
            return Err(node.invalid("a weight is not finite"));
        }
        match places.get(&(*tree, *id)) {
            Some(Child::Leaf(leaf)) => {
                if let Some(leaf) = ensemble.leaves.get_mut(*leaf) {
                    leaf.push((target as u32, weight));
                }
            }
            // weights of inner nodes are never read
            Some(Child::Node(_)) => {}
            None => {
                return Err(node.invalid(&format!(
                    "a weight names the node {id} of tree {tree}, which is not there"
                )));
            }
        }
    }
    // the order of the targets within a leaf is free: sorted, complete leaves become rows
    for leaf in &mut ensemble.leaves {
        leaf.sort_by_key(|(target, _)| *target);
    }
    Ok(())
}
