// Builds the package from src/ and from the binding that `cargo xtask wasm` wrote to dist/runtime/.
//
//   dist/            the npm package `driftline`
//   dist/template/   the files that `driftline build` copies into the package of a model

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("..", import.meta.url);
// a folder of its own for each runtime: `dist`, or `dist-tract` as the argument
const dist = process.argv[2] ?? "dist";
const at = (path) => fileURLToPath(new URL(path.replace(/^dist(?=\/|$)/, dist), root));

/** What every entry exports beside its loaders. */
const DECLARED = ["api", "beacon", "channel", "outcomes", "report", "routes", "shadow", "status", "token", "track"];

const GLUE = at("dist/runtime/driftline.js");
const WASM = at("dist/runtime/driftline_bg.wasm");
for (const file of [GLUE, WASM]) {
  if (!existsSync(file)) {
    console.error(`${file} is missing; \`cargo xtask wasm\` writes it`);
    process.exit(1);
  }
}

for (const name of readdirSync(at("dist"))) {
  if (name !== "runtime") rmSync(at(`dist/${name}`), { recursive: true });
}
await wrapGlue();
run("node_modules/.bin/tsc", ["--project", ".", "--outDir", dist]);
for (const name of ["glue", "wasm-base64", "wasm"]) {
  copyFileSync(at(`src/${name}.d.ts`), at(`dist/${name}.d.ts`));
}
copyFileSync(WASM, at("dist/driftline_bg.wasm"));
writeFileSync(
  at("dist/wasm-base64.js"),
  `export const WASM_BASE64 = "${readFileSync(WASM).toString("base64")}";\n`,
);
await bundle("node", "dist/index.cjs", COMMONJS());
await bundle("global", "dist/driftline.global.js", GLOBAL());
declareCommonJs();
await template();

/**
 * Wraps the generated binding into a function. It keeps its instance in module variables, while
 * each gate needs an instance of its own, and another one after a trap.
 */
async function wrapGlue() {
  const result = await build({
    entryPoints: [GLUE],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "binding",
    target: "es2022",
    // the binding's own guess at the address of the file; every loader here passes a module
    define: { "import.meta.url": '""' },
  });
  const [file] = result.outputFiles;
  writeFileSync(
    at("dist/glue.js"),
    `export function createGlue() {\n${file.text}\nreturn binding;\n}\n`,
  );
}

function COMMONJS() {
  return {
    format: "cjs",
    platform: "node",
    define: { "import.meta.url": "hereUrl" },
    banner: { js: 'const hereUrl = require("node:url").pathToFileURL(__filename).href;' },
  };
}

function GLOBAL() {
  return { format: "iife", globalName: "driftline", platform: "browser", minify: true };
}

/** One file out of `src/NAME.ts`. */
async function bundle(name, outfile, options) {
  await build({
    entryPoints: [at(`dist/${name}.js`)],
    outfile: at(outfile),
    bundle: true,
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
    ...options,
  });
}

/** The same declarations for `require`: TypeScript tells the two by the file's ending. */
function declareCommonJs() {
  for (const name of ["index", ...DECLARED]) {
    const text = readFileSync(at(`dist/${name}.d.ts`), "utf8");
    writeFileSync(at(`dist/${name}.d.cts`), text.replaceAll(/("\.\/\w+)\.js"/g, '$1.cjs"'));
  }
}

/** Whole files, so that a model's package needs no other package. */
async function template() {
  mkdirSync(at("dist/template"));
  const esm = { format: "esm", external: ["./driftline_bg.wasm", "./wasm-base64.js"] };
  await bundle("index", "dist/template/index.js", { ...esm, platform: "browser" });
  await bundle("node", "dist/template/node.js", { ...esm, platform: "node" });
  await bundle("workerd", "dist/template/workerd.js", { ...esm, platform: "browser" });
  await bundle("node", "dist/template/index.cjs", COMMONJS());
  await bundle("global", "dist/template/driftline.global.js", GLOBAL());
  for (const name of DECLARED) {
    for (const end of ["ts", "cts"]) copyFileSync(at(`dist/${name}.d.${end}`), at(`dist/template/${name}.d.${end}`));
  }
  for (const name of ["index.d.ts.in", "package.json.in"]) {
    copyFileSync(at(`template/${name}`), at(`dist/template/${name}`));
  }
}

function run(command, args) {
  const { status } = spawnSync(at(command), args, { cwd: at("."), stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
