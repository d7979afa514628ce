/** Errors that the JavaScript side raises itself, with the advice that the core gives. */

import { DriftlineError, type Place } from "./api.js";

/** Advice by code; a test compares it with the table in `src/error.rs`. */
const HELP = {
  bad_usage: "see `--help`",
  bad_input: "check the file's format and encoding",
  io: "check the path and its permissions",
  disposed: "load the bundle again",
  token_invalid: "send the token as it was given, to a gate of the same identity and key",
  token_expired: "send outcomes in time, or sign tokens for a longer one",
  bundle_syntax: "pass the .driftline file or the .wasm that `driftline build` wrote",
  bundle_duplicate: "build the package again; tools must not append sections",
  bundle_missing: "pass a bundle to load(), or use the package that `driftline build` wrote",
  format_version: "use a driftline version that reads it; the policy is in docs/compatibility.md",
  signature_missing: "sign it with `driftline sign`, and pass the .sig file beside it",
  signature_invalid: "take bundle and signature from the same release; docs/identity.md has the format",
  signature_expired: "sign the bundle again, or release a newer one",
  signature_unsupported: "use a host whose WebCrypto has Ed25519; docs/identity.md lists them",
  key_unknown: "pin the signer's public key, or add the rotation that leads to it",
  downgrade: "load a newer release; lower `minimum` if the older one is meant",
  input_too_large: "split the input; the limits are listed in docs/limits.md",
  bundle_truncated: "copy or download it again",
  bundle_altered: "build or download it again; never edit a bundle",
  self_test_failed: "do not serve it here; `driftline verify` names the first row that differs",
  channel_invalid: "edit channels with `driftline release` and its kin only; docs/channels.md has the format",
  channel_expired: "sign it anew with `driftline renew CHANNEL --expires TIME`",
  runtime_mismatch: "use the wasm that was built with the bundle",
  trap: "report it with the record's shape; the gate answers again",
} as const;

/** An error of this side. */
export function fault(
  code: keyof typeof HELP,
  message: string,
  details: { help?: string; place?: Place; cause?: unknown } = {},
): DriftlineError {
  return new DriftlineError(code, message, { help: HELP[code], ...details });
}

/** The error that the core raised, or `null` if `raised` is something else. */
export function fromCore(raised: unknown): DriftlineError | null {
  if (!(raised instanceof Error) || raised instanceof WebAssembly.RuntimeError) return null;
  const { code, help, place } = raised as Error & { code?: unknown; help?: unknown; place?: unknown };
  if (typeof code !== "string" || typeof help !== "string") return null;
  return new DriftlineError(code, raised.message, { help, place: (place as Place) ?? null });
}

/** What a caught value says. */
export function messageOf(raised: unknown): string {
  return raised instanceof Error ? raised.message : String(raised);
}
