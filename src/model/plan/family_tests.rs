//! The families that move and reduce: their results, and what they refuse.

use super::cast::Cast;
use super::cumsum::CumSum;
use super::distance::{Distance, Metric};
use super::expand::Expand;
use super::gather::{Gather, GatherElements, GatherNd};
use super::normalize::LayerNorm;
use super::onehot::OneHot;
use super::pad::{Mode, Pad};
use super::reduce::{Kind, Reduce};
use super::scatter::{Reduction, ScatterElements, ScatterNd};
use super::select::Select;
use super::slice::{Cut, Slice};
use super::strided::{Axis, Walk};
use super::topk::TopK;
use super::*;
use crate::error::{Error, ErrorCode};
use crate::limits::MAX_PLAN_WORK;
use crate::tensor::{DType, Tensor, TensorData};

fn tensor(shape: &[usize], data: TensorData) -> Tensor {
    Tensor::new(shape.to_vec(), data).unwrap()
}

fn floats(shape: &[usize], data: &[f32]) -> Tensor {
    tensor(shape, TensorData::Float32(data.to_vec()))
}

fn indices(shape: &[usize], data: &[i64]) -> Tensor {
    tensor(shape, TensorData::Int64(data.to_vec()))
}

/// A plan of one step on constants.
fn plan(step: impl Into<Step>, inputs: Vec<Tensor>) -> Checked<Vec<u8>> {
    let mut draft = Draft::default();
    let ids: Vec<_> = inputs.into_iter().map(|t| draft.constant(t).unwrap()).collect();
    for id in draft.step(step, &ids)? {
        draft.output("y", id);
    }
    Ok(draft.write())
}

fn execute(step: impl Into<Step>, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
    let bytes = plan(step, inputs).map_err(Fault::in_plan)?;
    let mut executor = Executor::new(Plan::from_bytes(AlignedBytes::copy_of(&bytes))?)?;
    executor.run()?;
    let views = (0..executor.plan().outputs().len()).map(|i| executor.output(i).unwrap());
    Ok(views.map(|v| Tensor::new(v.shape(), v.to_data()).unwrap()).collect())
}

/// The step's first output.
fn run(step: impl Into<Step>, inputs: Vec<Tensor>) -> Tensor {
    execute(step, inputs).unwrap().remove(0)
}

/// The code of what the step refuses.
fn refused(step: impl Into<Step>, inputs: Vec<Tensor>) -> ErrorCode {
    execute(step, inputs).map(|_| ()).unwrap_err().code()
}

fn counted(n: usize) -> Vec<f32> {
    (0..n).map(|i| i as f32).collect()
}

#[test]
fn a_walk_is_that_of_nested_loops() {
    let axes = [(2, 12), (3, -4), (1, 7), (2, 2), (2, 1)].map(|(len, step)| Axis { len, step });
    let mut want = Vec::new();
    for a in 0..2 {
        for b in 0..3 {
            for c in 0..2 {
                for d in 0..2 {
                    want.push((8 + 12 * a - 4 * b + 2 * c + d) as usize);
                }
            }
        }
    }
    let walk = Walk::new(8, axes);
    assert_eq!(walk.collect::<Vec<_>>(), want);
    let (rows, row) = walk.rows();
    assert_eq!((rows.count(), row), (6, Axis { len: 4, step: 1 }), "what continues is joined");
    assert_eq!(Walk::new(5, []).collect::<Vec<_>>(), [5]);
    assert_eq!(Walk::new(0, [(3, 1), (0, 1)].map(|(len, step)| Axis { len, step })).count(), 0);
}

