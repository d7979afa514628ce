// `driftline collect` as a process, and the flights of 2013 as the beacons of its gate.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle, data, flights, rows } from "./flights.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const driftline = resolve(process.env.DRIFTLINE ?? resolve(root, "target/debug/driftline"));
const DAY = 86_400_000;

/** What the gates here declare beyond the bundle. */
export const DECLARED = { segments: { origin: ["EWR", "JFK", "LGA"] }, metrics: ["late_flights"] };

/** How much each input weighs, as a training run may have told. */
export const IMPORTANCE = {
  scheduled_departure: 0.31,
  dest: 0.17,
  humidity: 0.14,
  temp: 0.12,
  pressure: 0.09,
  wind_speed: 0.07,
  carrier: 0.06,
  precip: 0.03,
  visib: 0.01,
};

/** Starts a collector on a free port; it is told of `settings` in TOML, and of the flights if asked. */
export async function collect({ settings = "", registered = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "driftline-"));
  const file = (name, content) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  // history may come, and all of it from one address
  const config = file(
    "driftline.toml",
    `accept_days = 36525\n${settings}\n[caps]\nother_beacons = 100000\nrandomized_beacons = 100000\n`,
  );
  const known = registered
    ? ["--register", file("flights.driftline", bundle()), "--declared", file("declared.json", JSON.stringify(DECLARED))]
    : [];
  const child = spawn(
    driftline,
    ["collect", "--json", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), "--config", config, ...known],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = new Promise((end) => child.once("exit", end));
  const line = await Promise.race([
    new Promise((told) => createInterface(child.stdout).once("line", told)),
    ended.then((status) => assert.fail(`driftline collect ended with ${status}`)),
  ]);
  const origin = JSON.parse(line).listening;
  return {
    origin,
    async get(path, token) {
      const answer = await fetch(`${origin}${path}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
      return answer.json();
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Registers a bundle as a deployment would, with the importance of its inputs. */
export async function register(origin, bytes = bundle()) {
  const words = new URLSearchParams({ declared: JSON.stringify(DECLARED), importance: JSON.stringify(IMPORTANCE) });
  const answer = await fetch(`${origin}/v1/bundles?${words}`, { method: "POST", body: bytes });
  assert.ok(answer.ok, await answer.text());
}

/** What another version checks of every window. */
export const CHECKS = [
  { of: { kind: "row_count" }, minimum: 100 },
  { input: "temp", of: { kind: "mean" }, minimum: 30, maximum: 70 },
  { input: "origin", of: { kind: "linf", against: "previous" }, maximum: 0.5 },
];

/** Another version of the flights: the same model without a policy, with checks of windows. */
export async function another() {
  const folder = mkdtempSync(join(tmpdir(), "driftline-"));
  const checks = join(folder, "checks.json");
  writeFileSync(checks, JSON.stringify({ format: "driftline.window_checks/1", checks: CHECKS }));
  const given = ["--contract", data("contract.yaml"), "--baseline", data("baseline.json"), "--window-checks", checks];
  const parts = [...given, "--output", folder];
  execFileSync(driftline, ["build", data("model.onnx"), ...parts], { stdio: ["ignore", "ignore", "inherit"] });
  return {
    bytes: readFileSync(join(folder, "flights-delay.driftline")),
    module: await import(pathToFileURL(join(folder, "package/node.js")).href),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** One gate's flights by day, with what became of each, sent to a collector. */
export async function feed(origin, { module = flights, every = 1, until = "2014" } = {}) {
  const gate = module.loadSync(undefined, { summary: { ...DECLARED, remember: 20_000 } });
  const reporter = module.reporterOf(gate);
  const { records, cells } = rows(gate.info.inputs, "production.csv.gz");
  const days = new Map();
  for (const [nth, record] of records.entries()) {
    const day = String(record.scheduled_departure).slice(0, 10);
    if (nth % every !== 0 || day >= until) continue;
    days.set(day, [...(days.get(day) ?? []), { record, late: cells[nth].late === "1" }]);
  }
  for (const [day, some] of days) {
    for (const { record, late } of some) {
      gate.segment({ origin: record.origin });
      const decision = gate.predict(record);
      gate.outcome(gate.track(decision), { label: late ? "late" : "on_time", metrics: { late_flights: Number(late) } });
    }
    await send(origin, reporter, Date.parse(`${day}T12:00:00Z`));
  }
  return { identity: gate.identity, records: [...days.values()].flat().length };
}

async function send(origin, reporter, at) {
  const body = reporter.encode(
    reporter.take(),
    {
      id: randomUUID(),
      mode: "pseudonymous",
      start_ms: at,
      end_ms: at + DAY / 48,
      host: "node",
      sdk: "0.1.0",
      instance: null,
      seq: 0,
      users: null,
      rate: 1,
      feature: null,
      key: null,
    },
    (bytes) => new Uint8Array(randomBytes(bytes)),
  );
  const answer = await fetch(`${origin}/v1/beacons`, { method: "POST", body });
  assert.equal(answer.status, 204, await answer.text());
}
