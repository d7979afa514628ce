// A Worker that loads what it is sent, pinned to keys; the answer is the gate's identity or the error's code.

import { load, loadChannel } from "./workerd.js";

export default {
  async fetch(request) {
    const { bundle, channel, ...options } = await request.json();
    try {
      if (channel !== undefined) {
        const gate = await loadChannel(channel, { ...options, client: "worker" });
        return Response.json({ identity: gate.identity });
      }
      const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const signature = options.signature === undefined ? undefined : bytes(options.signature);
      const gate = await load(bytes(bundle), { ...options, signature });
      return Response.json({ identity: gate.identity });
    } catch (error) {
      return Response.json({ code: error.code ?? String(error) });
    }
  },
};