#[test]
fn slices_go_both_ways() {
    let x = floats(&[3, 4], &counted(12));
    let cut = |axis, start, step, len| Cut { axis, start, step, len };
    let y = run(Slice::new(vec![cut(0, 2, -2, 2), cut(1, 1, 2, 2)]), vec![x.clone()]);
    assert_eq!(y, floats(&[2, 2], &[9.0, 11.0, 1.0, 3.0]));
    let y = run(Slice::new(vec![cut(1, 9, 1, 0)]), vec![x.clone()]);
    assert_eq!(y, floats(&[3, 0], &[]));
    for cuts in [
        vec![cut(1, 4, 1, 1)],
        vec![cut(1, 0, 1, 5)],
        vec![cut(1, 0, -1, 2)],
        vec![cut(1, 1, i32::MAX, 2)],
        vec![cut(1, 3, i32::MIN, u32::MAX)],
        vec![cut(2, 0, 1, 1)],
        vec![cut(1, 0, 1, 1), cut(1, 0, 1, 1)],
    ] {
        assert_eq!(refused(Slice::new(cuts), vec![x.clone()]), ErrorCode::PlanInvalid);
    }
}

#[test]
fn a_slice_of_the_batch_is_refused() {
    let mut draft = Draft::default();
    let rows = Shape::new(&[Dim::Batch(1), Dim::Fixed(2)]).unwrap();
    let x = draft.input("x", TensorType::new(DType::Float32, rows));
    let cut = Cut { axis: 0, start: 0, step: 1, len: 1 };
    let fault = draft.step(Slice::new(vec![cut]), &[x]).unwrap_err();
    assert_eq!(fault.model_code(), ErrorCode::DynamicShape);
}

#[test]
fn indices_are_checked_while_predicting() {
    let x = floats(&[2, 3], &counted(6));
    let y = run(Gather::new(1), vec![x.clone(), indices(&[2], &[-1, 0])]);
    assert_eq!(y, floats(&[2, 2], &[2.0, 0.0, 5.0, 3.0]));
    let y = run(GatherElements::new(0), vec![x.clone(), indices(&[1, 3], &[1, -2, 1])]);
    assert_eq!(y, floats(&[1, 3], &[3.0, 1.0, 5.0]));
    let y = run(GatherNd::new(0), vec![x.clone(), indices(&[2, 2], &[1, 2, -2, 0])]);
    assert_eq!(y, floats(&[2], &[5.0, 0.0]));
    let y = run(GatherNd::new(1), vec![x.clone(), indices(&[2, 1], &[2, 0])]);
    assert_eq!(y, floats(&[2], &[2.0, 3.0]));
    let text = tensor(&[2], TensorData::String(vec!["a".into(), "b".into()]));
    let y = run(Gather::new(0), vec![text, indices(&[3], &[1, 1, 0])]);
    assert_eq!(*y.data(), TensorData::String(vec!["b".into(), "b".into(), "a".into()]));
    for far in [2, 3, -3, i64::MAX, i64::MIN] {
        let one = |shape: &[usize]| indices(shape, &vec![far; shape.iter().product()]);
        let x = floats(&[2, 2], &counted(4));
        let new = floats(&[2, 2], &counted(4));
        let failed = ErrorCode::ModelFailed;
        assert_eq!(refused(Gather::new(1), vec![x.clone(), one(&[1])]), failed);
        assert_eq!(refused(GatherElements::new(1), vec![x.clone(), one(&[2, 1])]), failed);
        assert_eq!(refused(GatherNd::new(0), vec![x.clone(), one(&[1, 2])]), failed);
        let step = ScatterElements::new(0, Reduction::None);
        assert_eq!(refused(step, vec![x.clone(), one(&[2, 2]), new.clone()]), failed);
        let row = floats(&[1, 2], &counted(2));
        assert_eq!(refused(ScatterNd::new(Reduction::Add), vec![x, one(&[1, 1]), row]), failed);
    }
}

