/** Deterministic CBOR (RFC 8949 section 4.2.1), strict both ways. */
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { equalBytes } from "../bytes.ts";
import { HearthError } from "../errors.ts";

export type CborValue = number | bigint | string | boolean | null | Uint8Array | CborValue[];

export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/** Refuses trailing bytes, indefinite lengths, and every encoding that isn't the one deterministic one. */
export function decodeCbor(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
      rejectDuplicateMapKeys: true,
    });
  } catch (cause) {
    throw new HearthError("bad_record", "malformed CBOR", { cause });
  }
  // The library forgives some things (floats that could be shorter, ill-formed text): encoding again shows them.
  if (!equalBytes(encodeCbor(value as CborValue), bytes)) {
    throw new HearthError("bad_record", "CBOR that is not deterministic");
  }
  return value;
}
