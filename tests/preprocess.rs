//! Valid records become the tensors that training would have made of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::ErrorCode;
use driftline::contract::{Contract, RecordReader, Validator, Violation};
use driftline::preprocess::{FeatureValue, Features, Pipeline, ZoneRules};
use driftline::tensor::TensorData;
use proptest::prelude::*;
use std::collections::BTreeMap;

const NEW_YORK: &[u8] = include_bytes!("vectors/zones/New_York.tzif");
const LORD_HOWE: &[u8] = include_bytes!("vectors/zones/Lord_Howe.tzif");

fn zones() -> ZoneRules {
    ZoneRules::new(BTreeMap::from([
        ("America/New_York".to_owned(), NEW_YORK.to_vec()),
        ("Australia/Lord_Howe".to_owned(), LORD_HOWE.to_vec()),
    ]))
    .unwrap()
}

struct Gate {
    reader: RecordReader,
    validator: Validator,
    pipeline: Pipeline,
}

impl Gate {
    fn new(yaml: &str) -> Self {
        let contract: Contract = serde_saphyr::from_str(yaml).unwrap();
        Self {
            reader: RecordReader::new(&contract),
            validator: Validator::new(&contract).unwrap(),
            pipeline: Pipeline::new(&contract, &zones()).unwrap(),
        }
    }

    fn run(&self, json: &str) -> (Features, Vec<Violation>) {
        let mut violations = Vec::new();
        let record = self.reader.read_json(json).unwrap();
        let record = self.validator.validate(record, &mut violations);
        assert_eq!(violations, [], "{json}");
        let mut features = Features::new(&self.pipeline);
        self.pipeline.run(&record, &mut features, &mut violations);
        (features, violations)
    }

    #[track_caller]
    fn row(&self, json: &str) -> Vec<f32> {
        let (features, violations) = self.run(json);
        assert_eq!(violations, [], "{json}");
        assert_eq!(features.rows(), 1);
        match &features.tensors()[0].data {
            TensorData::Float32(v) => v.clone(),
            other => panic!("{other:?}"),
        }
    }
}

/// A contract with one input `x` and one feature `x` of these steps.
fn one(input: &str, steps: &str) -> String {
    format!(
        "{{format: driftline.contract/1, name: t, inputs: [{{name: x, {input}}}],
          features: [{{name: x, from: x, steps: [{steps}]}}],
          tensors: [{{name: t, dtype: float32, features: [x]}}]}}"
    )
}

const CLOCK: &str = r"
format: driftline.contract/1
name: clock
inputs: [{name: t, type: timestamp}]
features:
  - {name: hour, from: t, steps: [{calendar: {part: hour, zone: America/New_York}}]}
  - {name: minute_of_day, from: t, steps: [{calendar: {part: minute_of_day, zone: America/New_York}}]}
  - {name: weekday, from: t, steps: [{calendar: {part: weekday, zone: America/New_York}}]}
  - {name: offset, from: t, steps: [{calendar: {part: utc_offset, zone: America/New_York}}]}
  - {name: utc_hour, from: t, steps: [{calendar: {part: hour, zone: UTC}}]}
tensors: [{name: x, dtype: float32, features: [hour, minute_of_day, weekday, offset, utc_hour]}]
";

#[test]
fn the_gap_of_march_10_and_the_overlap_of_november_3() {
    let gate = Gate::new(CLOCK);
    let at = |t: &str| gate.row(&format!("{{\"t\": \"{t}\"}}"));
    // 01:59 EST is followed by 03:00 EDT
    assert_eq!(at("2013-03-10T06:59:00Z"), [1.0, 119.0, 6.0, -300.0, 6.0]);
    assert_eq!(at("2013-03-10T07:00:00Z"), [3.0, 180.0, 6.0, -240.0, 7.0]);
    assert_eq!(at("2013-03-10T03:00:00-04:00"), at("2013-03-10T07:00:00Z"));
    assert_eq!(at("2013-03-10T02:00:00-05:00"), at("2013-03-10T07:00:00Z"));
    // 01:30 stands twice on the clock: first EDT, an hour later EST
    assert_eq!(at("2013-11-03T05:30:00Z"), [1.0, 90.0, 6.0, -240.0, 5.0]);
    assert_eq!(at("2013-11-03T06:30:00Z"), [1.0, 90.0, 6.0, -300.0, 6.0]);
    assert_eq!(at("2013-11-03T01:30:00-04:00"), at("2013-11-03T05:30:00Z"));
    assert_eq!(at("2013-11-03T01:30:00-05:00"), at("2013-11-03T06:30:00Z"));
    // late on Sunday in New York is Monday in UTC
    assert_eq!(at("2013-07-01T03:30:00Z"), [23.0, 1_410.0, 6.0, -240.0, 3.0]);
    // beyond the last transition in the file its rule goes on; before the first, mean time holds
    assert_eq!(at("2999-07-01T12:00:00Z")[3], -240.0);
    assert_eq!(at("1800-01-01T12:00:00Z")[3], -297.0);
    assert_eq!(at("0000-01-01T00:00:00Z")[4], 0.0);
    assert_eq!(at("9999-12-30T21:59:59Z")[0], 16.0);
}