#[test]
fn gathers_that_do_not_fit_are_refused() {
    let x = || floats(&[2, 3], &counted(6));
    let invalid = ErrorCode::PlanInvalid;
    assert_eq!(refused(Gather::new(2), vec![x(), indices(&[1], &[0])]), invalid);
    assert_eq!(refused(Gather::new(0), vec![x(), x()]), invalid);
    assert_eq!(refused(GatherElements::new(0), vec![x(), indices(&[1], &[0])]), invalid);
    assert_eq!(refused(GatherElements::new(0), vec![x(), indices(&[1, 4], &[0; 4])]), invalid);
    assert_eq!(refused(GatherNd::new(0), vec![x(), indices(&[1, 3], &[0; 3])]), invalid);
    assert_eq!(refused(GatherNd::new(1), vec![x(), indices(&[1, 1], &[0])]), invalid);
    assert_eq!(refused(GatherNd::new(2), vec![x(), indices(&[2, 3], &[0; 6])]), invalid);
    assert_eq!(refused(GatherNd::new(0), vec![x(), indices(&[], &[0])]), invalid);
    let step = || ScatterNd::new(Reduction::None);
    assert_eq!(refused(step(), vec![x(), indices(&[1, 1], &[0]), floats(&[1], &[0.0])]), invalid);
    let text = || tensor(&[1], TensorData::String(vec!["a".into()]));
    let add = ScatterElements::new(0, Reduction::Add);
    assert_eq!(refused(add, vec![text(), indices(&[1], &[0]), text()]), invalid);
}

#[test]
fn scatters_reduce() {
    let x = || floats(&[3], &[1.0, 2.0, 3.0]);
    let at = || indices(&[3], &[0, 2, 0]);
    let new = || floats(&[3], &[5.0, -1.0, f32::NAN]);
    for (reduction, want) in [
        (Reduction::Mul, [f32::NAN, 2.0, -3.0]),
        (Reduction::Add, [f32::NAN, 2.0, 2.0]),
        (Reduction::Max, [f32::NAN, 2.0, 3.0]),
        (Reduction::Min, [f32::NAN, 2.0, -1.0]),
    ] {
        let y = run(ScatterElements::new(0, reduction), vec![x(), at(), new()]);
        let TensorData::Float32(y) = y.data() else { panic!("another type") };
        assert!(y[0].is_nan() && y[1..] == want[1..], "{reduction:?}: {y:?}");
    }
    let y = run(
        ScatterNd::new(Reduction::None),
        vec![floats(&[2, 2], &[0.0; 4]), indices(&[1, 1], &[1]), floats(&[1, 2], &[1.0, 2.0])],
    );
    assert_eq!(y, floats(&[2, 2], &[0.0, 0.0, 1.0, 2.0]));
}

#[test]
fn reductions_of_every_set_of_axes() {
    let shape = [2, 3, 2];
    let data = [3.0, -1.0, 4.0, 1.5, -5.0, 9.0, 2.0, 6.0, 0.5, 3.5, -8.0, 7.0];
    for axes in 0..8u8 {
        let x = floats(&shape, &data);
        let y = run(Reduce { kind: Kind::Sum, keep: true, axes }, vec![x]);
        let kept = [0, 1, 2].map(|a| if axes >> a & 1 == 1 { 1 } else { shape[a] });
        let mut want = vec![0.0f64; kept.iter().product()];
        for (i, x) in data.iter().enumerate() {
            let place = [i / 6, i / 2 % 3, i % 2];
            let [a, b, c] = [0, 1, 2].map(|d| if kept[d] == 1 { 0 } else { place[d] });
            want[(a * kept[1] + b) * kept[2] + c] += f64::from(*x);
        }
        let want: Vec<f32> = want.into_iter().map(|x| x as f32).collect();
        assert_eq!(y, floats(&kept, &want), "{axes:b}");
    }
}

