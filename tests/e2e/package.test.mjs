// The package that `driftline build` wrote, unchanged in Chromium: script element, module, worker.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, serve } from "../lib/browser.mjs";
import { flights, good, packageDir } from "../lib/flights.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";
const script = '<script src="package/driftline.global.js"></script>';
const module = `<script type="module">
  import * as driftline from "./package/index.js";
  globalThis.driftline = driftline;
</script>`;
const pages = {
  "/script": { html: `<!doctype html>${script}`, policy: POLICY },
  "/module": { html: `<!doctype html>${module}`, policy: POLICY },
  "/closed": { html: `<!doctype html>${script}`, policy: POLICY.replace("'wasm-unsafe-eval'", "") },
  "/deep/page": { html: `<!doctype html>${script.replace("package", "../package")}` },
};

const reference = flights.loadSync().predict(good());
let browser;
let server;
before(async () => {
  server = await serve({ "/package/": packageDir }, pages);
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

/** Runs `work` in a page. */
async function inPage(path, work, argument) {
  const page = await browser.newPage();
  try {
    await page.goto(server.origin + path);
    await page.waitForFunction(() => globalThis.driftline !== undefined);
    return await page.evaluate(work, argument);
  } finally {
    await page.close();
  }
}

const predict = async (record) => {
  const gate = await globalThis.driftline.load();
  return gate.predict(record);
};

for (const path of ["/script", "/module", "/deep/page"]) {
  test(`${path} answers as Node does`, async () => {
    assert.deepEqual(await inPage(path, predict, good()), reference);
  });
}

test("every kind of source loads", async () => {
  const answers = await inPage("/script", async (record) => {
    const { load, loadSync } = globalThis.driftline;
    const address = new URL("package/driftline_bg.wasm", document.baseURI);
    const bytes = await (await fetch(address)).arrayBuffer();
    const gates = [
      await load(address),
      await load("package/driftline_bg.wasm"),
      await load(await fetch(address)),
      await load(fetch(address)),
      await load(bytes),
      await load(new Uint8Array(bytes)),
      await load(await WebAssembly.compile(bytes)),
      loadSync(bytes),
    ];
    return gates.map((gate) => gate.predict(record));
  }, good());
  assert.equal(answers.length, 8);
  for (const answer of answers) assert.deepEqual(answer, reference);
});

describe("bad input in Chromium", () => {
  test("is answered, and the gate answers on", async () => {
    const outcome = await inPage("/script", async (record) => {
      const gate = await globalThis.driftline.load();
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const first = gate.predict({ ...record, distance: proxy });
      const second = gate.predict({ ...record, temp: Number.NaN });
      const third = gate.predict({ ...record, carrier: "x".repeat(10 << 20) });
      return [first, second, third, gate.predict(record)];
    }, good());
    assert.deepEqual(outcome.slice(0, 3).map(({ action }) => action), ["reject", "reject", "reject"]);
    assert.deepEqual(outcome[3], reference);
  });

  test("a trap is answered by a new instance", async () => {
    const [code, decision] = await inPage("/script", async (record) => {
      const instances = [];
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = async (...args) => {
        const made = await instantiate(...args);
        instances.push(made.instance ?? made);
        return made;
      };
      const gate = await globalThis.driftline.load();
      const { memory } = instances[0].exports;
      for (let pages = 65_536; pages >= 1; pages = Math.floor(pages / 2)) {
        try {
          for (;;) memory.grow(pages);
        } catch {
          // try half
        }
      }
      const large = Array.from({ length: 1000 }, (_, at) => ({ ...record, carrier: `${at}`.repeat(5000) }));
      let code = "none";
      try {
        gate.predictMany(large);
      } catch (error) {
        code = error.code;
      }
      return [code, gate.predict(record)];
    }, good());
    assert.equal(code, "trap");
    assert.deepEqual(decision, reference);
  });
});

test("a policy without 'wasm-unsafe-eval' is named as the cause", async () => {
  const error = await inPage("/closed", async () => {
    try {
      await globalThis.driftline.load();
      return null;
    } catch ({ code, help }) {
      return { code, help };
    }
  });
  assert.equal(error.code, "bad_usage");
  assert.match(error.help, /wasm-unsafe-eval/);
});

test("a missing file is an error with a place", async () => {
  const error = await inPage("/script", async () => {
    try {
      await globalThis.driftline.load("package/missing.wasm");
      return null;
    } catch ({ code, place }) {
      return { code, place };
    }
  });
  assert.deepEqual(error, { code: "io", place: { file: "package/missing.wasm" } });
});
