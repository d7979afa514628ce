/** When to send: a page that goes or comes back, a network that is back, a process that ends. */

/** What is done then. */
export interface Moments {
  /** The page may be gone after this call: nothing that waits is done any more. */
  leave(): void;
  flush(): void;
}

/** Listens where there is something to listen to; the answer ends it. */
export function listen({ leave, flush }: Moments): () => void {
  const ends: (() => void)[] = [];
  const on = (target: EventTarget | undefined, type: string, work: () => void): void => {
    if (typeof target?.addEventListener !== "function") return;
    target.addEventListener(type, work);
    ends.push(() => target.removeEventListener(type, work));
  };
  const scope = globalThis as unknown as EventTarget & { document?: Document; process?: NodeProcess };
  const { document, process } = scope;
  if (document !== undefined) {
    // a page that is closed tells one of the two, or both: the second finds no counts any more.
    // never `unload`: it keeps pages out of the back-forward cache
    on(scope, "pagehide", leave);
    on(document, "visibilitychange", () => (document.visibilityState === "hidden" ? leave() : flush()));
    on(scope, "pageshow", flush);
  }
  on(scope, "online", flush);
  if (typeof process?.on === "function") {
    // told when nothing else keeps the process: a request that is begun now does
    let once = true;
    const last = (): void => {
      if (once) flush();
      once = false;
    };
    process.on("beforeExit", last);
    ends.push(() => process.off("beforeExit", last));
  }
  return () => {
    for (const end of ends) end();
  };
}

interface NodeProcess {
  on(type: "beforeExit", work: () => void): void;
  off(type: "beforeExit", work: () => void): void;
}
