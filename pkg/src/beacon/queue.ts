/** Encoded payloads that wait for the collector, in memory or in `localStorage`. */

import type { BeaconStorage } from "../beacon.js";

/** One payload. Its text never changes: a second sending draws no new noise. */
export interface Pending {
  readonly id: string;
  readonly body: string;
  /** Milliseconds since 1970, as all times here. */
  readonly made: number;
  tried: number;
  /** Not to be sent before. */
  next: number;
  /** Somebody sends it, at most until then: whoever that is may have ended meanwhile. */
  leased: number;
  /** It was given to the browser, which does not tell what came of it. */
  handed: boolean;
}

/** Where payloads and a few words live. None of its functions throws. */
export interface Store {
  /** Whether it outlives the page or process. */
  readonly lasting: boolean;
  /** The oldest first. */
  list(): Pending[];
  put(item: Pending): void;
  remove(id: string): void;
  get(name: string): string | null;
  set(name: string, value: string): void;
}

/** A store that ends with the process. */
export function memoryStore(): Store {
  const items = new Map<string, Pending>();
  const words = new Map<string, string>();
  return {
    lasting: false,
    list: () => [...items.values()],
    put: (item) => void items.set(item.id, item),
    remove: (id) => void items.delete(id),
    get: (name) => words.get(name) ?? null,
    set: (name, value) => void words.set(name, value),
  };
}

const PREFIX = "driftline.beacon.";

/**
 * A store in `localStorage`: one entry a payload, so that two tabs do not overwrite each other's.
 * What cannot be stored, for want of room, is kept in memory.
 */
export function localStore(storage: BeaconStorage, app: string): Store | null {
  const words = `${PREFIX}${app}.`;
  const payloads = `${words}payload.`;
  try {
    // it may be there and refuse all the same
    storage.setItem(`${words}probe`, "1");
    storage.removeItem(`${words}probe`);
  } catch {
    return null;
  }
  const spare = memoryStore();
  const read = (name: string): Pending | null => {
    try {
      return pending(JSON.parse(storage.getItem(name) ?? "null"));
    } catch {
      return null;
    }
  };
  const quiet = (work: () => void): boolean => {
    try {
      work();
      return true;
    } catch {
      return false;
    }
  };
  return {
    lasting: true,
    list() {
      const found = spare.list();
      quiet(() => {
        for (let at = 0; at < storage.length; at += 1) {
          const name = storage.key(at);
          const item = name?.startsWith(payloads) ? read(name) : null;
          if (item !== null) found.push(item);
        }
      });
      return found.sort((a, b) => a.made - b.made);
    },
    put(item) {
      if (quiet(() => storage.setItem(payloads + item.id, JSON.stringify(item)))) spare.remove(item.id);
      else spare.put(item);
    },
    remove(id) {
      spare.remove(id);
      quiet(() => storage.removeItem(payloads + id));
    },
    get(name) {
      try {
        return storage.getItem(words + name) ?? spare.get(name);
      } catch {
        return spare.get(name);
      }
    },
    set(name, value) {
      spare.set(name, value);
      quiet(() => storage.setItem(words + name, value));
    },
  };
}

/** What another version of the page, or somebody else, stored may be anything. */
function pending(value: unknown): Pending | null {
  const item = value as Pending | null;
  const whole =
    typeof item === "object" &&
    item !== null &&
    typeof item.id === "string" &&
    typeof item.body === "string" &&
    [item.made, item.tried, item.next, item.leased].every(Number.isFinite);
  return whole ? item : null;
}
