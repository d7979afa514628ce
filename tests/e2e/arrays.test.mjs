// Images and embeddings in Chromium, with the pixels of a real canvas.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "../lib/browser.mjs";
import { arraysDir, native, pixels, records } from "../lib/arrays.mjs";

const pages = { "/": { html: '<!doctype html><script src="package/driftline.global.js"></script>' } };
let browser;
let server;
let page;
before(async () => {
  server = await serve({ "/package/": arraysDir }, pages);
  browser = await launch();
  page = await browser.newPage();
  await page.goto(server.origin);
});
after(async () => {
  await browser.close();
  await server.close();
});

test("a canvas' pixels and an embedding are scored as the native command does", async () => {
  const rows = records.map((record) => ({ ...pixels(record), profile: record.profile }));
  const answers = await page.evaluate(async (rows) => {
    const gate = await globalThis.driftline.load();
    return rows.map(({ shape, data, profile }) => {
      const [height, width] = shape;
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.putImageData(new ImageData(Uint8ClampedArray.from(data), width), 0, 0);
      const image = context.getImageData(0, 0, width, height);
      return gate.predict({
        photo: { shape: [image.height, image.width, 4], data: image.data },
        profile: Float32Array.from(profile),
      });
    });
  }, rows);
  assert.deepEqual(answers.map(({ scores }) => scores), native().map(({ scores }) => scores));
});

test("what is no such array is refused, and the gate answers on", async () => {
  const [codes, same] = await page.evaluate(async ({ photo, profile }) => {
    const gate = await globalThis.driftline.load();
    const first = gate.predict({ photo, profile });
    const codes = [
      { photo: new Uint8Array(4), profile },
      { photo, profile: new Float64Array(4) },
      { photo, profile: Float32Array.of(0, NaN, 0, 0) },
      { photo: new Blob(["photo"]), profile },
      { photo: document.createElement("canvas"), profile },
    ].map((record) => gate.predict(record).violations.map(({ code }) => code).join());
    return [codes, JSON.stringify(gate.predict({ photo, profile })) === JSON.stringify(first)];
  }, records[0]);
  assert.deepEqual(codes, ["wrong_shape", "wrong_type", "not_finite", "wrong_type", "wrong_type"]);
  assert.ok(same);
});
