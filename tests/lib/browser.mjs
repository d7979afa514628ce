// A browser and a static server for the tests in Chromium.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Finds the browser that `cargo xtask` found, or Debian's. */
function executable() {
  const candidates = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];
  const found = candidates.find((path) => path && existsSync(path));
  if (found === undefined) throw new Error("Chromium is needed; name its path in CHROMIUM");
  return found;
}

/** Starts Chromium without anything that calls home. */
export function launch() {
  return chromium.launch({
    executablePath: executable(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Serves folder by prefix, such as `{ "/package/": dir }`, and pages by path, on a free port of
 * this machine. A page is `{ html, policy, type }`.
 */
export async function serve(folders, pages = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const page = pages[pathname];
    if (page !== undefined) {
      const headers = { "content-type": page.type ?? TYPES[".html"] };
      if (page.policy) headers["content-security-policy"] = page.policy;
      response.writeHead(200, headers).end(page.html);
      return;
    }
    const prefix = Object.keys(folders).find((name) => pathname.startsWith(name));
    const inside = normalize(pathname.slice(prefix?.length ?? 0) || "index.html");
    try {
      if (prefix === undefined || inside.startsWith("..")) throw new Error("not served");
      const body = await readFile(join(folders[prefix], inside));
      response.writeHead(200, { "content-type": TYPES[extname(inside)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" }).end("no such file");
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((closed) => server.close(closed)),
  };
}
