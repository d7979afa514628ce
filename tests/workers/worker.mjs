// A Worker as a user writes it: the model in global scope, escalations to a queue and a webhook.

import { loadSync, queue, webhook } from "./workerd.js";

const gate = loadSync();
let routes;
const received = [];

/** Bindings are at hand in a request only. */
function open(env) {
  routes = [
    queue(env.REVIEW, { auto: false }),
    webhook({ url: env.DESK, secret: env.SECRET, auto: false, firstDelayMs: 5 }),
  ];
  for (const route of routes) gate.onEscalate(route);
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/received") return Response.json(received);
    if (pathname === "/status") {
      return Response.json({ gate: gate.status(), routes: routes.map(({ status }) => status) });
    }
    if (routes === undefined) open(env);
    const decision = gate.predict(await request.json());
    for (const route of routes) ctx.waitUntil(route.flush());
    return Response.json(decision);
  },

  async queue(batch) {
    for (const { body } of batch.messages) received.push(body);
  },
};
