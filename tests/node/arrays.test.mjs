// Images and embeddings as JavaScript has them: nested arrays, typed arrays, views into buffers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { arraysDir, expected, native, pixels, records } from "../lib/arrays.mjs";

const { loadSync } = await import(pathToFileURL(resolve(arraysDir, "node.js")).href);
const gate = loadSync();
const plain = records.map((record) => gate.predict(record));
const [record] = records;
const image = pixels(record);

/** The code and the input of the only violation. */
function refused(change) {
  const { action, violations } = gate.predict({ ...record, ...change });
  assert.equal(action, "reject");
  assert.equal(violations.length, 1);
  return `${violations[0].input} ${violations[0].code}`;
}

test("scores are onnxruntime's after Pillow within 1e-6, and those of the command to the bit", () => {
  const theirs = native();
  assert.equal(theirs.length, records.length);
  plain.forEach(({ scores, violations }, at) => {
    assert.deepEqual(violations, []);
    assert.deepEqual(scores, theirs[at].scores);
    for (const [label, score] of Object.entries(expected[at])) {
      assert.ok(Math.abs(scores[label] - score) <= 1e-6, `row ${at}, ${label}`);
    }
  });
  assert.equal(new Set(plain.map(({ scores }) => scores.cat)).size, records.length);
});

describe("every form of an array is the same array", () => {
  const shaped = (make) => (row) => ({ ...row, photo: { ...pixels(row), data: make(pixels(row).data) } });
  const inside = (bytes, before) => {
    const buffer = new ArrayBuffer(before + bytes.length + 3);
    const view = new Uint8Array(buffer, before, bytes.length);
    view.set(bytes);
    return view;
  };
  const shared = (bytes) => {
    const view = new Uint8Array(new SharedArrayBuffer(bytes.length));
    view.set(bytes);
    return view;
  };
  const forms = {
    "a flat array with its shape": shaped((bytes) => bytes),
    Uint8Array: shaped((bytes) => Uint8Array.from(bytes)),
    "Uint8ClampedArray, as of a canvas": shaped((bytes) => Uint8ClampedArray.from(bytes)),
    "Buffer of Node.js": shaped((bytes) => Buffer.from(bytes)),
    "a view into a larger buffer": shaped((bytes) => inside(bytes, 5)),
    "shared memory": shaped(shared),
    "an embedding as Float32Array": (row) => ({ ...row, profile: Float32Array.from(row.profile) }),
    "an embedding with its shape": (row) => ({
      ...row,
      profile: { shape: [4], data: Float32Array.from(row.profile) },
    }),
  };
  for (const [name, form] of Object.entries(forms)) {
    test(name, () => {
      assert.deepEqual(records.map((row) => gate.predict(form(row))), plain);
    });
  }

  test("many records at once, as rows and as columns", () => {
    const rows = records.map(forms.Uint8Array);
    assert.deepEqual(gate.predictMany(rows), plain);
    const columns = { photo: rows.map(({ photo }) => photo), profile: rows.map(({ profile }) => profile) };
    assert.deepEqual(gate.predictMany(columns), plain);
  });
});

describe("nothing is converted", () => {
  const typed = (data) => ({ photo: { shape: image.shape, data } });
  const faults = {
    "bytes in Float32Array": [typed(Float32Array.from(image.data)), "photo wrong_type"],
    "bytes in Uint16Array": [typed(Uint16Array.from(image.data)), "photo wrong_type"],
    "bytes in Int8Array": [typed(Int8Array.from(image.data)), "photo wrong_type"],
    "bytes in DataView": [typed(new DataView(new ArrayBuffer(256))), "photo wrong_type"],
    "bytes in ArrayBuffer": [typed(new ArrayBuffer(256)), "photo wrong_type"],
    "an embedding in Float64Array": [{ profile: Float64Array.from(record.profile) }, "profile wrong_type"],
    "an embedding in BigInt64Array": [{ profile: BigInt64Array.of(0n, 0n, 0n, 0n) }, "profile wrong_type"],
    "a flat image without its shape": [{ photo: Uint8Array.from(image.data) }, "photo wrong_shape"],
    "a shape of other size": [{ photo: { shape: [8, 7, 4], data: Uint8Array.from(image.data) } }, "photo wrong_shape"],
    "an image without alpha": [{ photo: { shape: [1, 1, 3], data: Uint8Array.of(1, 2, 3) } }, "photo wrong_shape"],
    "no pixels": [{ photo: { shape: [0, 0, 4], data: new Uint8Array() } }, "photo wrong_shape"],
    "a negative length": [{ photo: { shape: [-1, -1, 4], data: new Uint8Array(4) } }, "photo wrong_type"],
    "rows of unequal length": [{ photo: [[[1, 2, 3, 4]], []] }, "photo wrong_shape"],
    "a length beyond the embedding's": [{ profile: new Float32Array(5) }, "profile wrong_shape"],
    "NaN": [{ profile: Float32Array.of(0, Number.NaN, 0, 0) }, "profile not_finite"],
    infinity: [{ profile: Float32Array.of(0, Infinity, 0, 0) }, "profile not_finite"],
    "beyond the range": [{ profile: Float32Array.of(0, 10.5, 0, 0) }, "profile out_of_range"],
    "decimal text": [{ profile: ["0", 0, 0, 0] }, "profile wrong_type"],
    "a missing element": [{ profile: [0, null, 0, 0] }, "profile wrong_type"],
    "a missing image": [{ photo: null }, "photo missing_value"],
    "another object": [{ photo: { shape: image.shape, data: image.data, colour: "sRGB" } }, "photo wrong_type"],
    "an endless proxy": [
      { profile: new Proxy([], { get: (list, key) => (key === "length" ? 2 ** 40 : Reflect.get(list, key)) }) },
      "profile wrong_type",
    ],
  };
  for (const [name, [change, violation]] of Object.entries(faults)) {
    test(`${name}: ${violation}`, () => {
      assert.equal(refused(change), violation);
      assert.deepEqual(gate.predict(record), plain[0]);
    });
  }

  test("a buffer that was given away is no image", () => {
    const data = Uint8Array.from(image.data);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    assert.equal(refused({ photo: { shape: image.shape, data } }), "photo wrong_shape");
  });

  test("a megapixel is taken, and more than a record may have is refused", () => {
    const photo = (side) => ({ shape: [side, side, 4], data: new Uint8Array(4 * side * side).fill(90) });
    assert.deepEqual(gate.predict({ ...record, photo: photo(1024) }).violations, []);
    assert.equal(refused({ photo: photo(2100) }), "photo wrong_type");
    assert.deepEqual(gate.predict(record), plain[0]);
  });
});

test("the package's types name the forms", () => {
  const types = readFileSync(resolve(arraysDir, "index.d.ts"), "utf8");
  assert.match(types, /photo: .*shape: number\[\]; data: Uint8Array \| Uint8ClampedArray/);
  assert.match(types, /profile: .*Float32Array/);
});
