//! `TreeEnsemble` of version 5.

use super::Operators;
use super::ensemble::{Branch, Child, Ensemble, Mode};
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::limits::MAX_TREE_NODES;
use driftline::model::plan::classify::{Post, Transform};
use driftline::model::plan::trees::Aggregate;
use driftline::tensor::{Tensor, TensorData};

pub(super) const OPERATORS: Operators = &[("TreeEnsemble", ensemble)];

fn numbers(cx: &Lowering<'_, '_>, name: &str) -> Result<(Vec<f64>, bool)> {
    match cx.node.tensor(name)?.map(Tensor::into_parts) {
        None => Ok((Vec::new(), false)),
        Some((_, TensorData::Float32(v))) => Ok((v.into_iter().map(f64::from).collect(), false)),
        Some((_, TensorData::Float64(v))) => Ok((v, true)),
        Some(_) => Err(cx.node.invalid(&format!("its attribute `{name}` holds no numbers"))),
    }
}

fn ensemble(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let aggregate = match cx.node.int_or("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(cx.node.invalid(&format!("there is no aggregate {other}"))),
    };
    let post = match cx.node.int_or("post_transform", 0)? {
        0 => Post::None,
        1 => Post::Softmax,
        2 => Post::Logistic,
        3 => Post::SoftmaxZero,
        4 => Post::Probit,
        other => return Err(cx.node.invalid(&format!("there is no post_transform {other}"))),
    };
    let mut ensemble = read(cx, aggregate)?;
    let double = ensemble.double;
    let x = cx.input(0)?;
    let sums = ensemble.lower(cx, x)?;
    let inputs = [sums, cx.vector(TensorData::Float32(Vec::new()))?];
    let scores = cx.step1(Transform::new(post, double), &inputs)?;
    cx.output(0, scores);
    Ok(())
}

fn read(cx: &Lowering<'_, '_>, aggregate: Aggregate) -> Result<Ensemble> {
    let node = cx.node;
    let features = node.ints("nodes_featureids")?;
    let (yes, no) = (node.ints("nodes_truenodeids")?, node.ints("nodes_falsenodeids")?);
    let (yes_leaf, no_leaf) = (node.ints("nodes_trueleafs")?, node.ints("nodes_falseleafs")?);
    let missing = node.ints("nodes_missing_value_tracks_true")?;
    let (splits, double) = numbers(cx, "nodes_splits")?;
    let modes = match node.tensor("nodes_modes")?.map(Tensor::into_parts) {
        Some((_, TensorData::Uint8(modes))) => modes,
        _ => return Err(node.invalid("its attribute `nodes_modes` holds no uint8 tensor")),
    };
    let n = features.len();
    let lengths = [yes, no, yes_leaf, no_leaf].map(<[i64]>::len);
    if n == 0
        || n > MAX_TREE_NODES
        || lengths.iter().any(|l| *l != n)
        || modes.len() != n
        || splits.len() != n
        || (!missing.is_empty() && missing.len() != n)
    {
        return Err(node.invalid("its node attributes differ in length"));
    }
    let targets = usize::try_from(node.int_or("n_targets", 1)?)
        .ok()
        .filter(|t| *t > 0 && *t <= MAX_TREE_NODES)
        .ok_or_else(|| node.invalid("its number of targets is out of range"))?;
    let mut sets = sets(cx)?.into_iter();
    let mut ensemble = Ensemble {
        roots: Vec::new(),
        branches: Vec::with_capacity(n),
        leaves: leaves(cx, targets)?,
        sets: Vec::new(),
        targets,
        aggregate,
        double,
    };
    let leaf_count = ensemble.leaves.len();
    let follow = |id: i64, leaf: i64| {
        let limit = if leaf != 0 { leaf_count } else { n };
        let id = usize::try_from(id).ok().filter(|i| *i < limit).ok_or_else(|| {
            node.invalid(&format!("there is no node {id}, which another points to"))
        })?;
        Ok(if leaf != 0 { Child::Leaf(id) } else { Child::Node(id) })
    };
    let links = yes.iter().zip(yes_leaf).zip(no.iter().zip(no_leaf));
    let rows = features.iter().zip(&modes).zip(&splits).zip(links).enumerate();
    for (i, (((feature, mode), split), ((yes, yes_leaf), (no, no_leaf)))) in rows {
        let mode = match mode {
            0 => Mode::Leq,
            1 => Mode::Lt,
            2 => Mode::Gte,
            3 => Mode::Gt,
            4 => Mode::Eq,
            5 => Mode::Neq,
            6 => {
                let set = sets.next().ok_or_else(|| node.invalid("a node's set is missing"))?;
                ensemble.sets.push(set);
                Mode::Member(ensemble.sets.len() - 1)
            }
            other => return Err(node.invalid(&format!("there is no node mode {other}"))),
        };
        ensemble.branches.push(Branch {
            feature: *feature,
            mode,
            value: *split,
            missing: missing.get(i).is_some_and(|m| *m != 0),
            yes: follow(*yes, *yes_leaf)?,
            no: follow(*no, *no_leaf)?,
        });
    }
    for root in node.ints("tree_roots")? {
        let root = follow(*root, 0)?;
        ensemble.roots.push(single_leaf(&ensemble, root).unwrap_or(root));
    }
    // a root that stands for its only leaf has no node of its own
    drop_single_leaves(&mut ensemble);
    if ensemble.roots.is_empty() {
        return Err(node.invalid("it has no tree"));
    }
    Ok(ensemble)
}

