// Bundles of the flights model under other policies, by `driftline build`.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { data } from "./flights.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const driftline = process.env.DRIFTLINE ?? resolve(root, "target/debug/driftline");

/** Thresholds under which the flights model is often unsure. */
export const base = {
  format: "driftline.policy/1",
  labels: { on_time: { threshold: 0.61 }, late: { threshold: 0.69 } },
  default_label: "on_time",
};

/** The stand-alone bundle with this policy. */
export function withPolicy(policy) {
  const folder = mkdtempSync(join(tmpdir(), "driftline-policy-"));
  try {
    const file = join(folder, "policy.json");
    writeFileSync(file, JSON.stringify({ ...base, ...policy }));
    const args = ["build", data("model.onnx"), "--contract", data("contract.yaml")];
    execFileSync(driftline, [...args, "--policy", file, "--no-package", "--output", folder]);
    return new Uint8Array(readFileSync(join(folder, "flights-delay.driftline")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
