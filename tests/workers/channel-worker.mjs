// A Worker that follows a channel, as a user writes it; addresses and key come from a module.

import { COLLECTOR, CHANNEL, KEY } from "./config.mjs";
import { loadChannelSync } from "./workerd.js";

const gate = loadChannelSync(CHANNEL, {
  publicKeys: [KEY],
  client: "worker",
  pollMs: 100,
  activations: { collector: COLLECTOR, consent: true },
});

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/refresh") await gate.refresh();
    if (pathname !== "/") return Response.json(gate.channel);
    gate.keepFresh(ctx);
    const { identity, action, scores } = gate.predict(await request.json());
    return Response.json({ identity, action, scores });
  },
};
