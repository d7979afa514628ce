// A tab that is watched: what it complains of, and whom it asks.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Folder for screenshots; none are written without it. */
const shots = process.env.DRIFTLINE_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

/** Opens a tab. `expected` are complaints that belong to the test, such as a refused request's. */
export async function watched(browser, origin, { expected = /^$/, ...options } = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const [complaints, elsewhere] = [[], []];
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type()) || expected.test(message.text())) return;
    complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) elsewhere.push(request.url());
  });
  const settled = () => page.waitForSelector("main:not([aria-busy])");
  return {
    page,
    complaints,
    elsewhere,
    settled,
    async visit(search = "") {
      await page.goto(`${origin}/${search}`);
      await settled();
    },
  };
}

export async function shoot(page, name) {
  if (!shots) return;
  await page.waitForTimeout(200);
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Faults of accessibility that axe-core calls serious or critical. */
export async function faults(page) {
  // not as a script element, which the page's policy refuses
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}
