// Whatever is sent: the documented violation, never a guess, and the gate answers afterwards.

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { flights, good } from "../lib/flights.mjs";

const gate = flights.loadSync();
const reference = gate.predict(good());

afterEach(() => assert.deepEqual(gate.predict(good()), reference, "the gate answers no more"));

function revoked(target = {}) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const huge = "x".repeat(10 << 20);
const nested = () => {
  let list = [];
  for (let depth = 0; depth < 100_000; depth += 1) list = [list];
  return list;
};

describe("a value of a field", () => {
  // [what is sent, input, value, code, action]
  const cases = [
    ["NaN", "temp", Number.NaN, "not_finite", "reject"],
    ["Infinity", "temp", Number.POSITIVE_INFINITY, "not_finite", "reject"],
    ["-Infinity", "plane_seats", Number.NEGATIVE_INFINITY, "not_finite", "reject"],
    ["null where a value is needed", "distance", null, "missing_value", "reject"],
    ["undefined where a value is needed", "distance", undefined, "missing_value", "reject"],
    ["text for a number", "distance", "12", "wrong_type", "reject"],
    ["text for an integer", "plane_seats", "12", "wrong_type", "reject"],
    ["a boolean for a number", "distance", true, "wrong_type", "reject"],
    ["a number for a category", "carrier", 9, "wrong_type", "reject"],
    ["a number for a timestamp", "scheduled_departure", 1372714200000, "wrong_type", "reject"],
    ["an object for a number", "distance", { valueOf: () => 12 }, "wrong_type", "reject"],
    ["a list for a number", "distance", [12], "wrong_type", "reject"],
    ["a sparse list for a number", "distance", new Array(7), "wrong_type", "reject"],
    ["a deeply nested list", "distance", nested(), "wrong_type", "reject"],
    ["a list with a throwing getter", "distance", Object.defineProperty([], 0, { get() { throw new Error("no"); } }), "wrong_type", "reject"],
    ["a typed array", "distance", Float32Array.of(12), "wrong_type", "reject"],
    ["a boxed number", "distance", Object(12), "wrong_type", "reject"],
    ["a boxed text", "carrier", Object("AA"), "wrong_type", "reject"],
    ["a Date for a number", "distance", new Date(12), "wrong_type", "reject"],
    ["a symbol", "distance", Symbol("12"), "wrong_type", "reject"],
    ["a function", "distance", () => 12, "wrong_type", "reject"],
    ["a fraction for an integer", "plane_seats", 149.5, "not_integer", "reject"],
    ["2^53 + 1 as a number", "plane_seats", 2 ** 53 + 1, "unsafe_integer", "reject"],
    ["2^53 + 1 as a BigInt", "plane_seats", 2n ** 53n + 1n, "out_of_range", "reject"],
    ["a BigInt beyond 64 bits", "plane_seats", 2n ** 100n, "wrong_type", "reject"],
    ["a value above its range", "temp", 130.1, "out_of_range", "reject"],
    ["a value below its range", "temp", -60.1, "out_of_range", "reject"],
    ["the open end of a range", "distance", 0, "out_of_range", "reject"],
    ["an unknown carrier", "carrier", "ZZ", "not_in_set", "escalate"],
    ["a carrier in small letters", "carrier", "b6", "not_in_set", "escalate"],
    ["a carrier with a space", "carrier", "B6 ", "not_in_set", "escalate"],
    ["empty text", "carrier", "", "empty_text", "reject"],
    ["10 MB of text", "carrier", huge, "too_long", "reject"],
    ["10 MB of timestamp", "scheduled_departure", huge, "too_long", "reject"],
    ["10 MB of text for a number", "distance", huge, "wrong_type", "reject"],
    ["half a character", "carrier", "\ud800", "wrong_type", "reject"],
    ["a timestamp without offset", "scheduled_departure", "2013-07-01T21:30:00", "missing_offset", "reject"],
    ["a date alone", "scheduled_departure", "2013-07-01", "bad_timestamp", "reject"],
    ["no date", "scheduled_departure", "2013-02-30T21:30:00Z", "bad_timestamp", "reject"],
    ["an invalid Date", "scheduled_departure", new Date(Number.NaN), "bad_timestamp", "reject"],
    ["a false Date", "scheduled_departure", Object.create(Date.prototype), null, "reject"],
    ["a revoked proxy", "distance", revoked(), null, "reject"],
    ["a revoked proxy of a list", "distance", revoked([]), null, "reject"],
    ["a proxy of a list that throws", "distance", new Proxy([1], { get() { throw new Error("no"); } }), null, "reject"],
    ["a false typed array", "distance", Object.create(Float32Array.prototype), null, "reject"],
  ];
  for (const [name, input, value, code, action] of cases) {
    test(name, () => {
      const record = { ...good(), [input]: value };
      const decision = gate.predict(record);
      const told = `${decision.action} ${JSON.stringify(decision.violations)}`;
      assert.equal(decision.action, action, told);
      assert.equal(decision.reason, "violation", told);
      assert.equal(decision.label, null, told);
      assert.deepEqual(decision.violations.map((violation) => violation.input), [input], told);
      if (code !== null) assert.equal(decision.violations[0].code, code, told);
      else assert.match(decision.violations[0].code, /^(?:wrong_type|unreadable_field)$/, told);
      assert.ok(decision.violations[0].message.length < 400, "the message repeats too much");
      assert.deepEqual(gate.validate(record), decision.violations);
      assert.deepEqual(gate.predictMany([record, good()]), [decision, reference]);
    });
  }

  test("a BigInt within range is an integer", () => {
    assert.deepEqual(gate.predict({ ...good(), plane_seats: 200n }), reference);
  });

  test("a missing value where training knew gaps is imputed, null and absent alike", () => {
    const { plane_year, ...without } = good();
    const decision = gate.predict(without);
    assert.equal(plane_year, 2005);
    assert.notEqual(decision.scores, null);
    assert.deepEqual(decision.violations, []);
    assert.deepEqual(gate.predict({ ...good(), plane_year: null }), decision);
    assert.deepEqual(gate.predict({ ...good(), plane_year: undefined }), decision);
  });

  test("an unknown destination is encoded as in training", () => {
    const decision = gate.predict({ ...good(), dest: "ANC" });
    assert.notEqual(decision.scores, null);
  });

  test("a getter that throws", () => {
    const record = Object.defineProperty(good(), "distance", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    const { action, violations } = gate.predict(record);
    assert.equal(action, "reject");
    assert.deepEqual(violations.map(({ code, input }) => [code, input]), [["unreadable_field", "distance"]]);
  });

  test("a getter that throws an error of the same shape as driftline's", () => {
    const record = Object.defineProperty(good(), "distance", {
      enumerable: true,
      get() {
        throw Object.assign(new Error("no"), { code: "trap", help: "none" });
      },
    });
    assert.equal(gate.predict(record).violations[0].code, "unreadable_field");
  });

  test("a getter that calls the gate", () => {
    let inner;
    const record = Object.defineProperty(good(), "distance", {
      enumerable: true,
      get() {
        try {
          gate.predict(good());
        } catch (error) {
          inner = error.code;
        }
        return 1069;
      },
    });
    assert.deepEqual(gate.predict(record), reference);
    assert.equal(inner, "bad_usage");
  });
});

describe("a record as a whole", () => {
  const notRecords = {
    null: null,
    undefined: undefined,
    "a number": 7,
    "a text": "{}",
    "a boolean": true,
    "a list": [good()],
    "a function": () => good(),
    "a symbol": Symbol("record"),
    "a BigInt": 7n,
    "a Date": new Date(),
    "a Map": new Map(Object.entries(good())),
    "a typed array": Float64Array.of(1),
    "a revoked proxy": revoked(),
    "a proxy whose keys cannot be read": new Proxy({}, { ownKeys() { throw new Error("no"); } }),
  };
  for (const [name, record] of Object.entries(notRecords)) {
    test(`${name} is no record`, () => {
      const { action, label, violations } = gate.predict(record);
      assert.deepEqual([action, label], ["reject", null]);
      assert.ok(violations.length > 0);
      assert.match(violations[0].code, /^(?:not_a_record|unreadable_field)$/);
      assert.equal(gate.predictMany([record])[0].action, "reject");
    });
  }

  test("an empty record lacks every required field", () => {
    const { action, violations } = gate.predict({});
    assert.equal(action, "reject");
    const required = gate.info.inputs.filter((input) => input.required).map(({ name }) => name);
    assert.deepEqual(violations.map(({ input }) => input), required);
    assert.ok(violations.every(({ code }) => code === "missing_value"));
  });

  test("an unknown field is refused and named", () => {
    const { action, violations } = gate.predict({ ...good(), colour: "red" });
    assert.equal(action, "reject");
    assert.deepEqual(violations.map(({ code, input }) => [code, input]), [["unknown_field", "colour"]]);
  });

  test("a symbol as a key is an unknown field", () => {
    const { violations } = gate.predict({ ...good(), [Symbol("late")]: 1 });
    assert.deepEqual(violations.map(({ code }) => code), ["unknown_field"]);
  });

  test("thousands of unknown fields are counted and not listed", () => {
    const record = good();
    for (let at = 0; at < 5000; at += 1) record[`field${at}`] = at;
    const { action, violations } = gate.predict(record);
    assert.equal(action, "reject");
    assert.ok(violations.length < 40, `${violations.length} violations`);
  });

  for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
    test(`\`${key}\` from JSON is an unknown field and pollutes nothing`, () => {
      const text = JSON.stringify(good()).replace("{", `{"${key}": {"late": true, "distance": 1}, `);
      const { action, violations } = gate.predict(JSON.parse(text));
      assert.equal(action, "reject");
      assert.deepEqual(violations.map(({ code, input }) => [code, input]), [["unknown_field", key]]);
      assert.equal({}.late, undefined);
      assert.equal({}.distance, undefined);
    });
  }

  test("what stands on a prototype is no field of the record", () => {
    const { distance, ...rest } = good();
    const record = Object.assign(Object.create({ distance }), rest);
    const { violations } = gate.predict(record);
    assert.deepEqual(violations.map(({ code, input }) => [code, input]), [["missing_value", "distance"]]);
  });

  test("a record without a prototype, frozen, or behind a proxy is a record", () => {
    assert.deepEqual(gate.predict(Object.assign(Object.create(null), good())), reference);
    assert.deepEqual(gate.predict(Object.freeze(good())), reference);
    assert.deepEqual(gate.predict(new Proxy(good(), {})), reference);
  });

  test("a list of records with holes is answered row by row", () => {
    const sparse = [good()];
    sparse[2] = good();
    assert.deepEqual(gate.predictMany(sparse).map(({ action }) => action), [
      reference.action,
      "reject",
      reference.action,
    ]);
  });

  test("a list of records that throws is an error", () => {
    const thrower = Object.defineProperty([good()], 1, {
      get() {
        throw new Error("no");
      },
    });
    assert.throws(() => gate.predictMany(thrower), { code: "bad_input" });
    assert.throws(() => gate.predictMany(revoked([])), { code: "bad_input" });
    assert.throws(() => gate.predictMany({ distance: revoked([]) }), { code: "bad_input" });
  });
});
