//! ONNX files by hand: protobuf messages as bytes, so that tests can say what no exporter would.

/// A length-delimited field.
pub fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = varint(number << 3 | 2);
    out.extend(varint(bytes.len() as u64));
    out.extend_from_slice(bytes);
    out
}

/// An integer field.
pub fn int(number: u64, value: i64) -> Vec<u8> {
    let mut out = varint(number << 3);
    out.extend(varint(value as u64));
    out
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

/// Value of an attribute.
#[derive(Clone, Debug)]
pub enum Is {
    Int(i64),
    Float(f32),
    Text(&'static str),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<&'static str>),
    /// A tensor's message.
    Tensor(Vec<u8>),
}

/// An attribute.
pub fn attribute(name: &str, value: &Is) -> Vec<u8> {
    let (body, kind) = match value {
        Is::Float(x) => ([varint(2 << 3 | 5), x.to_le_bytes().to_vec()].concat(), 1),
        Is::Int(n) => (int(3, *n), 2),
        Is::Text(text) => (field(4, text.as_bytes()), 3),
        Is::Tensor(tensor) => (field(5, tensor), 4),
        Is::Floats(v) => (field(7, &v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()), 6),
        Is::Ints(v) => (field(8, &v.iter().flat_map(|n| varint(*n as u64)).collect::<Vec<_>>()), 7),
        Is::Texts(v) => (v.iter().flat_map(|t| field(9, t.as_bytes())).collect(), 8),
    };
    [field(1, name.as_bytes()), body, int(20, kind)].concat()
}

/// A float tensor.
pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let dims: Vec<u8> = dims.iter().flat_map(|d| int(1, *d)).collect();
    [dims, int(2, FLOAT), field(8, name.as_bytes()), field(9, &raw)].concat()
}

/// An int64 tensor.
pub fn ints(name: &str, dims: &[i64], values: &[i64]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let dims: Vec<u8> = dims.iter().flat_map(|d| int(1, *d)).collect();
    [dims, int(2, INT64), field(8, name.as_bytes()), field(9, &raw)].concat()
}

/// Element types.
pub const FLOAT: i64 = 1;
pub const INT64: i64 = 7;
pub const STRING: i64 = 8;
pub const DOUBLE: i64 = 11;

/// A node of `domain`.
pub fn node(
    domain: &str,
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[(&str, Is)],
) -> Vec<u8> {
    let mut out = Vec::new();
    inputs.iter().for_each(|name| out.extend(field(1, name.as_bytes())));
    outputs.iter().for_each(|name| out.extend(field(2, name.as_bytes())));
    out.extend(field(3, b"n"));
    out.extend(field(4, operator.as_bytes()));
    attributes.iter().for_each(|(name, is)| out.extend(field(5, &attribute(name, is))));
    out.extend(field(7, domain.as_bytes()));
    out
}

/// A tensor input; a dimension of 0 is the batch.
pub fn input(name: &str, dtype: i64, dims: &[i64]) -> Vec<u8> {
    let dims: Vec<u8> = dims
        .iter()
        .flat_map(|d| field(1, &if *d == 0 { field(2, b"N") } else { int(1, *d) }))
        .collect();
    let ty = field(1, &[int(1, dtype), field(2, &dims)].concat());
    [field(1, name.as_bytes()), field(2, &ty)].concat()
}

/// An input that is a map.
pub fn map_input(name: &str, key: i64, value: i64) -> Vec<u8> {
    let value = field(1, &[int(1, value), field(2, &[])].concat());
    let ty = field(5, &[int(1, key), field(2, &value)].concat());
    [field(1, name.as_bytes()), field(2, &ty)].concat()
}

/// A graph's parts.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub nodes: Vec<Vec<u8>>,
    pub initializers: Vec<Vec<u8>>,
    pub inputs: Vec<Vec<u8>>,
    pub outputs: Vec<&'static str>,
}

impl Graph {
    /// A model with operator sets 17 of ONNX, `ml` of ai.onnx.ml and 1 of com.microsoft.
    pub fn model(&self, ml: i64) -> Vec<u8> {
        let mut graph = Vec::new();
        self.nodes.iter().for_each(|node| graph.extend(field(1, node)));
        self.initializers.iter().for_each(|tensor| graph.extend(field(5, tensor)));
        self.inputs.iter().for_each(|input| graph.extend(field(11, input)));
        self.outputs.iter().for_each(|name| graph.extend(field(12, &field(1, name.as_bytes()))));
        let opset = |domain: &str, version: i64| {
            field(8, &[field(1, domain.as_bytes()), int(2, version)].concat())
        };
        [
            int(1, 8),
            field(7, &graph),
            opset("", 17),
            opset("ai.onnx.ml", ml),
            opset("com.microsoft", 1),
        ]
        .concat()
    }
}

/// A model of one ai.onnx.ml node from `x` to `y` (and `z`).
pub fn ml(version: i64, operator: &str, x: Vec<u8>, attributes: &[(&str, Is)]) -> Vec<u8> {
    let outputs: &[&'static str] =
        if operator.ends_with("Classifier") { &["y", "z"] } else { &["y"] };
    Graph {
        nodes: vec![node("ai.onnx.ml", operator, &["x"], outputs, attributes)],
        inputs: vec![x],
        outputs: outputs.to_vec(),
        ..Graph::default()
    }
    .model(version)
}
