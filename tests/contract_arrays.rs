//! Inputs of type `array`: element type, shape, range, whatever form they come in.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::ErrorCode;
use driftline::contract::{Cell, Contract, RecordReader, Validator, Value};
use driftline::tensor::{Tensor, TensorData};
use proptest::prelude::*;

fn contract(clauses: &str) -> Contract {
    let text = format!(
        "{{format: driftline.contract/1, name: t, inputs: [{{name: x, type: array, {clauses}}}]}}"
    );
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{clauses}: {e}"))
}

/// The cell, or the code of the only violation.
fn judge(clauses: &str, value: Value<'_>) -> Result<Cell<'static>, ErrorCode> {
    let contract = contract(clauses);
    let mut violations = Vec::new();
    let record = RecordReader::new(&contract).read_pairs([("x".into(), value)]);
    let valid = Validator::new(&contract).unwrap().validate(record, &mut violations);
    assert!(violations.len() < 2, "{violations:?}");
    match (violations.first(), valid.cells.into_iter().next().unwrap()) {
        (Some(violation), Cell::Invalid) => Err(violation.code),
        (None, Cell::Array(array)) => Ok(Cell::Array(array)),
        (found, cell) => panic!("{found:?} with {cell:?}"),
    }
}

fn json(clauses: &str, text: &str) -> Result<Cell<'static>, ErrorCode> {
    let contract = contract(clauses);
    let reader = RecordReader::new(&contract);
    let text = format!("{{\"x\": {text}}}");
    let record = reader.read_json(&text).unwrap();
    let mut violations = Vec::new();
    let valid = Validator::new(&contract).unwrap().validate(record, &mut violations);
    match (violations.first(), valid.cells.into_iter().next().unwrap()) {
        (Some(violation), _) => Err(violation.code),
        (None, Cell::Array(array)) => Ok(Cell::Array(array)),
        (None, cell) => panic!("{cell:?}"),
    }
}

fn array(shape: &[usize], data: TensorData) -> Result<Cell<'static>, ErrorCode> {
    Ok(Cell::Array(Tensor::new(shape.to_vec(), data).unwrap()))
}

