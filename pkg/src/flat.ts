/**
 * Records and decisions through shared memory: one call into WebAssembly for each record.
 *
 * Only plain objects whose values are numbers, texts, booleans, null and dates are taken; everything
 * else is left to the long way, which reads the object from inside and names what is wrong with it.
 */

import type { Decision } from "./api.js";
import type { RawGate } from "./glue.js";

const [ABSENT, NULL, FALSE, TRUE, NUMBER, DATE, TEXT] = [0, 1, 2, 3, 4, 5, 6];
const FIXED = 10;

/** Decides a record, or answers `undefined` if it has to go the long way. */
export type Short = (record: unknown, now: number) => Decision | undefined;

/** The short way of a gate on one instance. */
export function short(raw: RawGate, memory: WebAssembly.Memory, names: readonly string[]): Short {
  const places = new Map(names.map((name, at) => [name, at]));
  const [kindsAt, wordsAt, textAt, answerAt, textBytes] = raw.flatAddresses() as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const [actions, reasons, labels] = raw.flatWords();
  const { identity } = raw;
  const encoder = new TextEncoder();
  let buffer: ArrayBufferLike | undefined;
  let kinds = new Uint8Array(0);
  let numbers = new Float64Array(0);
  let spans = new Uint32Array(0);
  let text = new Uint8Array(0);
  let answer = new Float64Array(0);

  /** The views go stale whenever the memory grows. */
  function views(): void {
    if (buffer === memory.buffer) return;
    buffer = memory.buffer;
    kinds = new Uint8Array(buffer, kindsAt, names.length);
    numbers = new Float64Array(buffer, wordsAt, names.length);
    spans = new Uint32Array(buffer, wordsAt, 2 * names.length);
    text = new Uint8Array(buffer, textAt, textBytes);
    answer = new Float64Array(buffer, answerAt, FIXED + labels.length);
  }

  function write(record: object): boolean {
    kinds.fill(ABSENT);
    let used = 0;
    for (const key of Reflect.ownKeys(record)) {
      const at = places.get(key as string);
      if (at === undefined) return false;
      const value = (record as Record<string, unknown>)[key as string];
      switch (typeof value) {
        case "number":
          kinds[at] = NUMBER;
          numbers[at] = value;
          break;
        case "string": {
          if (value.length > textBytes - used) return false;
          const { read, written } = encoder.encodeInto(value, text.subarray(used));
          if (read !== value.length) return false;
          kinds[at] = TEXT;
          spans[2 * at] = used;
          spans[2 * at + 1] = written;
          used += written;
          break;
        }
        case "boolean":
          kinds[at] = value ? TRUE : FALSE;
          break;
        case "undefined":
          break;
        default:
          if (value === null) {
            kinds[at] = NULL;
          } else if (value instanceof Date && Object.getPrototypeOf(value) === Date.prototype) {
            kinds[at] = DATE;
            numbers[at] = Date.prototype.getTime.call(value);
          } else {
            return false;
          }
      }
    }
    return true;
  }

  const label = (at: number): string | null => (at === at ? (labels[at] as string) : null);
  const number = (x: number): number | null => (x === x ? x : null);

  return (record, now) => {
    try {
      if (typeof record !== "object" || record === null) return undefined;
      const prototype = Object.getPrototypeOf(record) as unknown;
      if (prototype !== Object.prototype && prototype !== null) return undefined;
      views();
      if (!write(record)) return undefined;
    } catch {
      // a getter or a proxy that throws: the long way says so
      return undefined;
    }
    if (!raw.flatPredict(now)) return undefined;
    views();
    const [action, reason, chosen, value, predicted, confidence, count, broken, own, novelty] =
      answer as unknown as [number, number, number, number, number, number, number, number, number, number];
    if (action !== action) return raw.flatWhole() as Decision;
    let scores: Record<string, number> | null = null;
    if (count === count) {
      scores = {};
      for (let i = 0; i < count; i += 1) scores[labels[i] as string] = answer[FIXED + i] as number;
    }
    const made = {
      action: actions[action],
      reason: reasons[reason],
      label: label(chosen),
      value: number(value),
      predicted: label(predicted),
      confidence: number(confidence),
      scores,
      ...(novelty === novelty ? { novelty } : undefined),
      violations: broken > 0 ? raw.flatViolations() : [],
      identity,
    };
    if (own === own) (made as { predicted_value?: number }).predicted_value = own;
    return made as Decision;
  };
}
