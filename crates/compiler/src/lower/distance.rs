//! `Scan` as exporters of nearest neighbours write it: the distance of every row to each of a table.

use super::Operators;
use crate::graph::Lowering;
use crate::node::Node;
use crate::onnx;
use driftline::error::Result;
use driftline::model::plan::distance::{Distance, Metric};
use driftline::model::plan::transpose::Transpose;
use driftline::tensor::TensorData;
use tract_onnx::pb::{GraphProto, NodeProto};

pub(super) const OPERATORS: Operators = &[("Scan", scan)];

/// `com.microsoft`: the same as one operator.
pub(super) const COM_MICROSOFT: Operators = &[("CDist", cdist)];

fn scan(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let node = cx.node;
    let unsupported =
        || node.unsupported("the plan runtime has loops for the distances of rows only");
    let plain =
        ["scan_input_axes", "scan_input_directions", "scan_output_axes", "scan_output_directions"];
    for name in plain {
        if node.ints(name)?.iter().any(|n| *n != 0) {
            return Err(unsupported());
        }
    }
    let body = node.graph("body")?.ok_or_else(|| node.invalid("it has no body"))?;
    if node.opset() < 9 || node.int_or("num_scan_inputs", 0)? != 1 || cx.inputs() != 2 {
        return Err(unsupported());
    }
    let metric = Body { graph: body, opset: node.opset() }.metric()?.ok_or_else(unsupported)?;
    let (rows, table) = (cx.input(0)?, cx.input(1)?);
    let distances = cx.step1(Distance::new(metric), &[rows, table])?;
    let stacked = cx.step1(Transpose::new(&[1, 0]), &[distances])?;
    cx.output(0, rows);
    cx.output(1, stacked);
    Ok(())
}

/// What is computed for each row of the table.
#[derive(Clone, Copy)]
struct Body<'a> {
    graph: &'a GraphProto,
    opset: i64,
}

impl<'a> Body<'a> {
    fn maker(self, name: &str) -> Option<Node<'a>> {
        let makes = |proto: &&NodeProto| proto.output.first().is_some_and(|made| made == name);
        let proto = self.graph.node.iter().find(makes)?;
        proto.domain.is_empty().then_some(Node { proto, opset: self.opset })
    }

    /// The name behind any `Identity`.
    fn source(self, mut name: &'a str) -> &'a str {
        // no longer than the body is, in case it is a ring
        for _ in 0..self.graph.node.len() {
            match self.maker(name).filter(|node| node.proto.op_type == "Identity") {
                Some(node) => name = node.proto.input.first().map_or(name, String::as_str),
                None => break,
            }
        }
        name
    }

    /// Constant integers by their name.
    fn integers(self, name: &str) -> Result<Option<Vec<i64>>> {
        let found = self.graph.initializer.iter().find(|t| t.name == name);
        Ok(match found.map(onnx::tensor).transpose()?.map(|t| t.into_parts().1) {
            Some(TensorData::Int64(values)) => Some(values),
            _ => None,
        })
    }

    /// The state goes through unchanged, and the output reduces its difference from the row over
    /// the columns.
    fn metric(self) -> Result<Option<Metric>> {
        let ([state, row], [kept, made]) =
            (self.graph.input.as_slice(), self.graph.output.as_slice())
        else {
            return Ok(None);
        };
        let Some(reduce) = self.maker(self.source(&made.name)) else { return Ok(None) };
        let Some(of) = reduce.proto.input.first() else { return Ok(None) };
        let axes = match reduce.proto.input.get(1) {
            Some(name) => self.integers(name)?,
            None => Some(reduce.ints("axes")?.to_vec()),
        };
        let columns = axes.is_some_and(|axes| axes == [1]) && !reduce.flag("keepdims", true)?;
        let of = self.source(of);
        let (metric, difference) = match reduce.proto.op_type.as_str() {
            "ReduceSumSquare" => (Metric::SquaredEuclidean, of),
            "ReduceL1" => (Metric::Manhattan, of),
            "ReduceSum" => match self.maker(of) {
                Some(abs) if abs.proto.op_type == "Abs" => (
                    Metric::Manhattan,
                    abs.proto.input.first().map_or("", |name| self.source(name)),
                ),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let subtracts = self.maker(difference).is_some_and(|sub| {
            let mut names: Vec<&str> =
                sub.proto.input.iter().map(|name| self.source(name)).collect();
            let mut both = [state.name.as_str(), row.name.as_str()];
            names.sort_unstable();
            both.sort_unstable();
            sub.proto.op_type == "Sub" && names == both
        });
        let passes = self.source(&kept.name) == state.name;
        Ok((columns && subtracts && passes).then_some(metric))
    }
}

fn cdist(cx: &mut Lowering<'_, '_>) -> Result<()> {
    use driftline::model::plan::unary::{Function, Unary};
    let (metric, root) = match cx.node.text_or("metric", "sqeuclidean")?.as_str() {
        "sqeuclidean" => (Metric::SquaredEuclidean, false),
        "euclidean" => (Metric::SquaredEuclidean, true),
        "manhattan" | "cityblock" => (Metric::Manhattan, false),
        other => return Err(cx.node.unsupported(&format!("its metric `{other}` is not carried"))),
    };
    let (a, b) = (cx.input(0)?, cx.input(1)?);
    let mut y = cx.step1(Distance::new(metric), &[a, b])?;
    if root {
        y = cx.step1(Unary::new(Function::Sqrt, 0.0, 0.0), &[y])?;
    }
    cx.output(0, y);
    Ok(())
}
