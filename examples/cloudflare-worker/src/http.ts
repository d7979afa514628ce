/** Requests in, problems out (RFC 9457). */

/** A flight has a few hundred bytes. */
const MAX_BYTES = 16_384;

/** A request that is not understood, with driftline's code for it. */
export class BadRequest extends Error {
  readonly code = "bad_input";
  readonly help = "POST one flight as a JSON object";
}

/**
 * The body as JSON.
 *
 * @throws BadRequest
 */
export async function readRecord(request: Request): Promise<unknown> {
  const text = await bounded(request);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // the parser's own message quotes the record
    throw new BadRequest("the body is no JSON", { cause });
  }
}

async function bounded(request: Request): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let [text, bytes] = ["", 0];
  try {
    for await (const part of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += part.length;
      if (bytes > MAX_BYTES) break;
      text += decoder.decode(part, { stream: true });
    }
    text += decoder.decode();
  } catch (cause) {
    if (bytes <= MAX_BYTES) throw new BadRequest("the body is no UTF-8", { cause });
  }
  if (bytes > MAX_BYTES) {
    throw new BadRequest(`the body has more than ${MAX_BYTES} bytes`);
  }
  return text;
}

export function problem(
  status: number,
  code: string,
  detail: string,
  headers: Record<string, string> = {},
  help = "",
): Response {
  const body = { type: "about:blank", status, code, detail, ...(help !== "" && { help }) };
  return Response.json(body, { status, headers: { ...headers, "content-type": "application/problem+json" } });
}
