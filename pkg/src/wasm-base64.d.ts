/** The WebAssembly file in base64; written by the build. */
export declare const WASM_BASE64: string;