#[test]
fn half_hour_zones_are_exact() {
    let gate = Gate::new(&CLOCK.replace("America/New_York", "Australia/Lord_Howe"));
    assert_eq!(gate.row(r#"{"t": "2024-01-01T00:00:00Z"}"#)[..4], [11.0, 660.0, 0.0, 660.0]);
    assert_eq!(gate.row(r#"{"t": "2024-07-01T00:00:00Z"}"#)[..4], [10.0, 630.0, 0.0, 630.0]);
}

#[test]
fn damaged_and_absent_zone_rules_are_refused() {
    let refused = |bytes: &[u8]| {
        ZoneRules::new(BTreeMap::from([("Z".to_owned(), bytes.to_vec())])).unwrap_err().code()
    };
    assert_eq!(refused(b""), ErrorCode::BadZoneRules);
    assert_eq!(refused(b"TZif2"), ErrorCode::BadZoneRules);
    assert_eq!(refused(&NEW_YORK[..NEW_YORK.len() / 2]), ErrorCode::BadZoneRules);
    let mut wrong = NEW_YORK.to_vec();
    wrong[0] = b'X';
    assert_eq!(refused(&wrong), ErrorCode::BadZoneRules);
    wrong[..5].copy_from_slice(b"TZif1");
    assert_eq!(refused(&wrong), ErrorCode::BadZoneRules);
    let contract: Contract = serde_saphyr::from_str(CLOCK).unwrap();
    let error = Pipeline::new(&contract, &ZoneRules::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnknownZone);
    assert!(error.message().contains("America/New_York"));
    for version in [b'3', b'4'] {
        let mut bytes = NEW_YORK.to_vec();
        bytes[4] = version;
        let second = bytes.windows(4).rposition(|w| w == b"TZif").unwrap();
        bytes[second + 4] = version;
        ZoneRules::new(BTreeMap::from([("Z".to_owned(), bytes)])).unwrap();
    }
}

#[test]
fn missing_values_are_imputed_and_marked() {
    let gate = Gate::new(
        r"
format: driftline.contract/1
name: t
inputs: [{name: year, type: integer, minimum: 1950, missing: impute}]
features:
  - {name: year, from: year, steps: [{impute: {value: 2001.5, strategy: median}}]}
  - {name: missing, from: year, steps: [{missing_indicator: {}}]}
tensors: [{name: x, dtype: float32, features: [year, missing]}]
",
    );
    assert_eq!(gate.row(r#"{"year": null}"#), [2001.5, 1.0]);
    assert_eq!(gate.row(r#"{"year": 1999}"#), [1999.0, 0.0]);
}

#[test]
fn categories_get_their_codes() {
    let input = "type: category, values: [b, a, c], unseen: encode, missing: impute";
    let gate = Gate::new(&one(input, "{ordinal: {unseen: -1, missing: 7}}"));
    for (json, code) in [("\"b\"", 0.0), ("\"a\"", 1.0), ("\"zz\"", -1.0), ("null", 7.0)] {
        // a code for missing values is no imputation, so the input allows them
        assert_eq!(gate.row(&format!("{{\"x\": {json}}}")), [code]);
    }
    let gate = Gate::new(&one(
        input,
        "{impute: {value: none}}, {one_hot: {categories: [c, none], unseen: zeros}}",
    ));
    for (json, row) in
        [("\"c\"", [1.0, 0.0]), ("\"a\"", [0.0, 0.0]), ("\"zz\"", [0.0, 0.0]), ("null", [0.0, 1.0])]
    {
        assert_eq!(gate.row(&format!("{{\"x\": {json}}}")), row);
    }
    let (features, _) = gate.run(r#"{"x": null}"#);
    let named: Vec<_> = features.named(0).collect();
    let wanted = [("x=c", 0.0), ("x=none", 1.0)];
    assert_eq!(named, wanted.map(|(name, x)| (name.into(), FeatureValue::Number(x))));
    assert_eq!(features.named(1).count(), 0);
    for (input, list, json) in [
        ("type: integer", "[30, 10, 20]", "10"),
        ("type: number", "[0.5, 0.25]", "0.25"),
        ("type: boolean", "[false, true]", "true"),
        ("type: text", "[x, z]", "\"z\""),
    ] {
        let gate =
            Gate::new(&one(input, &format!("{{ordinal: {{categories: {list}, unseen: -1}}}}")));
        assert_eq!(gate.row(&format!("{{\"x\": {json}}}")), [1.0], "{input}");
    }
}

#[test]
fn numbers_are_scaled() {
    let row = |steps: &str, x: &str| {
        Gate::new(&one("type: number", steps)).row(&format!("{{\"x\": {x}}}"))
    };
    assert_eq!(row("", "0.1"), [0.1]);
    assert_eq!(row("{standard_scale: {mean: 10, scale: 4}}", "12"), [0.5]);
    assert_eq!(row("{min_max_scale: {minimum: 10, maximum: 20}}", "25"), [1.5]);
    assert_eq!(row("{clip: {maximum: 20}}", "25"), [20.0]);
    assert_eq!(row("{clip: {minimum: 0, maximum: 20}}", "-3"), [0.0]);
    assert_eq!(row("{log1p: {}}", "1.718281828459045"), [1.0]);
    let cyclic = row("{cyclic: {period: 24}}", "6");
    assert!((cyclic[0] - 1.0).abs() < 1e-7 && cyclic[1].abs() < 1e-7, "{cyclic:?}");
    let negative = row("", "-0.0");
    assert!(negative[0] == 0.0 && negative[0].is_sign_negative(), "−0 is passed on as it is");
}

#[test]
fn numbers_are_transformed() {
    let row = |steps: &str, x: &str| {
        Gate::new(&one("type: number", steps)).row(&format!("{{\"x\": {x}}}"))[0]
    };
    assert_eq!(row("{robust_scale: {center: 10, scale: 4}}", "12"), 0.5);
    assert_eq!(row("{log: {base: 2}}", "8"), 3.0);
    assert_eq!(row("{log: {base: 10, offset: 1}}", "99"), 2.0);
    assert_eq!(row("{log: {}}", "1"), 0.0);
    assert_eq!(row("{box_cox: {lambda: 0.5}}", "4"), 2.0);
    assert_eq!(row("{yeo_johnson: {lambda: 0.5}}", "3"), 2.0);
    assert_eq!(row("{quantile: {quantiles: [0, 1, 2]}}", "1.5"), 0.75);
    assert_eq!(row("{bins: {edges: [0, 1, 2, 3]}}", "1"), 1.0);
    let one_hot = Gate::new(&one("type: number", "{bins: {edges: [0, 1, 2, 3]}}, {one_hot: {}}"));
    assert_eq!(one_hot.row("{\"x\": 2.5}"), [0.0, 0.0, 1.0]);
}

#[test]
fn categories_are_mapped_hashed_and_gathered() {
    let input = "type: category, values: [b, a, c], unseen: encode, missing: allow";
    let rows = |steps: &str, cases: &[(&str, &[f32])]| {
        let gate = Gate::new(&one(input, steps));
        for (x, row) in cases {
            assert_eq!(gate.row(&format!("{{\"x\": {x}}}")), *row, "{steps}: {x}");
        }
    };
    rows(
        "{map: {values: [0.5, 0.25, 0.125], unseen: 0.3, missing: 0}}",
        &[("\"b\"", &[0.5]), ("\"c\"", &[0.125]), ("\"zz\"", &[0.3]), ("null", &[0.0])],
    );
    rows(
        "{one_hot: {drop: b, unseen: zeros, missing: zeros}}",
        &[
            ("\"b\"", &[0.0, 0.0]),
            ("\"a\"", &[1.0, 0.0]),
            ("\"c\"", &[0.0, 1.0]),
            ("null", &[0.0, 0.0]),
        ],
    );
    rows(
        "{one_hot: {categories: [a, b], unseen: column, missing: zeros}}",
        &[
            ("\"a\"", &[1.0, 0.0, 0.0]),
            ("\"c\"", &[0.0, 0.0, 1.0]),
            ("\"zz\"", &[0.0, 0.0, 1.0]),
            ("null", &[0.0; 3]),
        ],
    );
    // murmur3_32("test", 0) = 0xba6bd213
    let gate = Gate::new(&one("type: text", "{hash: {buckets: 1000}}"));
    assert_eq!(gate.row("{\"x\": \"test\"}"), [(0xba6b_d213_u32 % 1000) as f32]);
    let gate = Gate::new(&one("type: category, values: [test, b]", "{hash: {buckets: 1000}}"));
    assert_eq!(gate.row("{\"x\": \"test\"}"), [(0xba6b_d213_u32 % 1000) as f32]);
    let gate = Gate::new(&one("type: text, allow_empty: true", "{text_length: {}}"));
    assert_eq!(gate.row("{\"x\": \"日本\"}"), [2.0]);
    assert_eq!(gate.row("{\"x\": \"\"}"), [0.0]);
    let tokens = "{hash_tokens: {tokens: words, buckets: 16, norm: none, signed: false}}";
    let row = Gate::new(&one("type: text", tokens)).row("{\"x\": \"To be or not to be\"}");
    assert_eq!(row.iter().sum::<f32>(), 6.0);
}

#[test]
fn times_are_measured_and_missing_ones_may_be_nan() {
    let gate = Gate::new(
        r"
format: driftline.contract/1
name: t
inputs: [{name: a, type: timestamp}, {name: b, type: timestamp, missing: allow}]
features:
  - {name: epoch, from: a, steps: [{epoch: {unit: days}}]}
  - {name: since, from: a, steps: [{since: {input: b, unit: hours}}, {missing_as_nan: {}}]}
tensors: [{name: x, dtype: float32, features: [epoch, since]}]
",
    );
    let row = gate.row(r#"{"a": "1970-01-02T12:00:00.5Z", "b": "1970-01-03T12:00:00.5Z"}"#);
    assert_eq!(row, [1.500_005_8, -24.0]);
    let row = gate.row(r#"{"a": "1970-01-02T00:00:00Z", "b": null}"#);
    assert!(row[0] == 1.0 && row[1].is_nan());
}

#[test]
fn contradicting_steps_are_refused() {
    let refused = |input: &str, steps: &str, path: &str| {
        let contract: Contract = serde_saphyr::from_str(&one(input, steps)).unwrap();
        let error = contract.check().unwrap_err();
        assert_eq!(
            error.place().path.as_deref(),
            Some(format!("features[0].steps[0].{path}").as_str()),
            "{error}"
        );
    };
    let number = "type: number";
    refused(number, "{log: {base: 1}}", "log.base");
    refused(number, "{robust_scale: {center: 0, scale: 0}}", "robust_scale.scale");
    refused(number, "{quantile: {quantiles: [1]}}", "quantile.quantiles");
    refused(number, "{bins: {edges: [0, 1, 1]}}", "bins.edges[2]");
    refused(number, "{hash: {buckets: 10}}", "hash");
    refused(number, "{epoch: {unit: days}}", "epoch");
    refused(number, "{missing_as_nan: {}}", "missing_as_nan");
    refused("type: text", "{hash: {buckets: 0}}", "hash.buckets");
    refused(
        "type: text",
        "{hash_tokens: {tokens: words, ngrams: [2, 1], buckets: 4}}",
        "hash_tokens.ngrams",
    );
    refused("type: timestamp", "{since: {input: y, unit: days}}", "since.input");
    let category = "type: category, values: [a, b]";
    refused(category, "{map: {values: [1]}}", "map.values");
    refused(category, "{one_hot: {drop: c}}", "one_hot.drop");
}

#[test]
fn what_a_column_cannot_hold_is_a_violation_and_leaves_no_row() {
    for (input, steps, x) in [
        ("type: number", "", "1e39"),
        ("type: number", "{log1p: {}}", "-1"),
        ("type: number", "{standard_scale: {mean: 0, scale: 1e-300}}", "1e300"),
        ("type: integer", "", "9007199254740993"),
    ] {
        let gate = Gate::new(&one(input, steps));
        let (features, violations) = gate.run(&format!("{{\"x\": {x}}}"));
        assert_eq!(violations.len(), 1, "{x}");
        assert_eq!(violations[0].code, ErrorCode::NotRepresentable);
        assert_eq!(&*violations[0].input, "x");
        assert_eq!((features.rows(), features.tensors()[0].data.len()), (0, 0));
    }
}

#[test]
fn every_element_type_is_filled() {
    let yaml = r"
format: driftline.contract/1
name: t
inputs:
  - {name: i, type: integer}
  - {name: b, type: boolean}
  - {name: c, type: category, values: [x, z], unseen: encode}
features: [{name: i, from: i}, {name: b, from: b}, {name: c, from: c}]
tensors:
  - {name: t64, dtype: int64, features: [i, b]}
  - {name: t32, dtype: int32, features: [i]}
  - {name: t8, dtype: uint8, features: [i]}
  - {name: f64, dtype: float64, features: [i]}
  - {name: bool, dtype: bool, features: [b]}
  - {name: text, dtype: string, features: [c]}
";
    let gate = Gate::new(yaml);
    let (features, violations) = gate.run(r#"{"i": 200, "b": true, "c": "zz"}"#);
    assert_eq!(violations, []);
    let data: Vec<TensorData> = features.tensors().iter().map(|t| t.data.clone()).collect();
    assert_eq!(
        data,
        [
            TensorData::Int64(vec![200, 1]),
            TensorData::Int32(vec![200]),
            TensorData::Uint8(vec![200]),
            TensorData::Float64(vec![200.0]),
            TensorData::Bool(vec![true]),
            TensorData::String(vec!["zz".to_owned()]),
        ]
    );
    let (_, violations) = gate.run(r#"{"i": 256, "b": true, "c": "x"}"#);
    assert_eq!(violations.len(), 1);
    let exact = Gate::new(&one("type: integer", "").replace("float32", "int64"));
    let (features, _) = exact.run(r#"{"x": 9007199254740993}"#);
    assert_eq!(features.tensors()[0].data, TensorData::Int64(vec![(1 << 53) + 1]));
}

#[test]
fn rows_add_up_and_clear() {
    let gate = Gate::new(&one("type: number", ""));
    let mut features = Features::new(&gate.pipeline);
    let mut violations = Vec::new();
    for x in ["1", "1e39", "2"] {
        let json = format!("{{\"x\": {x}}}");
        let record = gate.reader.read_json(&json).unwrap();
        let record = gate.validator.validate(record, &mut violations);
        assert_eq!(gate.pipeline.run(&record, &mut features, &mut violations), x != "1e39");
    }
    assert_eq!(features.rows(), 2);
    assert_eq!(features.tensors()[0].data, TensorData::Float32(vec![1.0, 2.0]));
    features.clear();
    assert_eq!((features.rows(), features.tensors()[0].data.len()), (0, 0));
}

proptest! {
    #[test]
    fn damaged_zone_rules_never_panic(at in 0usize..3_000, byte in any::<u8>(), seconds in -62_000_000_000i64..250_000_000_000) {
        let mut bytes = NEW_YORK.to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let files = BTreeMap::from([("America/New_York".to_owned(), bytes)]);
        if let Ok(zones) = ZoneRules::new(files) {
            let contract: Contract = serde_saphyr::from_str(CLOCK).unwrap();
            let pipeline = Pipeline::new(&contract, &zones).unwrap();
            let validator = Validator::new(&contract).unwrap();
            let mut violations = Vec::new();
            let date = driftline::contract::Value::Date(seconds as f64 * 1e3);
            let record = RecordReader::new(&contract).read_pairs([("t".into(), date)]);
            let record = validator.validate(record, &mut violations);
            let mut features = Features::new(&pipeline);
            let whole = pipeline.run(&record, &mut features, &mut violations);
            prop_assert_eq!(features.rows(), usize::from(whole));
        }
    }

    #[test]
    fn no_finite_number_becomes_infinite_or_nan(x in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
        for steps in ["", "{standard_scale: {mean: 3, scale: 0.001}}", "{cyclic: {period: 7}}", "{log1p: {}}"] {
            let gate = Gate::new(&one("type: number", steps));
            let (features, _) = gate.run(&format!("{{\"x\": {x:?}}}"));
            if let TensorData::Float32(v) = &features.tensors()[0].data {
                prop_assert!(v.iter().all(|y| y.is_finite()));
            }
        }
    }
}
