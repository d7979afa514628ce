// Every kind of source that load() takes, and what it refuses.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { bundle, bundleSection, distFile, flights, good, packageFile, wasm } from "../lib/flights.mjs";

const { load, loadSync, DriftlineError } = flights;
const driftline = await import(pathToFileURL(distFile("node.js")).href);
const core = await import(pathToFileURL(distFile("core.js")).href);
const inline = await import(pathToFileURL(distFile("inline.js")).href);

const folder = mkdtempSync(join(tmpdir(), "driftline-"));
let server;
let origin;

before(async () => {
  const files = { "/model.wasm": wasm, "/model.driftline": bundle };
  server = createServer((request, response) => {
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, { "content-type": "application/octet-stream" });
    response.end(file ? file() : "no such file");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const expected = loadSync().predict(good());
const answers = (gate) => assert.deepEqual(gate.predict(good()), expected);

describe("sources that load", () => {
  const file = (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const cases = {
    "nothing: the file beside": () => undefined,
    "a module": () => new WebAssembly.Module(wasm()),
    "bytes": () => wasm(),
    "an ArrayBuffer": () => wasm().buffer,
    "a view into a larger buffer": () => {
      const bytes = wasm();
      const larger = new Uint8Array(bytes.length + 64);
      larger.set(bytes, 32);
      return larger.subarray(32, 32 + bytes.length);
    },
    "a Buffer": () => readFileSync(packageFile("driftline_bg.wasm")),
    "a file URL": () => pathToFileURL(packageFile("driftline_bg.wasm")),
    "a file URL as text": () => pathToFileURL(packageFile("driftline_bg.wasm")).href,
    "a path": () => packageFile("driftline_bg.wasm"),
    "an http URL": () => new URL("/model.wasm", origin),
    "an http URL as text": () => `${origin}/model.wasm`,
    "a Response": () => new Response(wasm()),
    "a promise of a Response": () => fetch(`${origin}/model.wasm`),
    "the bytes of a bundle": () => bundle(),
    "the path of a bundle": () => file("model.driftline", bundle()),
    "the http URL of a bundle": () => `${origin}/model.driftline`,
  };
  for (const [name, source] of Object.entries(cases)) {
    test(name, async () => {
      const gate = await load(source());
      answers(gate);
      gate.dispose();
    });
  }

  test("at once: nothing, a module, bytes, a bundle", () => {
    for (const source of [undefined, new WebAssembly.Module(wasm()), wasm(), bundle()]) {
      answers(loadSync(source));
    }
  });

  test("by require", async () => {
    const common = createRequire(import.meta.url)(packageFile("index.cjs"));
    answers(common.loadSync());
    answers(await common.load());
  });

  test("a bundle on the runtime of the package driftline", async () => {
    answers(await driftline.load(bundle()));
    answers(await inline.load(bundle()));
    answers(inline.loadSync(bundle()));
    const common = createRequire(import.meta.url)(distFile("index.cjs"));
    answers(common.loadSync(bundle()));
  });

  test("a bundle on a runtime that is passed", async () => {
    const runtime = readFileSync(distFile("driftline_bg.wasm"));
    answers(await core.load(bundle(), { runtime }));
    answers(await core.load(bundle(), { runtime: new WebAssembly.Module(runtime) }));
    answers(core.loadSync(bundle(), { runtime }));
    // the runtime with another bundle inside serves as well
    answers(await core.load(bundle(), { runtime: wasm() }));
  });

  test("many gates side by side", async () => {
    const gates = await Promise.all([load(), load(), load(bundle())]);
    gates[0].dispose();
    answers(gates[1]);
    answers(gates[2]);
  });
});

describe("sources that are refused", () => {
  const withSections = (...payloads) => {
    const bytes = wasm();
    const { start } = bundleSection(bytes);
    return Buffer.concat([bytes.subarray(0, start), ...payloads]);
  };
  const section = () => {
    const bytes = wasm();
    const { start, end } = bundleSection(bytes);
    return bytes.slice(start, end);
  };
  const altered = (at) => {
    const bytes = bundle();
    bytes[at < 0 ? bytes.length + at : at] ^= 1;
    return bytes;
  };
  const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  // one import that no binding provides
  const foreign = new Uint8Array([...empty, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 120, 1, 121, 0, 0]);
  const cases = {
    "no section": ["bundle_missing", () => withSections()],
    "no section in a module": ["bundle_missing", () => new WebAssembly.Module(withSections())],
    "two sections": ["bundle_duplicate", () => withSections(section(), section())],
    "two sections in a module": [
      "bundle_duplicate",
      () => new WebAssembly.Module(withSections(section(), section())),
    ],
    "a wasm cut short": ["bundle_syntax", () => wasm().slice(0, -1)],
    "a damaged wasm": ["bundle_syntax", () => Buffer.concat([empty, Uint8Array.of(1, 1, 0xff), section()])],
    "a bundle cut short": ["bundle_truncated", () => bundle().slice(0, -1)],
    "a bundle with a part altered": ["bundle_altered", () => altered(-1)],
    "a bundle with a tail": ["bundle_altered", () => Buffer.concat([bundle(), Uint8Array.of(0)])],
    "a bundle with another version": ["format_version", () => altered(8)],
    "a wasm with its bundle altered": [
      "bundle_altered",
      () => {
        const bytes = wasm();
        bytes[bytes.length - 1] ^= 1;
        return bytes;
      },
    ],
    "no bytes": ["bundle_syntax", () => new Uint8Array(0)],
    "a web page": ["bundle_syntax", () => new TextEncoder().encode("<!doctype html>")],
    "other bytes": ["bundle_syntax", () => new Uint8Array([1, 2, 3])],
    "a module of something else": [
      "runtime_mismatch",
      () => Buffer.concat([foreign, section()]),
    ],
    "a missing file": ["io", () => join(folder, "missing.wasm")],
    "a missing page": ["io", () => `${origin}/missing.wasm`],
    "a Response that is not good": ["io", () => new Response("no", { status: 500 })],
    "a host that does not answer": ["io", () => "http://127.0.0.1:1/model.wasm"],
    "a request that failed": ["io", () => Promise.reject(new TypeError("failed"))],
    "a number": ["bad_usage", () => 7],
    "null": ["bad_usage", () => null],
    "an object": ["bad_usage", () => ({})],
  };
  for (const [name, [code, source]] of Object.entries(cases)) {
    test(`${name}: ${code}`, async () => {
      await assert.rejects(load(source()), (error) => {
        assert.ok(error instanceof DriftlineError, String(error));
        assert.equal(error.code, code, error.message);
        assert.notEqual(error.help, "");
        assert.ok(!error.message.endsWith("."), error.message);
        return true;
      });
    });
  }

  test("a Response that was read already: io", async () => {
    const response = new Response(wasm());
    await response.arrayBuffer();
    await assert.rejects(load(response), { code: "io" });
  });

  test("the package driftline alone has no bundle: bundle_missing", async () => {
    await assert.rejects(driftline.load(), { code: "bundle_missing" });
    assert.throws(() => driftline.loadSync(), { code: "bundle_missing" });
  });

  test("core without a source, or without a runtime: bad_usage", async () => {
    await assert.rejects(core.load(), { code: "bad_usage" });
    await assert.rejects(core.load(bundle()), { code: "bad_usage" });
    await assert.rejects(core.load(bundle(), { runtime: bundle() }), { code: "bad_usage" });
  });

  test("what has to be waited for, at once: bad_usage", () => {
    assert.throws(() => loadSync(`${origin}/model.wasm`), { code: "bad_usage" });
  });
});
