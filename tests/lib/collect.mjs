// The collector of the command, as a process.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driftline } from "./channels.mjs";

/** Starts one; `settings` in TOML. */
export async function collect(settings = "") {
  const folder = mkdtempSync(join(tmpdir(), "driftline-collect-"));
  writeFileSync(join(folder, "settings.toml"), settings);
  const args = ["collect", "--listen", "127.0.0.1:0", "--json", "--data", folder, "--config", join(folder, "settings.toml")];
  const child = spawn(driftline, args, { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((heard, failed) => {
    child.stdout.once("data", (bytes) => heard(String(bytes)));
    child.once("exit", (status) => failed(new Error(`the collector ended with ${status}`)));
  });
  const url = JSON.parse(line).listening;
  return {
    url,
    get: async (path) => (await fetch(url + path)).json(),
    /** Activations by name of the bundle, summed over hours. */
    async activations(bundles) {
      const found = {};
      for (const { identity, activated, failed } of (await this.get("/v1/deployments")).activations) {
        const name = bundles.find((one) => one.identity === identity)?.name ?? identity;
        const sum = (found[name] ??= { activated: 0 });
        sum.activated += activated;
        for (const { code, count } of failed) sum[code] = (sum[code] ?? 0) + count;
      }
      return found;
    },
    async close() {
      child.removeAllListeners("exit");
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