#[test]
fn reductions_of_nothing_and_of_what_overflows() {
    let reduce = |kind, x: Tensor| run(Reduce { kind, keep: false, axes: 1 }, vec![x]);
    let none = || floats(&[0], &[]);
    for (kind, want) in [
        (Kind::Sum, 0.0),
        (Kind::Prod, 1.0),
        (Kind::Max, f32::NEG_INFINITY),
        (Kind::Min, f32::INFINITY),
        (Kind::LogSumExp, f32::NEG_INFINITY),
    ] {
        assert_eq!(reduce(kind, none()), floats(&[], &[want]), "{kind:?}");
    }
    let large = reduce(Kind::LogSumExp, floats(&[2], &[1000.0, 1000.0]));
    assert_eq!(large, floats(&[], &[1000.6932]));
    let infinite = reduce(Kind::LogSumExp, floats(&[2], &[f32::INFINITY, 0.0]));
    assert_eq!(infinite, floats(&[], &[f32::INFINITY]));
    let bools = tensor(&[0], TensorData::Bool(vec![]));
    assert_eq!(*reduce(Kind::Max, bools.clone()).data(), TensorData::Bool(vec![false]));
    assert_eq!(*reduce(Kind::Min, bools).data(), TensorData::Bool(vec![true]));
    let integers = tensor(&[2], TensorData::Int64(vec![i64::MAX, 1]));
    assert_eq!(*reduce(Kind::Sum, integers.clone()).data(), TensorData::Int64(vec![i64::MIN]));
    let integers = vec![integers];
    let step = Reduce { kind: Kind::L2, keep: false, axes: 1 };
    assert_eq!(refused(step, integers.clone()), ErrorCode::PlanInvalid);
    let step = Reduce { kind: Kind::Sum, keep: false, axes: 2 };
    assert_eq!(refused(step, integers), ErrorCode::PlanInvalid);
}

#[test]
fn the_first_in_order() {
    let nan = f32::NAN;
    let x = floats(&[1, 7], &[2.0, -0.0, 5.0, nan, 0.0, 5.0, -3.0]);
    let places = |least, k| {
        let y = execute(TopK { least, axis: 1, k }, vec![x.clone()]).unwrap();
        let TensorData::Int64(places) = y[1].data().clone() else { panic!("another type") };
        places
    };
    assert_eq!(places(false, 7), [3, 2, 5, 0, 1, 4, 6]);
    assert_eq!(places(true, 7), [6, 1, 4, 0, 2, 5, 3]);
    assert_eq!(places(false, 3), [3, 2, 5]);
    assert_eq!(places(true, 1), [6]);
    assert!(places(true, 0).is_empty());
    let columns = indices(&[3, 2], &[1, i64::MIN, 3, 7, 2, i64::MAX]);
    let y = execute(TopK { least: false, axis: 0, k: 2 }, vec![columns]).unwrap();
    assert_eq!(y[0], indices(&[2, 2], &[3, i64::MAX, 2, 7]));
    assert_eq!(y[1], indices(&[2, 2], &[1, 2, 2, 1]));
    let step = TopK { least: true, axis: 1, k: 8 };
    assert_eq!(refused(step, vec![x]), ErrorCode::PlanInvalid);
}

