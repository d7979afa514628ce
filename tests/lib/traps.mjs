// Real traps in real instances: memory that is exhausted until the allocator gives up.

import { good } from "./flights.mjs";

const { instantiate } = WebAssembly;
export const { Instance } = WebAssembly;

/** Watches which instances are made, and silences the panic hook, until `end`. */
export function watch() {
  const instances = [];
  const { error } = console;
  WebAssembly.instantiate = async (...args) => {
    const made = await instantiate(...args);
    instances.push(made instanceof Instance ? made : made.instance);
    return made;
  };
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, args) {
      const made = Reflect.construct(target, args);
      instances.push(made);
      return made;
    },
  });
  console.error = () => {};
  const end = () => {
    WebAssembly.instantiate = instantiate;
    WebAssembly.Instance = Instance;
    console.error = error;
  };
  return { instances, end };
}

/** Leaves an instance without a page to grow by. */
export function exhaust({ exports: { memory } }) {
  for (let pages = 65_536; pages >= 1; pages = Math.floor(pages / 2)) {
    try {
      for (;;) memory.grow(pages);
    } catch {
      // this many are not to be had any more: try half
    }
  }
}

/** A batch that needs more memory than an instance has at rest. */
export const large = () => Array.from({ length: 1000 }, (_, at) => ({ ...good(), carrier: `${at}`.repeat(5000) }));
