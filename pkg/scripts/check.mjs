// Packs the package and looks at it as others will: publint, and the types by every way of import.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "driftline-pack-"));

try {
  // a model's package is passed as an argument; without one it is this package
  const source = process.argv[2] ?? root;
  const packed = run("npm", ["pack", "--silent", "--pack-destination", folder, source]);
  const tarball = join(folder, packed.trim().split("\n").at(-1));
  run(join(root, "node_modules/.bin/publint"), ["run", tarball, "--strict"], "inherit");
  run(
    join(root, "node_modules/.bin/attw"),
    // node10 knows no exports map; ./core and ./inline are for import only
    [tarball, "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm", "--no-emoji"]
      .concat(["--exclude-entrypoints", "./driftline_bg.wasm"]),
    "inherit",
  );
} finally {
  rmSync(folder, { recursive: true });
}

function run(command, args, stdout = "pipe") {
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", stdout, "inherit"] });
  if (done.status !== 0) throw new Error(`\`${command} ${args.join(" ")}\` failed\n${done.stdout ?? ""}`);
  return done.stdout ?? "";
}
