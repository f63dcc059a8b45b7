import { ed25519 } from "@noble/curves/ed25519.js";
import { readDevice, readPersona, type Device, type Persona } from "../api.ts";
import { equalBytes, fromCrockford32, toBase64url } from "../bytes.ts";
import type { DeviceId, HearthConnection, PersonaId } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { signDeviceCertificate, type DeviceKind } from "../identity/statements.ts";
import { requestJson, type Fields } from "../json.ts";
import type { DeviceKey } from "../keys/device.ts";
import { readKeyStretching, startLogin, startRegistration } from "./opaque.ts";
import { loginProof, pairingMessage } from "./transcript.ts";
import { openVault, sealVault } from "./vault.ts";

/** How this device will appear in lists of devices. */
export interface DeviceDescription {
  /** "Firefox on Anna's laptop"; at most 64 characters. */
  name: string;
  /** `false`: the appliance forgets it 10 minutes after it has gone. */
  remember: boolean;
}

export interface SignedIn {
  persona: Persona;
  device: Device;
}

interface Common {
  /** The key the connection was made with. */
  key: DeviceKey;
  device: DeviceDescription;
  signal?: AbortSignal;
}

export interface SetupOptions extends Common {
  /** The 5 bytes of a setup link, or the console's `XXXX-XXXX`. */
  code: Uint8Array | string;
  /** 1 to 32 of `a-z 0-9 - _ .` */
  name: string;
  displayName: string;
  password: string;
}

export interface LoginOptions extends Common {
  name: string;
  password: string;
}

export interface PairOptions extends Common {
  /** The 32 bytes of a pairing link. */
  secret: Uint8Array;
}

export interface ChangePasswordOptions {
  /** The key the connection was made with. */
  key: DeviceKey;
  present: string;
  next: string;
  signal?: AbortSignal;
}

export interface AddPersonaOptions {
  name: string;
  displayName: string;
  password: string;
  /** Default `member`. */
  role?: "owner" | "member";
  signal?: AbortSignal;
}

/**
 * Makes the first owner. The persona's key is made here and sealed under the password; the appliance can't open it.
 * Rejects with `wrong_code`, `setup_closed`, `rate_limited`, `conflict`.
 */
export async function setup(connection: HearthConnection, options: SetupOptions): Promise<SignedIn> {
  const code = typeof options.code === "string" ? fromCrockford32(options.code) : options.code;
  if (code?.length !== 5) throw new HearthError("wrong_code", "that is no setup code");
  const { name, displayName, key, device, signal } = options;
  const sent = { code: toBase64url(code) };
  const { persona, seed, finish } = await register(connection, "setup", options.password, sent, signal);
  const told = await finish({ ...sent, name, display_name: displayName, device: describe(key, device) });
  const signedIn = readSignedIn(told);
  await certify(connection, seed, persona, key.id, "browser", signal);
  // The appliance vouches for devices that pair later, as a device of this persona.
  await certify(connection, seed, persona, told.object("appliance_device").text("id"), "appliance", signal);
  seed.fill(0);
  return signedIn;
}

/**
 * OPAQUE inside the authenticated connection: the password never leaves this page. Rejects with
 * `wrong_password` (also for a name nobody has), `rate_limited` (see `retryAfter`), `not_authentic`.
 */
export async function login(connection: HearthConnection, options: LoginOptions): Promise<SignedIn> {
  const { key, device, name, signal } = options;
  const request = post(connection, signal);
  const client = await startLogin(options.password);
  const started = await request("login/start", { name, ke1: client.ke1 });
  const persona = started.text("persona");
  const result = client.finish({
    ke2: started.text("ke2"),
    persona,
    root: connection.root,
    keyStretching: readKeyStretching(started),
  });
  const parties = {
    clientPeer: key.peerId,
    serverPeer: connection.peerId,
    root: connection.root,
    persona,
    device: key.id,
  };
  const finished = await request("login/finish", {
    login: started.text("login"),
    ke3: result.ke3,
    proof: toBase64url(loginProof("client", result.sessionKey, parties)),
    device: describe(key, device),
  });
  if (!equalBytes(finished.bytes("proof"), loginProof("server", result.sessionKey, parties))) {
    throw new HearthError("not_authentic", "the box couldn't prove that it knows this password's record");
  }
  const seed = openVault(finished.bytes("vault"), result.exportKey);
  try {
    checkSeed(seed, persona);
    await certify(connection, seed, persona, key.id, "browser", signal);
    // A persona that an owner made has had no way to take the appliance in before its first login.
    const told = await requestJson(connection, "GET", "/api/v1/devices", undefined, signal);
    const appliance = told
      .list("devices")
      .find((each) => each.text("kind") === "appliance" && !each.has("certificate"));
    if (appliance !== undefined)
      await certify(connection, seed, persona, appliance.text("id"), "appliance", signal);
  } finally {
    seed.fill(0);
  }
  return readSignedIn(finished);
}