/// A tree of one leaf stands as a node whose branches both lead to that leaf.
fn single_leaf(ensemble: &Ensemble, root: Child) -> Option<Child> {
    let Child::Node(i) = root else { return None };
    match ensemble.branches.get(i) {
        Some(Branch { yes: Child::Leaf(a), no: Child::Leaf(b), .. }) if a == b => {
            Some(Child::Leaf(*a))
        }
        _ => None,
    }
}

/// Removes the nodes that [`single_leaf`] replaced, and renumbers the rest.
fn drop_single_leaves(ensemble: &mut Ensemble) {
    let keep: Vec<bool> = (0..ensemble.branches.len())
        .map(|i| single_leaf(ensemble, Child::Node(i)).is_none())
        .collect();
    let mut next = 0;
    let index: Vec<usize> = keep
        .iter()
        .map(|kept| {
            let at = next;
            next += usize::from(*kept);
            at
        })
        .collect();
    let follow = |child: Child, ensemble: &Ensemble| match child {
        Child::Node(i) => {
            single_leaf(ensemble, child).unwrap_or(Child::Node(index.get(i).copied().unwrap_or(i)))
        }
        leaf => leaf,
    };
    let branches: Vec<Branch> = ensemble
        .branches
        .iter()
        .zip(&keep)
        .filter(|(_, kept)| **kept)
        .map(|(b, _)| Branch { yes: follow(b.yes, ensemble), no: follow(b.no, ensemble), ..*b })
        .collect();
    let roots = ensemble.roots.iter().map(|root| follow(*root, ensemble)).collect();
    ensemble.branches = branches;
    ensemble.roots = roots;
}

fn leaves(cx: &Lowering<'_, '_>, targets: usize) -> Result<Vec<Vec<(u32, f64)>>> {
    let (weights, _) = numbers(cx, "leaf_weights")?;
    let ids = cx.node.ints("leaf_targetids")?;
    if weights.len() != ids.len() || weights.len() > MAX_TREE_NODES {
        return Err(cx.node.invalid("its leaf attributes differ in length"));
    }
    let leaf = |(id, weight): (&i64, &f64)| {
        let id = usize::try_from(*id).ok().filter(|t| *t < targets);
        match id {
            Some(id) if weight.is_finite() => Ok(vec![(id as u32, *weight)]),
            _ => Err(cx.node.invalid("a leaf's target is out of range or its weight not finite")),
        }
    };
    ids.iter().zip(&weights).map(leaf).collect()
}

/// The members of all sets, each set ended by NaN.
fn sets(cx: &Lowering<'_, '_>) -> Result<Vec<Vec<f64>>> {
    let (values, _) = numbers(cx, "membership_values")?;
    let mut sets: Vec<Vec<f64>> = values.split(|v| v.is_nan()).map(<[f64]>::to_vec).collect();
    if sets.last().is_some_and(Vec::is_empty) {
        sets.pop();
    }
    Ok(sets)
}
