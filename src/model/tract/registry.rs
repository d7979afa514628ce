//! What the stored graphs may be made of.

use super::plan_op;
use tract_nnef::framework::Nnef;
use tract_nnef::internal::Registry;
use tract_nnef::tract_core::ops::nn::GeluExact;
use tract_onnx_opl as onnx;

/// NNEF with tract's extensions, those of ONNX that are no dice (random operators would answer
/// differently each time), and plans.
pub fn framework() -> Nnef {
    let mut extended = Registry::new("tract_onnx");
    onnx::grid_sample::register(&mut extended);
    onnx::ml::register(&mut extended);
    onnx::non_max_suppression::register(&mut extended);
    onnx::non_zero::register(&mut extended);
    onnx::resize::register(&mut extended);
    extended.register_dumper(onnx::lrn::dump);
    extended.register_primitive(
        "tract_onnx_lrn",
        &onnx::lrn::parameters(),
        &[("output", tract_nnef::internal::TypeName::Scalar.tensor())],
        onnx::lrn::load,
    );
    let mut ours = Registry::new("driftline");
    plan_op::register(&mut ours);
    // tract's own registries leave it out although its simplification makes it
    ours.register_unit_element_wise("driftline_gelu_exact", &GeluExact {});
    tract_nnef::nnef().with_registry(extended).with_registry(ours)
}