#[test]
fn json_arrays_have_the_declared_shape_and_type() {
    let bytes = "dtype: uint8, shape: [2, 3]";
    let six = TensorData::Uint8(vec![1, 2, 3, 4, 5, 255]);
    for text in [
        "[[1, 2, 3], [4, 5, 255]]",
        "[[1, 2.0, 3], [4, 5e0, 255]]",
        r#"{"shape": [2, 3], "data": [1, 2, 3, 4, 5, 255]}"#,
        r#"{"data": [1, 2, 3, 4, 5, 255], "shape": [2.0, 3]}"#,
    ] {
        assert_eq!(json(bytes, text), array(&[2, 3], six.clone()), "{text}");
    }
    for (text, code) in [
        ("[1, 2, 3, 4, 5, 6]", ErrorCode::WrongShape),
        ("[[1, 2], [3, 4], [5, 6]]", ErrorCode::WrongShape),
        ("[[1, 2, 3], [4, 5]]", ErrorCode::WrongShape),
        ("[[[1], [2], [3]], [[4], [5], [6]]]", ErrorCode::WrongShape),
        ("[[1, 2, [3]], [4, 5, 6]]", ErrorCode::WrongShape),
        ("[]", ErrorCode::WrongShape),
        ("[[], []]", ErrorCode::WrongShape),
        ("[[1, 2, 3], [4, 5, 256]]", ErrorCode::NotRepresentable),
        ("[[1, 2, 3], [4, 5, -1]]", ErrorCode::NotRepresentable),
        ("[[1, 2, 3], [4, 5, 0.5]]", ErrorCode::NotInteger),
        ("[[1, 2, 3], [4, 5, null]]", ErrorCode::WrongType),
        ("[[1, 2, 3], [4, 5, true]]", ErrorCode::WrongType),
        (r#"[[1, 2, 3], [4, 5, "6"]]"#, ErrorCode::WrongType),
        ("6", ErrorCode::WrongType),
        (r#""AAECAwQF""#, ErrorCode::WrongType),
        ("null", ErrorCode::MissingValue),
        (r#"{"shape": [3, 2], "data": [1, 2, 3, 4, 5, 6]}"#, ErrorCode::WrongShape),
        (r#"{"shape": [2, 3], "data": [1, 2, 3, 4, 5]}"#, ErrorCode::WrongShape),
        (r#"{"shape": [2, 3], "data": [[1, 2, 3], [4, 5, 6]]}"#, ErrorCode::WrongShape),
        (r#"{"shape": [2, -3], "data": [1, 2, 3, 4, 5, 6]}"#, ErrorCode::WrongType),
        (r#"{"shape": [2, 3], "data": [1, 2, 3, 4, 5, 6], "more": 1}"#, ErrorCode::WrongType),
        (r#"{"shape": [2, 3], "shape": [2, 3]}"#, ErrorCode::WrongType),
        (r#"{"data": [1, 2, 3, 4, 5, 6]}"#, ErrorCode::WrongType),
    ] {
        assert_eq!(json(bytes, text), Err(code), "{text}");
    }
}

#[test]
fn floats_are_cast_once_and_finite() {
    let one = |x: f32| array(&[1], TensorData::Float32(vec![x]));
    assert_eq!(json("dtype: float32, shape: [1]", "[0.1]"), one(0.1));
    for (text, code) in [
        ("[1e39]", ErrorCode::NotRepresentable),
        ("[1e400]", ErrorCode::NotFinite),
        ("[9007199254740993]", ErrorCode::NotRepresentable),
        ("[99999999999999999999]", ErrorCode::NotRepresentable),
    ] {
        assert_eq!(json("dtype: float32, shape: [1]", text), Err(code), "{text}");
    }
    let big = array(&[1], TensorData::Int64(vec![(1 << 53) + 1]));
    assert_eq!(json("dtype: int64, shape: [1]", "[9007199254740993]"), big);
    let unsafe_ = judge("dtype: int64, shape: [1]", Value::List(vec![Value::Number(1e17)]));
    assert_eq!(unsafe_, Err(ErrorCode::UnsafeInteger));
    for x in [f32::NAN, f32::INFINITY] {
        let typed = Value::Typed(TensorData::Float32(vec![0.0, x]));
        assert_eq!(judge("dtype: float32, shape: [2]", typed), Err(ErrorCode::NotFinite));
    }
}

#[test]
fn typed_arrays_have_just_the_declared_type_and_one_open_dimension() {
    let floats = || Value::Typed(TensorData::Float32(vec![0.5; 6]));
    let six = |shape: &[usize]| array(shape, TensorData::Float32(vec![0.5; 6]));
    assert_eq!(judge("dtype: float32, shape: [2, 3]", floats()), six(&[2, 3]));
    assert_eq!(judge("dtype: float32, shape: [null, 3]", floats()), six(&[2, 3]));
    assert_eq!(judge("dtype: float32, shape: [null]", floats()), six(&[6]));
    for clauses in ["shape: [2, 4]", "shape: [null, 4]", "shape: [null, null, 3]", "shape: [3]"] {
        let clauses = format!("dtype: float32, {clauses}");
        assert_eq!(judge(&clauses, floats()), Err(ErrorCode::WrongShape), "{clauses}");
    }
    assert_eq!(judge("dtype: float64, shape: [6]", floats()), Err(ErrorCode::WrongType));
    let described = Value::Object(vec![
        ("shape".into(), Value::List([1, 2, 3].map(Value::Integer).to_vec())),
        ("data".into(), floats()),
    ]);
    assert_eq!(judge("dtype: float32, shape: [null, null, 3]", described), six(&[1, 2, 3]));
    // rows that are typed arrays, as some libraries give them
    let row = || Value::Typed(TensorData::Float32(vec![0.5; 3]));
    let rows = Value::List(vec![row(), row()]);
    assert_eq!(judge("dtype: float32, shape: [2, 3]", rows), six(&[2, 3]));
    let ragged = Value::List(vec![row(), Value::Typed(TensorData::Float32(vec![0.5; 2]))]);
    assert_eq!(judge("dtype: float32, shape: [2, 3]", ragged), Err(ErrorCode::WrongShape));
}

#[test]
fn every_element_lies_in_the_range() {
    let unit = "dtype: float32, shape: [3], minimum: 0, maximum: 1, exclusive_maximum: true";
    let of = |list: [f32; 3]| Value::Typed(TensorData::Float32(list.to_vec()));
    assert!(judge(unit, of([0.0, 0.5, 0.999])).is_ok());
    assert_eq!(judge(unit, of([0.0, 0.5, 1.0])), Err(ErrorCode::OutOfRange));
    let limit = "dtype: int64, shape: [1], maximum: 9007199254740992";
    assert_eq!(json(limit, "[9007199254740993]"), Err(ErrorCode::OutOfRange));
    assert!(json(limit, "[9007199254740992]").is_ok());

    let contract = contract("dtype: uint8, shape: [3], maximum: 9, severity: warn");
    let reader = RecordReader::new(&contract);
    let mut violations = Vec::new();
    let record = reader.read_json(r#"{"x": [1, 10, 11]}"#).unwrap();
    let valid = Validator::new(&contract).unwrap().validate(record, &mut violations);
    assert!(matches!(valid.cells[0], Cell::Array(_)));
    let message = "2 elements lie outside (−∞, 9], the first of them is number 1";
    assert_eq!(violations[0].message, message);
}

#[test]
fn arrays_that_cannot_be_are_refused_at_load() {
    for (clauses, path) in [
        ("shape: [3]", "inputs[0].dtype"),
        ("dtype: string, shape: [3]", "inputs[0].dtype"),
        ("dtype: float32", "inputs[0].shape"),
        ("dtype: float32, shape: []", "inputs[0].shape"),
        ("dtype: float32, shape: [0]", "inputs[0].shape"),
        ("dtype: float32, shape: [1, 1, 1, 1, 1, 1]", "inputs[0].shape"),
        ("dtype: float32, shape: [100000, 100000]", "inputs[0].shape"),
        ("dtype: float32, shape: [3], minimum: 2, maximum: 1", "inputs[0].minimum"),
        ("dtype: float32, shape: [3], values: [1]", "inputs[0].values"),
        ("dtype: float32, shape: [3], accept: [infinity]", "inputs[0].accept[0]"),
        (
            "dtype: float32, shape: [3], checks: [{range: {minimum: 1}}]",
            "inputs[0].checks[0].range",
        ),
    ] {
        let error = contract(clauses).check().unwrap_err();
        assert_eq!(error.place().path.as_deref(), Some(path), "{error}");
    }
    let text = r#"{"format": "driftline.contract/1", "name": "t", "inputs": [
        {"name": "x", "type": "number", "shape": [3]}]}"#;
    let error = Contract::from_json(text.as_bytes()).unwrap_err();
    assert_eq!(error.place().path.as_deref(), Some("inputs[0].shape"));
}

fn any_array() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        (0i64..300).prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Bool),
        prop::collection::vec(any::<u8>(), 0..7).prop_map(|b| Value::Typed(TensorData::Uint8(b))),
        prop::collection::vec(any::<i64>(), 0..7).prop_map(|b| Value::Typed(TensorData::Int64(b))),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List);
        let shape = prop::collection::vec((-1i64..4).prop_map(Value::Integer), 0..4);
        let described = (shape, inner).prop_map(|(shape, data)| {
            Value::Object(vec![("shape".into(), Value::List(shape)), ("data".into(), data)])
        });
        prop_oneof![list, described]
    })
}

proptest! {
    #[test]
    fn any_value_is_an_array_of_the_shape_or_one_violation(value in any_array()) {
        for clauses in ["dtype: uint8, shape: [2, null]", "dtype: int64, shape: [3]", "dtype: float64, shape: [null, 1, null]"] {
            let contract = contract(clauses);
            let mut violations = Vec::new();
            let record = RecordReader::new(&contract).read_pairs([("x".into(), value.clone())]);
            let valid = Validator::new(&contract).unwrap().validate(record, &mut violations);
            match &valid.cells[0] {
                Cell::Array(array) => {
                    prop_assert!(violations.is_empty());
                    let shape = contract.inputs[0].shape.as_ref().unwrap();
                    prop_assert_eq!(shape.len(), array.shape().len());
                    for (wanted, found) in shape.iter().zip(array.shape()) {
                        prop_assert!(wanted.is_none_or(|n| n as usize == *found));
                    }
                }
                _ => prop_assert_eq!(violations.len(), 1),
            }
        }
    }
}
