import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { pickSamples } from "./samples.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const flights = resolve(here, "../../examples/flights");
// the package that `driftline build` wrote for the flights model
const model = resolve(
  process.env["DRIFTLINE_FLIGHTS_PACKAGE"] ?? resolve(here, "../../target/flights/package"),
);
if (!existsSync(resolve(model, "package.json"))) {
  throw new Error(`${model} holds no package; \`cargo xtask demo\` builds it`);
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self' http://127.0.0.1:*",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The real flights that the page offers, picked by asking the gate while the page is built. */
function samples(): Plugin {
  const id = "virtual:samples";
  return {
    name: "samples",
    resolveId: (source) => (source === id ? `\0${id}` : null),
    async load(asked) {
      if (asked !== `\0${id}`) return null;
      return `export default ${JSON.stringify(await pickSamples(flights, model))};`;
    },
  };
}

/** The policy goes into the built page only: the development server injects styles and scripts. */
function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

export default defineConfig({
  root: here,
  base: "./",
  plugins: [samples(), contentSecurityPolicy()],
  resolve: { alias: { "flights-delay": resolve(model, "index.js") } },
  build: {
    outDir: resolve(here, "../dist/demo"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1", port: 4173, fs: { allow: [resolve(here, "../.."), model] } },
  preview: { host: "127.0.0.1", port: 4173, strictPort: true },
});
