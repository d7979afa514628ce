//! The binding, in Node and in a headless browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use driftline::wasm::WasmGate;
use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

fn gate() -> WasmGate {
    WasmGate::new(&common::bundle()).unwrap()
}

fn js(source: &str) -> JsValue {
    js_sys::eval(&format!("({source})")).unwrap()
}

fn get(value: &JsValue, key: &str) -> JsValue {
    Reflect::get(value, &key.into()).unwrap()
}

fn text(value: &JsValue) -> String {
    JSON::stringify(value).unwrap().into()
}

/// Input and code of each violation.
fn violations(decision: &JsValue) -> Vec<(String, String)> {
    let list: Array = get(decision, "violations").unchecked_into();
    let part = |v: &JsValue, key| get(v, key).as_string().unwrap();
    list.iter().map(|v| (part(&v, "input"), part(&v, "code"))).collect()
}

const GOOD: &str = r#"{when: "2013-07-01T12:00:00Z", x: 1.5, n: 3, c: "b"}"#;

#[wasm_bindgen_test]
fn a_decision_is_a_plain_object_in_one_order() {
    let decision = gate().predict(&js(GOOD), 0.0);
    let keys: Array = Object::keys(decision.unchecked_ref::<Object>());
    assert_eq!(
        text(&keys),
        r#"["action","reason","label","value","predicted","confidence","scores","violations","identity"]"#
    );
    assert_eq!(get(&decision, "action"), "accept");
    assert_eq!(get(&decision, "label"), "yes");
    assert_eq!(get(&decision, "identity"), gate().identity().as_str());
}

#[wasm_bindgen_test]
fn a_date_is_the_instant_that_its_text_is() {
    let mut gate = gate();
    let date = js(&GOOD.replace(r#""2013-07-01T12:00:00Z""#, "new Date(Date.UTC(2013, 6, 1, 12))"));
    assert_eq!(text(&gate.predict(&date, 0.0)), text(&gate.predict(&js(GOOD), 0.0)));
    let invalid = js(&GOOD.replace(r#""2013-07-01T12:00:00Z""#, "new Date(NaN)"));
    assert_eq!(violations(&gate.predict(&invalid, 0.0)), [("when".into(), "bad_timestamp".into())]);
}

#[wasm_bindgen_test]
fn what_only_javascript_has_is_refused_by_name() {
    let mut gate = gate();
    let good = text(&gate.predict(&js(GOOD), 0.0));
    let cases = [
        (GOOD.replace("1.5", "NaN"), "x", "not_finite"),
        (GOOD.replace("1.5", "-Infinity"), "x", "not_finite"),
        (GOOD.replace("1.5", "() => 1"), "x", "wrong_type"),
        (GOOD.replace("1.5", "Symbol('x')"), "x", "wrong_type"),
        (GOOD.replace("1.5", "{valueOf() { return 1 }}"), "x", "wrong_type"),
        (GOOD.replace("1.5", "new Number(1)"), "x", "wrong_type"),
        (GOOD.replace("x: 1.5", "get x() { throw new Error('no') }"), "x", "unreadable_field"),
        (GOOD.replace("1.5", "new Proxy([1], {get() { throw 1 }})"), "x", "unreadable_field"),
        (GOOD.replace("1.5", "Object.create(Float32Array.prototype)"), "x", "wrong_type"),
        (
            GOOD.replace(r#""2013-07-01T12:00:00Z""#, "Object.create(Date.prototype)"),
            "when",
            "unreadable_field",
        ),
        (GOOD.replace("n: 3", "n: 9007199254740992"), "n", "unsafe_integer"),
        (GOOD.replace("n: 3", "n: 9007199254740993n"), "n", "not_representable"),
        (GOOD.replace("n: 3", "n: 2n ** 70n"), "n", "wrong_type"),
        (GOOD.replace(r#""b""#, "'\\ud800'"), "c", "wrong_type"),
        (GOOD.replace(r#""b""#, "'x'.repeat(1e7)"), "c", "too_long"),
        (
            r#"JSON.parse('{"__proto__": {"x": 1}, "when": "2013-07-01T12:00:00Z", "c": "a"}')"#
                .into(),
            "__proto__",
            "unknown_field",
        ),
        (
            r#"Object.create({when: "2013-07-01T12:00:00Z"}, {c: {value: "a", enumerable: true}})"#
                .into(),
            "when",
            "missing_value",
        ),
        ("[1, 2]".into(), "", "not_a_record"),
        ("undefined".into(), "", "not_a_record"),
        ("7n".into(), "", "not_a_record"),
        ("new Map()".into(), "", "not_a_record"),
        (
            "(() => { const r = Proxy.revocable({}, {}); r.revoke(); return r.proxy })()".into(),
            "",
            "not_a_record",
        ),
    ];
    for (source, input, code) in cases {
        let decision = gate.predict(&js(&source), 0.0);
        assert_eq!(violations(&decision), [(input.into(), code.into())], "{source}");
        assert_eq!(get(&decision, "label"), JsValue::NULL, "{source}");
        assert_eq!(text(&gate.predict(&js(GOOD), 0.0)), good, "after {source}");
    }
}

#[wasm_bindgen_test]
fn many_records_decide_as_single_ones_do() {
    let mut gate = gate();
    let rows: Array = js(&format!("[{GOOD}, {{}}, {GOOD}, 5]")).unchecked_into();
    let single: Array = rows.iter().map(|row| gate.predict(&row, 0.0)).collect();
    assert_eq!(text(&gate.predict_many(&rows, 0.0).unwrap()), text(&single));
}

#[wasm_bindgen_test]
fn errors_are_errors_with_code_and_help() {
    let mut bytes = common::bundle();
    *bytes.last_mut().unwrap() ^= 1;
    let error = WasmGate::new(&bytes).unwrap_err();
    assert!(error.is_instance_of::<js_sys::Error>());
    assert_eq!(get(&error, "code"), "bundle_altered");
    assert!(get(&error, "help").is_string());
}

#[wasm_bindgen_test]
fn info_describes_the_inputs() {
    let info = gate().info().unwrap();
    let inputs: Array = get(&info, "inputs").unchecked_into();
    assert_eq!(inputs.length(), 4);
    assert_eq!(get(&inputs.get(1), "maximum"), 10);
    assert_eq!(text(&get(&info, "labels")), r#"["no","yes"]"#);
}
