/** Requests that end, and bodies that are bounded. */

import { fault, messageOf } from "../error.js";

/** Asks for an address; 304 only where an entity tag was sent. */
export type Ask = (address: string, etag: string | null) => Promise<Response>;

const TIMEOUT_MS = 30_000;

export function asker(send: typeof fetch): Ask {
  return async (address, etag) => {
    const { origin } = (globalThis as { location?: { origin?: string } }).location ?? {};
    // a page that asks elsewhere would need leave for the header; its own cache revalidates for it
    const named = etag !== null && (origin === undefined || address.startsWith(`${origin}/`));
    let answer: Response;
    try {
      answer = await send(address, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(named && { headers: { "if-none-match": etag } }),
        ...(origin !== undefined && ({ cache: "no-cache", credentials: "omit" } as const)),
      });
    } catch (raised) {
      throw fault("io", `\`${address}\` could not be requested: ${messageOf(raised)}`, {
        help: "check the address, the network and the page's content security policy",
        place: { file: address },
        cause: raised,
      });
    }
    if (answer.ok || (named && answer.status === 304)) return answer;
    // an answer that nobody reads holds its connection
    await answer.body?.cancel();
    throw fault("io", `the server answered ${answer.status} for \`${address}\``, { place: { file: address } });
  };
}

/**
 * A body of at most so many bytes.
 *
 * @throws DriftlineError `io`, `input_too_large`
 */
export async function bounded(answer: Response, address: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    const reader = answer.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) break;
      bytes += value.length;
      if (bytes > most) {
        await reader?.cancel();
        break;
      }
      parts.push(value);
    }
  } catch (raised) {
    throw fault("io", `\`${address}\` could not be read to its end: ${messageOf(raised)}`, { cause: raised });
  }
  if (bytes > most) throw fault("input_too_large", `\`${address}\` has more than ${most} bytes`);
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
