import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { answer } from "./fixture.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
/** A running collector, such as http://127.0.0.1:8787; without it made-up counts are shown. */
const collector = process.env["DRIFTLINE_COLLECTOR"];

/** Answers as a collector would, from made-up counts: for work on the page alone. */
function madeUp(): Plugin {
  return {
    name: "made-up-counts",
    configureServer(server) {
      if (collector !== undefined) return;
      server.middlewares.use((request, response, next) => {
        const url = new URL(request.url ?? "/", "http://localhost");
        if (!url.pathname.startsWith("/v1/")) return next();
        const { status, body } = answer(url);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    },
  };
}

export default defineConfig({
  root: here,
  base: "./",
  plugins: [madeUp()],
  build: {
    outDir: resolve(here, "../dist/dashboard"),
    emptyOutDir: true,
    target: "es2022",
    // the collector's policy allows no `data:` but in pictures that the page draws itself
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    port: 4174,
    fs: { allow: [resolve(here, "..")] },
    ...(collector === undefined ? {} : { proxy: { "/v1": collector } }),
  },
});
