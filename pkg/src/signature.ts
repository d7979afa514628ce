/**
 * Who vouches for a bundle: the file `NAME.sig` against pinned keys. docs/identity.md has the format;
 * `crates/cli/src/signature` is the same in Rust, and both read tests/vectors/signature.json.
 */

import type { DriftlineError, LoadOptions } from "./api.js";
import { keyOf, MAX_KEYS, type PublicKey, sha256 } from "./ed25519.js";
import { fault } from "./error.js";
import { manifestOf } from "./manifest.js";
import { invalid, isTime, objectOf, open, type Said, type Signed, signedList, trusted } from "./signed.js";

const FILE = "driftline.signatures/1";
const SIGNATURE = "driftline.signature/1";

/** As the limit of the core. */
const MAX_BYTES = 65_536;

/** What a key says of a bundle. */
interface Statement {
  readonly format: string;
  readonly identity: string;
  readonly name: string;
  readonly key: string;
  readonly sequence: number;
  readonly wasm?: string;
  readonly created?: string;
  readonly expires?: string;
}

/** What is to be vouched for. */
interface Subject {
  readonly identity: string;
  readonly name: string;
  /** Hash of the WebAssembly file that the bundle came in, if it came in one. */
  readonly wasm?: string | undefined;
}

/** Whom to believe, and how old it may be. */
interface Trust {
  readonly keys: readonly PublicKey[];
  readonly minimum: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Refuses a bundle that no pinned key vouches for; nothing is done where no keys are pinned. `file` is the
 * whole WebAssembly file, if the bundle came in one whose bytes are at hand.
 *
 * @throws DriftlineError the codes of docs/identity.md, and `bad_usage`
 */
export async function vouch(
  bundle: Uint8Array<ArrayBuffer>,
  file: Uint8Array<ArrayBuffer> | null,
  options: LoadOptions,
  read: (source: NonNullable<LoadOptions["signature"]>) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const { publicKeys, signature, minimum = 0, now } = options;
  if (publicKeys === undefined) {
    if (signature === undefined && minimum === 0) return;
    throw fault("bad_usage", "a signature is checked only with `publicKeys`");
  }
  if (!Array.isArray(publicKeys) || publicKeys.length === 0 || publicKeys.length > MAX_KEYS) {
    throw fault("bad_usage", `\`publicKeys\` names 1 to ${MAX_KEYS} keys`);
  }
  if (!Number.isSafeInteger(minimum) || minimum < 0) {
    throw fault("bad_usage", "`minimum` is a whole number from 0");
  }
  if (signature === undefined) throw fault("signature_missing", "the bundle comes without a signature");
  const keys = await Promise.all(publicKeys.map(keyOf));
  const { bytes, name } = manifestOf(bundle);
  const subject = {
    identity: `sha256:${await sha256(bytes)}`,
    name,
    wasm: file === null ? undefined : `sha256:${await sha256(file)}`,
  };
  await verify(await read(signature), subject, { keys, minimum, now: now ?? Date.now() });
}

/** The first statement by a trusted key that vouches for the subject; the errors are those of {@link vouch}. */
export async function verify(file: Uint8Array<ArrayBuffer>, subject: Subject, trust: Trust): Promise<Statement> {
  const { signatures, rotations } = fileOf(file);
  const keys = await trusted(rotations, trust.keys);
  let first: unknown;
  let unknown: unknown;
  for (const signed of signatures) {
    try {
      const statement = (await open(signed, SIGNATURE, keys, isSignature)) as unknown as Statement;
      judge(statement, subject, trust);
      return statement;
    } catch (raised) {
      if ((raised as DriftlineError).code === "key_unknown") unknown ??= raised;
      else first ??= raised;
    }
  }
  throw first ?? unknown ?? fault("signature_missing", "the signature file holds no signature");
}

function fileOf(bytes: Uint8Array<ArrayBuffer>): { signatures: Signed[]; rotations: Signed[] } {
  if (bytes.length > MAX_BYTES) throw invalid(`the signature file has ${bytes.length} bytes`);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const { format, signatures, rotations = [], ...rest } = objectOf(text, "the signature file");
  if (typeof format !== "string") throw invalid("the signature file has no format");
  if (format !== FILE) throw fault("format_version", `the signature file's format is not \`${FILE}\``);
  if (Object.keys(rest).length > 0) throw invalid("the signature file has an unknown member");
  return { signatures: signedList(signatures), rotations: signedList(rotations) };
}

/** Whether it has the members that its format has, and no other. */
function isSignature({ identity, name, sequence, wasm, expires, ...more }: Said): boolean {
  return (
    typeof identity === "string" &&
    typeof name === "string" &&
    Number.isSafeInteger(sequence) &&
    (sequence as number) >= 0 &&
    ["undefined", "string"].includes(typeof wasm) &&
    (expires === undefined || isTime(expires)) &&
    Object.keys(more).length === 0
  );
}

function judge(statement: Statement, subject: Subject, { minimum, now }: Trust): void {
  const { identity, name, wasm, sequence, expires } = statement;
  if (identity !== subject.identity) throw invalid("the signature is of another bundle");
  if (name !== subject.name) throw invalid("the signature is of another name");
  if (subject.wasm !== undefined && wasm !== subject.wasm) {
    throw invalid(
      wasm === undefined
        ? "the signature is of the bundle alone and not of the WebAssembly file"
        : "the signature is of another WebAssembly file",
    );
  }
  if (expires !== undefined) {
    // in a Worker's global scope no time passes, and it is 1970
    if (!(now > 0)) {
      throw fault("bad_usage", "the signature expires, and there is no clock here", {
        help: "load in a handler, or pass `now`",
      });
    }
    if (Date.parse(expires) <= now) {
      throw fault("signature_expired", `the signature was good until ${expires}`);
    }
  }
  if (sequence < minimum) {
    throw fault("downgrade", `sequence ${sequence} is below the least, ${minimum}`);
  }
}