/** Enrolls this device with a pairing link's secret. Rejects with `expired`, `used`, `denied`. */
export async function pair(connection: HearthConnection, options: PairOptions): Promise<SignedIn> {
  const { key, device, secret, signal } = options;
  if (secret.length !== 32) throw new HearthError("bad_link", "a pairing secret has 32 bytes");
  const request = post(connection, signal);
  const nonce = (await request("nonce", {})).bytes("nonce");
  if (nonce.length !== 32) throw new HearthError("bad_response", "nonce");
  const message = pairingMessage(key.peerId, connection.peerId, nonce, key.id);
  return readSignedIn(
    await request("pair", {
      pairing: toBase64url(ed25519.getPublicKey(secret)),
      nonce: toBase64url(nonce),
      signature: toBase64url(ed25519.sign(message, secret)),
      device: describe(key, device),
    }),
  );
}

/** Asks for the present password first (`wrong_password`). */
export async function changePassword(
  connection: HearthConnection,
  options: ChangePasswordOptions,
): Promise<void> {
  const { key, present, next, signal } = options;
  const request = post(connection, signal);
  const me = await requestJson(connection, "GET", "/api/v1/me", undefined, signal);
  const persona = me.object("persona").text("id");
  if (me.object("device").text("id") !== key.id)
    throw new HearthError("unauthorized", "signed in with another key");
  const client = await startLogin(present);
  const started = await request("password/start", { ke1: client.ke1 });
  const login = client.finish({
    ke2: started.text("ke2"),
    persona,
    root: connection.root,
    keyStretching: readKeyStretching(started),
  });
  const registration = await startRegistration(next);
  const verified = await request("password/verify", {
    ke3: login.ke3,
    registration_request: registration.request,
  });
  const seed = openVault(verified.bytes("vault"), login.exportKey);
  try {
    checkSeed(seed, persona);
    const { record, exportKey } = registration.finish({
      response: verified.text("registration_response"),
      persona,
      root: connection.root,
    });
    await request("password/finish", {
      registration_record: record,
      vault: toBase64url(sealVault(seed, exportKey)),
    });
  } finally {
    seed.fill(0);
  }
}

/** By an owner's device: makes another person with an own key and password. */
export async function addPersona(connection: HearthConnection, options: AddPersonaOptions): Promise<Persona> {
  const { name, displayName, password, role, signal } = options;
  const { seed, finish } = await register(connection, "personas", password, {}, signal);
  seed.fill(0);
  const described = { name, display_name: displayName, ...(role === undefined ? {} : { role }) };
  return readPersona((await finish(described)).object("persona"));
}

/** A new persona's key, and its password's record, up to the request that finishes. */
async function register(
  connection: HearthConnection,
  path: "setup" | "personas",
  password: string,
  sent: object,
  signal: AbortSignal | undefined,
): Promise<{ persona: PersonaId; seed: Uint8Array; finish: (more: object) => Promise<Fields> }> {
  const request = post(connection, signal);
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const persona = toBase64url(ed25519.getPublicKey(seed));
  const registration = await startRegistration(password);
  const started = await request(`${path}/start`, {
    ...sent,
    persona,
    registration_request: registration.request,
  });
  const { record, exportKey } = registration.finish({
    response: started.text("registration_response"),
    persona,
    root: connection.root,
  });
  const vault = toBase64url(sealVault(seed, exportKey));
  const id = started.text("setup");
  return {
    persona,
    seed,
    finish: (more) => request(`${path}/finish`, { setup: id, registration_record: record, vault, ...more }),
  };
}

/** The persona says that a device is its own. */
async function certify(
  connection: HearthConnection,
  seed: Uint8Array,
  persona: PersonaId,
  device: DeviceId,
  kind: DeviceKind,
  signal: AbortSignal | undefined,
): Promise<void> {
  const issued = Math.floor(Date.now() / 1000);
  const certificate = await signDeviceCertificate({ persona, device, kind, issued }, (message) =>
    ed25519.sign(message, seed),
  );
  await requestJson(
    connection,
    "PUT",
    "/api/v1/devices/self/certificate",
    { certificate: toBase64url(certificate) },
    signal,
  );
}

/** The vault holds what the persona's id says, or somebody swapped it. */
function checkSeed(seed: Uint8Array, persona: PersonaId): void {
  if (toBase64url(ed25519.getPublicKey(seed)) !== persona) {
    throw new HearthError("bad_record", "the vault holds another persona's key");
  }
}

function describe(key: DeviceKey, { name, remember }: DeviceDescription): object {
  return { id: key.id, name, kind: "browser", remember };
}

function readSignedIn(fields: Fields): SignedIn {
  return { persona: readPersona(fields.object("persona")), device: readDevice(fields.object("device")) };
}

function post(connection: HearthConnection, signal: AbortSignal | undefined) {
  return (path: string, body: object): Promise<Fields> =>
    requestJson(connection, "POST", `/api/v1/${path}`, body, signal);
}
