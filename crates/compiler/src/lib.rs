//! ONNX models to driftline plans.
