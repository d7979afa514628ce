//! Tree ensembles between ONNX's attributes and the plan's flat nodes.

use crate::graph::Lowering;
use driftline::error::{Error, ErrorCode, Result};
use driftline::limits::MAX_TREE_NODES;
use driftline::model::plan::TensorId;
use driftline::model::plan::trees::{
    Aggregate, EQUAL, FEATURE, LEAF_F32, LEAF_F64, MAX_FEATURES, MEMBER, NAN_RIGHT, NODE_BYTES,
    Trees, Walk,
};
use driftline::tensor::{DType, Tensor, TensorData};
use std::collections::VecDeque;

/// How a node compares its feature `x` with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// x ≤ value.
    Leq,
    /// x < value.
    Lt,
    /// x ≥ value.
    Gte,
    /// x > value.
    Gt,
    /// x = value.
    Eq,
    /// x ≠ value.
    Neq,
    /// x is in the set of this number.
    Member(usize),
}

/// Where a branch leads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Child {
    /// A node of the ensemble.
    Node(usize),
    /// A leaf of the ensemble.
    Leaf(usize),
}

/// A node that branches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    pub feature: i64,
    pub mode: Mode,
    pub value: f64,
    /// NaN counts as true.
    pub missing: bool,
    pub yes: Child,
    pub no: Child,
}

/// An ensemble, as any of the operators describe it.
#[derive(Debug)]
pub(super) struct Ensemble {
    pub roots: Vec<Child>,
    pub branches: Vec<Branch>,
    /// Target and weight of each leaf's weights, in the model's order.
    pub leaves: Vec<Vec<(u32, f64)>>,
    pub sets: Vec<Vec<f64>>,
    pub targets: usize,
    pub aggregate: Aggregate,
    /// Thresholds and weights are binary64.
    pub double: bool,
}

/// A node that is placed: what the plan holds of it.
struct Flat {
    threshold: f64,
    /// Bits in place of the threshold, for leaves and sets.
    bits: Option<u64>,
    word: u32,
    child: u32,
}

/// The next binary32 or binary64 number below.
fn below(x: f64, double: bool) -> f64 {
    if double { x.next_down() } else { f64::from((x as f32).next_down()) }
}

/// The greatest number of the input's type that is not above `x`.
fn floor_to(x: f64, double: bool) -> f64 {
    let single = x as f32;
    if double {
        x
    } else if f64::from(single) <= x {
        f64::from(single)
    } else {
        f64::from(single.next_down())
    }
}

impl Branch {
    /// NaN compares with nothing, and nothing lies below −∞.
    fn is_sound(&self) -> bool {
        let below_all =
            self.value == f64::NEG_INFINITY && matches!(self.mode, Mode::Lt | Mode::Gte);
        !self.value.is_nan() && !below_all
    }

    /// The comparison as `x ≤ threshold` (or a set, or equality): threshold, flags, left, right.
    fn normal(&self, double: bool) -> (f64, u32, Child, Child) {
        let flag = |right: bool| if right { NAN_RIGHT } else { 0 };
        let (yes, no, m) = (self.yes, self.no, self.missing);
        let exact = self.value == floor_to(self.value, double);
        let at_most = floor_to(self.value, double);
        // x < v is x ≤ the number below v; if v lies between two numbers, x ≤ the lower one
        let less = if exact { below(self.value, double) } else { at_most };
        match self.mode {
            Mode::Leq => (at_most, flag(!m), yes, no),
            Mode::Lt => (less, flag(!m), yes, no),
            Mode::Gt => (at_most, flag(m), no, yes),
            Mode::Gte => (less, flag(m), no, yes),
            Mode::Eq => (self.value, EQUAL | flag(!m), yes, no),
            // the specification sends NaN by its track only, although NaN differs from every number
            Mode::Neq => (self.value, EQUAL | flag(m), no, yes),
            Mode::Member(_) => (0.0, MEMBER | flag(!m), yes, no),
        }
    }
}

impl Ensemble {
    /// Adds the step that sums the leaves' weights: f64 `[rows, targets]`.
    pub(super) fn lower(&mut self, cx: &mut Lowering<'_, '_>, x: TensorId) -> Result<TensorId> {
        self.check_acyclic(cx.node)?;
        self.merge_chains();
        let x = match (cx.ty(x)?.dtype, self.double) {
            (DType::Float32 | DType::Float64, _) => x,
            _ => cx.cast(x, DType::Float32)?,
        };
        let double = cx.ty(x)?.dtype == DType::Float64;
        let (nodes, roots, depth) = self.flatten(cx, double)?;
        let words = words(&nodes, double);
        let width = if double { 4 } else { 3 };
        let nodes = Tensor::new(vec![words.len() / width, width], TensorData::Int32(words))?;
        let (offsets, ids, weights) = self.weights();
        let weights = if self.double {
            TensorData::Float64(weights)
        } else {
            TensorData::Float32(weights.iter().map(|w| *w as f32).collect())
        };
        let mut set_offsets = Vec::new();
        let mut members = Vec::new();
        if !self.sets.is_empty() {
            set_offsets.push(0);
            for set in &self.sets {
                members.extend_from_slice(set);
                set_offsets.push(members.len() as i32);
            }
        }
        let members = if double {
            TensorData::Float64(members)
        } else {
            TensorData::Float32(members.iter().map(|m| *m as f32).collect())
        };
        let walk = cx.options().walk.unwrap_or(depth.walk());
        let inputs = [
            x,
            cx.constant(nodes)?,
            cx.vector(TensorData::Int32(roots))?,
            cx.vector(TensorData::Int32(offsets))?,
            cx.vector(TensorData::Int32(ids))?,
            cx.vector(weights)?,
            cx.vector(TensorData::Int32(set_offsets))?,
            cx.vector(members)?,
        ];
        cx.step1(Trees::new(self.targets as u32, self.aggregate, walk), &inputs)
    }