#[test]
fn pads_of_every_mode() {
    let x = || floats(&[3], &[1.0, 2.0, 3.0]);
    let zero = || floats(&[], &[0.0]);
    let pad = |mode, pads| run(Pad::new(mode, vec![pads]), vec![x(), zero()]);
    let wide = |mode| match pad(mode, (4, 3)).data() {
        TensorData::Float32(y) => y.clone(),
        _ => vec![],
    };
    assert_eq!(wide(Mode::Constant), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
    assert_eq!(wide(Mode::Edge), [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0]);
    assert_eq!(wide(Mode::Reflect), [1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0]);
    assert_eq!(wide(Mode::Wrap), [3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    assert_eq!(pad(Mode::Constant, (-1, 1)), floats(&[3], &[2.0, 3.0, 0.0]));
    for (pads, inputs) in [
        (vec![(-2, -2)], vec![x(), zero()]),
        (vec![(i32::MAX, i32::MAX)], vec![x(), zero()]),
        (vec![(0, 0), (0, 0)], vec![x(), zero()]),
        (vec![(0, 1)], vec![x(), x()]),
    ] {
        assert_eq!(refused(Pad::new(Mode::Constant, pads), inputs), ErrorCode::PlanInvalid);
    }
    let empty = vec![floats(&[0], &[]), zero()];
    assert_eq!(refused(Pad::new(Mode::Reflect, vec![(1, 0)]), empty), ErrorCode::PlanInvalid);
}

#[test]
fn fills_and_choices() {
    let onehot = OneHot::new(0, 3);
    let y = run(onehot, vec![indices(&[3], &[-1, 0, 3]), floats(&[2], &[0.0, 1.0])]);
    assert_eq!(y, floats(&[3, 3], &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]));
    let shape = Shape::fixed(&[2, 2, 2]).unwrap();
    let y = run(Expand::new(shape), vec![floats(&[2, 1], &[1.0, 2.0])]);
    assert_eq!(y, floats(&[2, 2, 2], &[1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]));
    let narrow = vec![floats(&[3], &[0.0; 3])];
    assert_eq!(refused(Expand::new(shape), narrow), ErrorCode::PlanInvalid);
    let condition = tensor(&[2, 1], TensorData::Bool(vec![true, false]));
    let (a, b) = (floats(&[2], &[1.0, 2.0]), floats(&[], &[9.0]));
    let y = run(Select, vec![condition, a, b]);
    assert_eq!(y, floats(&[2, 2], &[1.0, 2.0, 9.0, 9.0]));
    let sums = CumSum { axis: 0, exclusive: true, reverse: true };
    let y = run(sums, vec![floats(&[3], &[1.0, 2.0, 4.0])]);
    assert_eq!(y, floats(&[3], &[6.0, 4.0, 0.0]));
    let rows = vec![floats(&[1, 2], &[1.0, 2.0]), floats(&[2, 2], &[1.0, 2.0, 4.0, -2.0])];
    let y = run(Distance::new(Metric::SquaredEuclidean), rows.clone());
    assert_eq!(y, floats(&[1, 2], &[0.0, 25.0]));
    let y = run(Distance::new(Metric::Manhattan), rows);
    assert_eq!(y, floats(&[1, 2], &[0.0, 7.0]));
    let y = execute(LayerNorm { axis: 1, epsilon: 0.0 }, vec![floats(&[1, 2], &[1.0, 3.0])]);
    let want = [floats(&[1, 2], &[-1.0, 1.0]), floats(&[1, 1], &[2.0]), floats(&[1, 1], &[1.0])];
    assert_eq!(y.unwrap(), want);
}

#[test]
fn casts_between_all_numbers() {
    let values = [0i64, 1, 2, 100, 127];
    let numbers: Vec<DType> =
        DType::ALL.iter().copied().filter(|t| *t != DType::String && *t != DType::Bool).collect();
    for from in &numbers {
        let x = run(Cast::new(*from), vec![indices(&[5], &values)]);
        assert_eq!(x.dtype(), *from);
        for to in &numbers {
            let there = run(Cast::new(*to), vec![x.clone()]);
            let back = run(Cast::new(DType::Int64), vec![there]);
            assert_eq!(back, indices(&[5], &values), "{from:?} {to:?}");
        }
        let bools = run(Cast::new(DType::Bool), vec![x]);
        let want = vec![false, true, true, true, true];
        assert_eq!(*bools.data(), TensorData::Bool(want), "{from:?}");
    }
    let largest = tensor(&[1], TensorData::Uint64(vec![u64::MAX]));
    let y = run(Cast::new(DType::Float64), vec![largest]);
    assert_eq!(*y.data(), TensorData::Float64(vec![18_446_744_073_709_551_615.0]));
    let y = run(Cast::new(DType::Int8), vec![indices(&[2], &[200, -129])]);
    assert_eq!(*y.data(), TensorData::Int8(vec![-56, 127]));
}

#[test]
fn empty_dimensions_hide_no_long_ones() {
    let long = Dim::Fixed(u32::MAX);
    let shape = Shape::new(&[Dim::Fixed(0), long, long, long]).unwrap();
    assert!(shape.count().is_err());
    let shape = Shape::new(&[Dim::Fixed(3), Dim::Fixed(0)]).unwrap();
    assert_eq!(shape.count().unwrap(), Dim::Fixed(0));
}

/// A chain of products of square matrices.
fn products(steps: usize, size: usize) -> Vec<u8> {
    let mut draft = Draft::default();
    let square = Shape::fixed(&[size, size]).unwrap();
    let x = draft.input("x", TensorType::new(DType::Float32, square));
    let mut y = x;
    for _ in 0..steps {
        y = draft.step(matmul::MatMul, &[y, x]).unwrap()[0];
    }
    draft.output("y", y);
    draft.write()
}

#[test]
fn a_small_plan_that_would_run_for_years_is_refused() {
    let size = 1 << 10;
    let allowed = (MAX_PLAN_WORK >> 30) as usize;
    let load = |steps| Plan::from_bytes(AlignedBytes::copy_of(&products(steps, size)));
    assert!(load(allowed).is_ok());
    assert_eq!(load(allowed + 1).unwrap_err().code(), ErrorCode::ModelTooLarge);
}

#[test]
fn a_call_of_too_many_rows_for_the_work_is_refused() {
    let bytes = products(1, 1 << 9);
    let mut executor =
        Executor::new(Plan::from_bytes(AlignedBytes::copy_of(&bytes)).unwrap()).unwrap();
    assert_eq!(executor.prepare(1 << 14).unwrap_err().code(), ErrorCode::InputTooLarge);
    assert!(executor.prepare(1 << 12).is_ok());
}

/// Every byte of plans of all families with several other values: refused, or it runs.
#[test]
fn altered_steps_never_panic() {
    let matrix = || floats(&[2, 3], &counted(6));
    let at = || indices(&[2, 3], &[0, 1, 0, 1, 1, 0]);
    let cut = Cut { axis: 1, start: 2, step: -1, len: 2 };
    let condition = tensor(&[3], TensorData::Bool(vec![true, false, true]));
    let plans = [
        plan(Slice::new(vec![cut]), vec![matrix()]),
        plan(Gather::new(0), vec![matrix(), at()]),
        plan(GatherElements::new(0), vec![matrix(), at()]),
        plan(GatherNd::new(1), vec![matrix(), indices(&[2, 1], &[0, 1])]),
        plan(ScatterElements::new(0, Reduction::Add), vec![matrix(), at(), matrix()]),
        plan(
            ScatterNd::new(Reduction::Max),
            vec![matrix(), indices(&[1, 2], &[0, 1]), floats(&[1], &[1.0])],
        ),
        plan(Pad::new(Mode::Wrap, vec![(1, 0), (-1, 2)]), vec![matrix(), floats(&[], &[0.0])]),
        plan(OneHot::new(1, 3), vec![at(), floats(&[2], &[0.0, 1.0])]),
        plan(Expand::new(Shape::fixed(&[2, 2, 3]).unwrap()), vec![matrix()]),
        plan(TopK { least: true, axis: 1, k: 2 }, vec![matrix()]),
        plan(Reduce { kind: Kind::LogSumExp, keep: false, axes: 2 }, vec![matrix()]),
        plan(CumSum { axis: 1, exclusive: false, reverse: true }, vec![matrix()]),
        plan(LayerNorm { axis: 1, epsilon: 1e-5 }, vec![matrix()]),
        plan(Distance::new(Metric::Manhattan), vec![matrix(), matrix()]),
        plan(Select, vec![condition, matrix(), matrix()]),
        plan(Cast::new(DType::Int16), vec![matrix()]),
    ];
    for bytes in plans {
        let bytes = bytes.unwrap();
        for at in 0..bytes.len() {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                let plan = Plan::from_bytes(AlignedBytes::copy_of(&bytes));
                // not the few that ask for much memory within the limits: they are only slow
                let small = |plan: &Plan| plan.work < 1 << 20;
                if let Ok(plan) = plan
                    && small(&plan)
                    && let Ok(mut executor) = Executor::new(plan)
                {
                    drop(executor.run());
                }
            }
        }
    }
}
