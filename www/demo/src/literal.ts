/** JSON, and the JavaScript values that JSON cannot write: NaN, ±Infinity, undefined, `12n`. */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BIG = /-?\d+n/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const WORDS = new Map<string, unknown>([
  ["null", null],
  ["true", true],
  ["false", false],
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
const WORD = /-?[A-Za-z]+/y;
const SPACE = /[ \t\r\n]*/y;
const MAX_DEPTH = 200;

/** Reads one value. Throws a `SyntaxError` that names line and column. */
export function parse(text: string): unknown {
  let at = 0;

  const value = (depth: number): unknown => {
    space();
    if (depth > MAX_DEPTH) fail("the nesting is too deep");
    if (text[at] === "{") return object(depth);
    if (text[at] === "[") return array(depth);
    const quoted = take(TEXT);
    if (quoted !== null) return unquote(quoted);
    const big = take(BIG);
    if (big !== null) return BigInt(big.slice(0, -1));
    const number = take(NUMBER);
    if (number !== null) return Number(number);
    const word = take(WORD);
    if (word !== null && WORDS.has(word)) return WORDS.get(word);
    if (word !== null) at -= word.length;
    return fail(at < text.length ? `a value was expected before \`${text.slice(at, at + 12)}\`` : "the text ends too early");
  };

  const object = (depth: number): object => {
    const made = {};
    list("}", () => {
      const name = take(TEXT);
      if (name === null) fail("a name in double quotes was expected");
      space();
      expect(":");
      // as JSON.parse does: `__proto__` becomes a field and never the prototype
      Object.defineProperty(made, unquote(name as string), {
        value: value(depth + 1),
        configurable: true,
        enumerable: true,
        writable: true,
      });
    });
    return made;
  };

  const array = (depth: number): unknown[] => {
    const made: unknown[] = [];
    list("]", () => made.push(value(depth + 1)));
    return made;
  };

  const list = (end: string, item: () => void): void => {
    at += 1;
    space();
    if (text[at] === end) {
      at += 1;
      return;
    }
    for (;;) {
      space();
      item();
      space();
      if (text[at] === end) break;
      expect(",");
    }
    at += 1;
  };

  const unquote = (quoted: string): string => {
    try {
      return JSON.parse(quoted) as string;
    } catch {
      return fail("the text has an escape that JSON does not know") as never;
    }
  };

  const expect = (mark: string): void => {
    if (text[at] !== mark) fail(`\`${mark}\` was expected`);
    at += 1;
  };

  const space = (): void => void take(SPACE);

  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    if (found !== null) at += found.length;
    return found;
  };

  const fail = (message: string): never => {
    const before = text.slice(0, at).split("\n");
    throw new SyntaxError(`line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${message}`);
  };

  const whole = value(0);
  space();
  if (at < text.length) fail("the value ends here, but more text follows");
  return whole;
}

/** Writes a value so that {@link parse} reads it again. */
export function format(value: unknown, indent = ""): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map((item) => format(item, indent)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const inner = `${indent}  `;
    const lines = Object.entries(value).map(
      ([name, item]) => `${inner}${JSON.stringify(name)}: ${format(item, inner)}`,
    );
    return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