    /// Places the nodes of each tree breadth first, the two children of a node side by side.
    fn flatten(
        &self,
        cx: &Lowering<'_, '_>,
        double: bool,
    ) -> Result<(Vec<Flat>, Vec<i32>, Depths)> {
        let node = cx.node;
        let damaged = || node.invalid("a tree's node points to no node");
        let too_large = || {
            Error::new(
                ErrorCode::ModelTooLarge,
                format!("the trees have more than {MAX_TREE_NODES} nodes"),
            )
        };
        let mut flat: Vec<Flat> = Vec::new();
        let mut roots = Vec::with_capacity(self.roots.len());
        let mut depths = Depths::default();
        let mut queue = VecDeque::new();
        for root in &self.roots {
            roots.push(flat.len() as i32);
            flat.push(Flat { threshold: 0.0, bits: None, word: 0, child: 0 });
            queue.push_back((*root, flat.len() - 1, 0u32));
            let mut deepest = 0;
            while let Some((child, at, depth)) = queue.pop_front() {
                deepest = deepest.max(depth);
                let placed = match child {
                    Child::Leaf(leaf) => {
                        depths.expected += f64::from(depth) * 0.5f64.powi(depth as i32);
                        let bits = if double {
                            u64::from(LEAF_F64) << 32 | leaf as u64
                        } else {
                            u64::from(LEAF_F32) | leaf as u64
                        };
                        Flat { threshold: 0.0, bits: Some(bits), word: 0, child: at as u32 }
                    }
                    Child::Node(i) => {
                        let branch = self.branches.get(i).ok_or_else(damaged)?;
                        let (threshold, flags, left, right) = branch.normal(double);
                        let bits = match branch.mode {
                            Mode::Member(set) => Some(set as u64),
                            _ if branch.is_sound() => None,
                            _ => {
                                return Err(
                                    node.invalid("a tree's threshold is NaN or below all numbers")
                                );
                            }
                        };
                        let feature = u32::try_from(branch.feature)
                            .ok()
                            .filter(|f| *f < MAX_FEATURES)
                            .ok_or_else(|| node.invalid("a tree's feature is out of range"))?;
                        let first = flat.len();
                        for (i, child) in [left, right].into_iter().enumerate() {
                            flat.push(Flat { threshold: 0.0, bits: None, word: 0, child: 0 });
                            queue.push_back((child, first + i, depth + 1));
                        }
                        Flat { threshold, bits, word: feature | flags, child: first as u32 }
                    }
                };
                if let Some(place) = flat.get_mut(at) {
                    *place = placed;
                }
                if flat.len() > MAX_TREE_NODES {
                    return Err(too_large());
                }
            }
            depths.deepest.push(deepest);
        }
        Ok((flat, roots, depths))
    }

    /// Offsets, targets and weights in the shortest of the three forms that the step reads.
    fn weights(&self) -> (Vec<i32>, Vec<i32>, Vec<f64>) {
        let all = || self.leaves.iter().flatten();
        let rows = self.leaves.iter().all(|leaf| {
            leaf.len() == self.targets
                && leaf.iter().enumerate().all(|(i, (target, _))| *target as usize == i)
        });
        let weights = all().map(|(_, w)| *w).collect();
        if rows {
            return (Vec::new(), Vec::new(), weights);
        }
        let ids = all().map(|(target, _)| *target as i32).collect();
        if self.leaves.iter().all(|leaf| leaf.len() == 1) {
            return (Vec::new(), ids, weights);
        }
        let mut end = 0;
        let ends = self.leaves.iter().map(|leaf| {
            end += leaf.len() as i32;
            end
        });
        (std::iter::once(0).chain(ends).collect(), ids, weights)
    }
}

fn words(nodes: &[Flat], double: bool) -> Vec<i32> {
    let mut words = Vec::with_capacity(nodes.len() * 4);
    for node in nodes {
        if double {
            let bits = node.bits.unwrap_or(node.threshold.to_bits());
            words.extend([bits as u32 as i32, (bits >> 32) as i32]);
            words.extend([node.word as i32, node.child as i32]);
        } else {
            words.push(node.bits.unwrap_or(u64::from((node.threshold as f32).to_bits())) as i32);
            // offsets in bytes, as the walk takes them
            let flags = node.word & !FEATURE;
            let feature = (node.word & FEATURE) * 4;
            words.extend([(flags | feature) as i32, (node.child * NODE_BYTES) as i32]);
        }
    }
    words
}

/// How deep the trees are.
#[derive(Default)]
struct Depths {
    deepest: Vec<u32>,
    /// Sum over the trees of the mean depth if every branch were taken equally often.
    expected: f64,
}

impl Depths {
    /// Eight lanes pay the deepest tree of each group; early exit pays about the mean, at half the
    /// width.
    fn walk(&self) -> Walk {
        let lanes: f64 = self
            .deepest
            .chunks(8)
            .map(|group| f64::from(group.iter().copied().max().unwrap_or(0)) * group.len() as f64)
            .sum();
        if self.expected < 0.6 * lanes { Walk::Early } else { Walk::Lanes }
    }
}
