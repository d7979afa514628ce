//! Tables from keys to values: sorted here, so that a look-up needs no more than a few comparisons.

use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::TensorId;
use driftline::model::plan::lookup::Lookup;
use driftline::tensor::TensorData;
use std::cmp::Ordering;

/// What holds where a key stands more than once, and for NaN.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// The last of equal keys has precedence, else the first.
    pub last_wins: bool,
    /// A NaN key is found by any NaN, else by none.
    pub nan_is_key: bool,
}

/// Each element of `x` replaced by the value of its key; behind the values stands the default.
pub(super) fn lookup(
    cx: &mut Lowering<'_, '_>,
    x: TensorId,
    keys: TensorData,
    values: TensorData,
    rules: Rules,
) -> Result<TensorId> {
    if keys.len() + 1 != values.len() {
        return Err(cx.node.invalid("its keys and values differ in number"));
    }
    // integers are looked up as int64
    let (x, keys) = match keys {
        TensorData::Int32(v) => (x, TensorData::Int64(v.into_iter().map(i64::from).collect())),
        TensorData::Int16(v) => (x, TensorData::Int64(v.into_iter().map(i64::from).collect())),
        TensorData::Uint8(v) => (x, TensorData::Int64(v.into_iter().map(i64::from).collect())),
        keys => (x, keys),
    };
    let order = order(&keys, rules);
    let mut values_order = order.clone();
    values_order.push(keys.len());
    let keys = cx.vector(pick(&keys, &order))?;
    let values = cx.vector(pick(&values, &values_order))?;
    cx.step1(Lookup, &[x, keys, values])
}

fn order(keys: &TensorData, rules: Rules) -> Vec<usize> {
    macro_rules! floats {
        ($v:expr) => {
            sorted($v, rules, |a, b| {
                a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            })
        };
    }
    let mut order = match keys {
        TensorData::Float32(v) => floats!(v),
        TensorData::Float64(v) => floats!(v),
        TensorData::Int64(v) => sorted(v, rules, Ord::cmp),
        TensorData::String(v) => sorted(v, rules, Ord::cmp),
        _ => (0..keys.len()).collect(),
    };
    if !rules.nan_is_key {
        let is_nan = |i: usize| match keys {
            TensorData::Float32(v) => v.get(i).is_some_and(|x| x.is_nan()),
            TensorData::Float64(v) => v.get(i).is_some_and(|x| x.is_nan()),
            _ => false,
        };
        order.retain(|i| !is_nan(*i));
    }
    order
}

/// Places of the keys in ascending order, one of each.
fn sorted<K>(keys: &[K], rules: Rules, compare: impl Fn(&K, &K) -> Ordering) -> Vec<usize> {
    let at = |a: usize, b: usize| match (keys.get(a), keys.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    };
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| at(*a, *b));
    order.dedup_by(|next, kept| {
        let same = at(*next, *kept).is_eq();
        if same && rules.last_wins {
            *kept = *next;
        }
        same
    });
    order
}

/// The elements at these places.
pub(super) fn pick(data: &TensorData, places: &[usize]) -> TensorData {
    macro_rules! each {
        ($($variant:ident)*) => {
            match data {
                $(TensorData::$variant(v) => TensorData::$variant(
                    places.iter().filter_map(|i| v.get(*i).cloned()).collect(),
                ),)*
            }
        };
    }
    each!(Float32 Float64 Int64 Int32 Int16 Int8 Uint64 Uint32 Uint16 Uint8 Bool String)
}
