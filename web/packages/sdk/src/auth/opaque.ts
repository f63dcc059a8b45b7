/** OPAQUE's client side with our identifiers and key stretching (docs/protocol/identity.md, Login). */
import { fromBase64url } from "../bytes.ts";
import type { PersonaId, Root } from "../connection.ts";
import { HearthError } from "../errors.ts";
import type { Fields } from "../json.ts";

/** Argon2id, its memory in KiB. */
export interface KeyStretching {
  memory: number;
  iterations: number;
  parallelism: number;
}

export const keyStretching: KeyStretching = { memory: 65_536, iterations: 3, parallelism: 1 };

/** As the record says, never cheaper than what we set, and never so dear that the page dies. */
export function readKeyStretching(started: Fields): KeyStretching {
  const told = started.object("key_stretching").object("argon2id-custom");
  const read = {
    memory: told.number("memory"),
    iterations: told.number("iterations"),
    parallelism: told.number("parallelism"),
  };
  const { memory, iterations, parallelism } = keyStretching;
  const fine =
    Number.isInteger(read.memory) &&
    read.memory >= memory &&
    read.memory <= 4 * memory &&
    Number.isInteger(read.iterations) &&
    read.iterations >= iterations &&
    read.iterations <= 4 * iterations &&
    read.parallelism === parallelism;
  if (!fine) throw new HearthError("not_authentic", "the box asks for another key stretching");
  return read;
}

export interface StartedLogin {
  ke1: string;
  /** Throws `wrong_password`: the password is wrong, or there is nobody of that name, or the host isn't the root's. */
  finish(answer: { ke2: string; persona: PersonaId; root: Root; keyStretching: KeyStretching }): {
    ke3: string;
    sessionKey: Uint8Array;
    exportKey: Uint8Array;
  };
}

export async function startLogin(typed: string): Promise<StartedLogin> {
  const client = await library();
  const password = normalized(typed);
  const { clientLoginState, startLoginRequest } = client.startLogin({ password });
  return {
    ke1: startLoginRequest,
    finish({ ke2, persona, root, keyStretching: stretching }) {
      const result = guarded(() =>
        client.finishLogin({
          clientLoginState,
          loginResponse: ke2,
          password,
          identifiers: { client: persona, server: root },
          keyStretching: { "argon2id-custom": stretching },
        }),
      );
      if (result === undefined) throw new HearthError("wrong_password", "the name or the password is wrong");
      return {
        ke3: result.finishLoginRequest,
        sessionKey: keyOf(result.sessionKey),
        exportKey: keyOf(result.exportKey),
      };
    },
  };
}

export interface StartedRegistration {
  request: string;
  finish(answer: { response: string; persona: PersonaId; root: Root }): {
    record: string;
    exportKey: Uint8Array;
  };
}

export async function startRegistration(typed: string): Promise<StartedRegistration> {
  const client = await library();
  const password = normalized(typed);
  const { clientRegistrationState, registrationRequest } = client.startRegistration({ password });
  return {
    request: registrationRequest,
    finish({ response, persona, root }) {
      const result = guarded(() =>
        client.finishRegistration({
          clientRegistrationState,
          registrationResponse: response,
          password,
          identifiers: { client: persona, server: root },
          keyStretching: { "argon2id-custom": keyStretching },
        }),
      );
      return { record: result.registrationRecord, exportKey: keyOf(result.exportKey) };
    },
  };
}

/** The same password whatever keyboard typed it (RFC 8265 speaks of NFC). */
export function normalized(password: string): string {
  return password.normalize("NFC");
}

/** 300 KB of WebAssembly that only a login needs. */
async function library() {
  const { client, ready } = await import("@serenity-kit/opaque");
  await ready;
  return client;
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new HearthError("bad_response", "the box's answer is no OPAQUE message", { cause });
  }
}

function keyOf(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes?.length !== 64) throw new HearthError("bad_response", "OPAQUE key");
  return bytes;
}
