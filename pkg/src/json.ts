/** Records as JSON text. */

/** JSON with integers beyond JavaScript's numbers as text, and typed arrays as arrays. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") {
      const number = Number(part);
      return Number.isSafeInteger(number) ? number : String(part);
    }
    if (ArrayBuffer.isView(part) && !(part instanceof DataView)) {
      return Array.from(part as unknown as ArrayLike<unknown>);
    }
    return part;
  });
}
