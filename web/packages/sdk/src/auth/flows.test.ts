/** The flows against an appliance made of `@serenity-kit/opaque`'s server and the documents. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { ready, server } from "@serenity-kit/opaque";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HearthApi } from "../api.ts";
import { fromBase64url, toBase64url } from "../bytes.ts";
import type { HearthConnection, HearthRequestInit } from "../connection.ts";
import { EventReader } from "../events.ts";
import { peerIdBytes, peerIdText } from "../identity/peer.ts";
import { verifyDeviceCertificate, verifySignature } from "../identity/statements.ts";
import { makeDeviceKey, type DeviceKey } from "../keys/device.ts";
import { addPersona, changePassword, login, pair, setup } from "./flows.ts";
import { loginProof, pairingMessage } from "./transcript.ts";

const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const keyFrom = (fill: number): DeviceKey =>
  makeDeviceKey(ed25519.getPublicKey(seed(fill)), {
    remembered: false,
    protection: "memory",
    sign: async (message) => ed25519.sign(message, seed(fill)),
  });
const idOf = (fill: number): string => toBase64url(ed25519.getPublicKey(seed(fill)));
const peerOf = (fill: number): string => peerIdText(peerIdBytes(ed25519.getPublicKey(seed(fill))));

const root = idOf(1);
const code = "28T5-CY4T";
const device = { name: "Test", remember: true };

type Json = Record<string, unknown>;

/** Holds what an appliance holds, and nothing of the password. */
class Box {
  readonly opaqueSetup = server.createSetup();
  readonly personas = new Map<
    string,
    { id: string; name: string; record: string; vault: string; role: string }
  >();
  readonly certificates: string[] = [];
  readonly sent: string[] = [];
  serverPeer = peerOf(2);
  /** The PeerId this host sees; a middleman's when there is one. */
  clientPeer = peerOf(3);
  clientDevice = idOf(3);
  signedIn = "";
  loggedIn = "";
  pairing = new Set([toBase64url(ed25519.getPublicKey(seed(7)))]);
  stretching = { memory: 65_536, iterations: 3, parallelism: 1 };
  answers: Json = {};
  #pending: { state: string; name: string } | undefined;
  #nonce = seed(9);

  connection(peerId = this.serverPeer): HearthConnection {
    return {
      root,
      peerId,
      fetch: async (path: string, init?: HearthRequestInit) => {
        const body = typeof init?.body === "string" ? (JSON.parse(init.body) as Json) : {};
        this.sent.push(`${init?.method} ${path} ${JSON.stringify(body)}`);
        const answer = this.answers[path] ?? this.#answer(`${init?.method} ${path}`, body);
        if (answer instanceof Response) return answer;
        return answer === undefined ? new Response(null, { status: 204 }) : Response.json(answer);
      },
    } as unknown as HearthConnection;
  }

  #answer(request: string, body: Json): Json | Response | undefined {
    const text = (name: string): string => body[name] as string;
    switch (request.replace("/api/v1/", "")) {
      case "POST setup/start":
        if (text("code") !== "EjRWeJo") return refuse(403, "wrong_code");
        if (this.personas.size > 0) return refuse(403, "setup_closed");
        return this.#register(body);
      case "POST personas/start":
        return this.#register(body);
      case "POST setup/finish":
      case "POST personas/finish": {
        const persona = this.#pending?.state ?? "";
        const role = this.personas.size === 0 ? "owner" : "member";
        const entry = {
          id: persona,
          name: text("name"),
          record: text("registration_record"),
          vault: text("vault"),
          role,
        };
        this.personas.set(entry.name, entry);
        return request.includes("setup")
          ? { ...this.#signedIn(entry), appliance_device: { id: idOf(2) } }
          : { persona: personaJson(entry) };
      }
      case "POST login/start": {
        const entry = this.personas.get(text("name"));
        return this.#startLogin(entry, entry?.id ?? idOf(50), text("ke1"), { login: "l" });
      }
      case "POST login/finish": {
        const entry = this.personas.get(this.#pending?.name ?? "");
        const sessionKey = this.#finishLogin(text("ke3"), entry?.id ?? "");
        const parties = {
          clientPeer: this.clientPeer,
          serverPeer: this.serverPeer,
          root,
          persona: entry?.id ?? "",
          device: this.clientDevice,
        };
        if (text("proof") !== toBase64url(loginProof("client", sessionKey, parties)))
          return refuse(403, "denied");
        if (entry === undefined) return refuse(403, "denied");
        this.loggedIn = entry.id;
        return {
          proof: toBase64url(loginProof("server", sessionKey, parties)),
          vault: entry.vault,
          ...this.#signedIn(entry),
        };
      }
      case "POST password/start": {
        const entry = this.personas.get(this.signedIn);
        return this.#startLogin(entry, entry?.id ?? "", text("ke1"), {});
      }
      case "POST password/verify": {
        const entry = this.personas.get(this.signedIn);
        this.#finishLogin(text("ke3"), entry?.id ?? "");
        return { vault: entry?.vault ?? "", ...this.#register({ persona: entry?.id, ...body }) };
      }
      case "POST password/finish": {
        const entry = this.personas.get(this.signedIn);
        if (entry !== undefined)
          Object.assign(entry, { record: text("registration_record"), vault: text("vault") });
        return undefined;
      }
      case "POST nonce":
        return { nonce: toBase64url(this.#nonce) };
      case "POST pair": {
        const message = pairingMessage(this.clientPeer, this.serverPeer, this.#nonce, this.clientDevice);
        const key = fromBase64url(text("pairing")) ?? new Uint8Array();
        if (!this.pairing.delete(text("pairing"))) return refuse(409, "used");
        if (!verifySignature(key, message, fromBase64url(text("signature")) ?? new Uint8Array()))
          return refuse(403, "denied");
        return this.#signedIn(
          this.personas.get(this.signedIn) ?? { id: idOf(60), name: "anna", role: "owner" },
        );
      }
      case "GET devices": {
        const certified = this.certificates.some((text) => {
          const { kind, persona } = verifyDeviceCertificate(fromBase64url(text) ?? new Uint8Array());
          return kind === "appliance" && persona === this.loggedIn;
        });
        return { devices: [{ id: idOf(2), kind: "appliance", ...(certified ? { certificate: "…" } : {}) }] };
      }
      case "GET me":
        return { ...this.#signedIn(this.personas.get(this.signedIn) ?? { id: "", name: "", role: "owner" }) };
      default:
        if (request.endsWith("/certificate")) {
          this.certificates.push(text("certificate"));
          return undefined;
        }
        return refuse(404, "not_found");
    }
  }

  #register(body: Json): Json {
    const persona = body["persona"] as string;
    this.#pending = { state: persona, name: "" };
    const { registrationResponse } = server.createRegistrationResponse({
      serverSetup: this.opaqueSetup,
      userIdentifier: persona,
      registrationRequest: body["registration_request"] as string,
    });
    return { setup: "s", registration_response: registrationResponse };
  }

  #startLogin(
    entry: { id: string; name: string; record: string } | undefined,
    persona: string,
    ke1: string,
    id: Json,
  ): Json {
    const started = server.startLogin({
      serverSetup: this.opaqueSetup,
      registrationRecord: entry?.record,
      startLoginRequest: ke1,
      userIdentifier: persona,
      identifiers: { client: persona, server: root },
    });
    this.#pending = { state: started.serverLoginState, name: entry?.name ?? "" };
    return {
      ...id,
      persona,
      ke2: started.loginResponse,
      key_stretching: { "argon2id-custom": this.stretching },
    };
  }

  #finishLogin(ke3: string, persona: string): Uint8Array {
    const { sessionKey } = server.finishLogin({
      serverLoginState: this.#pending?.state ?? "",
      finishLoginRequest: ke3,
      identifiers: { client: persona, server: root },
    });
    return fromBase64url(sessionKey) ?? new Uint8Array();
  }

  #signedIn(entry: { id: string; name: string; role: string }): Json {
    const id = this.clientDevice;
    return {
      persona: personaJson(entry),
      device: {
        id,
        persona: entry.id,
        name: "Test",
        kind: "browser",
        added: 1,
        last_seen: 1,
        how: "password",
        current: true,
        remembered: true,
      },
    };
  }
}

function personaJson({ id, name, role }: { id: string; name: string; role: string }): Json {
  return { id, name, display_name: name, role, created: 1 };
}

function refuse(status: number, error: string, more: Json = {}): Response {
  return Response.json({ error: { code: error, message: "no", ...more } }, { status });
}

describe("signing in", () => {
  let box: Box;
  const key = keyFrom(3);
  const owner = { key, device, code, name: "anna", displayName: "Anna", password: "päss wörd" };

  beforeAll(() => ready);
  beforeEach(async () => {
    box = new Box();
    await setup(box.connection(), owner);
    box.signedIn = "anna";
  });

  test("the first owner is made with the console's code, and vouches for the device and the box", async () => {
    const persona = box.personas.get("anna")?.id;
    const certificates = box.certificates.map((text) =>
      verifyDeviceCertificate(fromBase64url(text) ?? new Uint8Array()),
    );
    expect(certificates).toMatchObject([
      { persona, device: key.id, kind: "browser" },
      { persona, device: idOf(2), kind: "appliance" },
    ]);
  });

  test("a wrong code, a code that can't be one, and a second owner are refused", async () => {
    await expect(setup(box.connection(), { ...owner, code: "28T5-CY4U" })).rejects.toMatchObject({
      code: "wrong_code",
    });
    await expect(setup(box.connection(), { ...owner, code: seed(0).slice(0, 5) })).rejects.toMatchObject({
      code: "wrong_code",
    });
    await expect(setup(box.connection(), owner)).rejects.toMatchObject({ code: "setup_closed" });
  });

  test("login opens the vault; the password and the seed never leave the page", async () => {
    box.sent.length = 0;
    const signedIn = await login(box.connection(), { key, device, name: "anna", password: owner.password });
    expect(signedIn.persona).toMatchObject({ name: "anna", role: "owner" });
    expect(box.sent.join()).not.toMatch(/päss|wörd/);
    expect(box.certificates).toHaveLength(3);
  });

  test("the same password typed in another normal form is the same", async () => {
    const password = owner.password.normalize("NFD");
    expect(password).not.toBe(owner.password);
    await expect(login(box.connection(), { key, device, name: "anna", password })).resolves.toBeDefined();
  });

  test("a wrong password and an unknown name look alike, and end before anything more is sent", async () => {
    for (const [name, password] of [
      ["anna", "wrong"],
      ["nobody", owner.password],
    ] as const) {
      box.sent.length = 0;
      await expect(login(box.connection(), { key, device, name, password })).rejects.toMatchObject({
        code: "wrong_password",
      });
      expect(box.sent).toHaveLength(1);
    }
  });

  test("a middleman between two connections gets no login, though both passwords are right", async () => {
    // The box sees the middleman's PeerId, the page believes it speaks to the middleman's.
    box.clientPeer = peerOf(66);
    const relayed = box.connection(peerOf(66));
    await expect(
      login(relayed, { key, device, name: "anna", password: owner.password }),
    ).rejects.toMatchObject({ code: "denied" });
  });

  test("a box that doesn't prove its side is not believed", async () => {
    const honest = box.connection();
    const lying = {
      ...honest,
      fetch: async (path: string, init?: HearthRequestInit) => {
        const response = await honest.fetch(path, init);
        if (!path.endsWith("login/finish")) return response;
        return Response.json({ ...((await response.json()) as Json), proof: toBase64url(seed(0)) });
      },
    };
    await expect(login(lying, { key, device, name: "anna", password: owner.password })).rejects.toMatchObject(
      { code: "not_authentic" },
    );
  });

  test("a box that asks for cheaper or endless key stretching is refused", async () => {
    for (const stretching of [
      { memory: 1024, iterations: 3, parallelism: 1 },
      { memory: 65_536, iterations: 1, parallelism: 1 },
      { memory: 65_536, iterations: 3, parallelism: 4 },
      { memory: 4_000_000, iterations: 3, parallelism: 1 },
      { memory: 65_536, iterations: 1e9, parallelism: 1 },
    ]) {
      box.stretching = stretching;
      await expect(
        login(box.connection(), { key, device, name: "anna", password: owner.password }),
      ).rejects.toMatchObject({ code: "not_authentic" });
    }
  });

  test("a swapped vault is noticed", async () => {
    const anna = box.personas.get("anna");
    await addPersona(box.connection(), { name: "bert", displayName: "Bert", password: owner.password });
    if (anna !== undefined) anna.vault = box.personas.get("bert")?.vault ?? "";
    await expect(
      login(box.connection(), { key, device, name: "anna", password: owner.password }),
    ).rejects.toMatchObject({ code: "bad_record" });
  });

  test("how long to wait after too many guesses is passed on", async () => {
    box.answers["/api/v1/login/start"] = refuse(429, "rate_limited", { retry_after: 8 });
    await expect(login(box.connection(), { key, device, name: "anna", password: "x" })).rejects.toMatchObject(
      {
        code: "rate_limited",
        retryAfter: 8,
      },
    );
  });

  test("a changed password replaces the old one and keeps the persona's key", async () => {
    const before = box.personas.get("anna")?.id;
    await changePassword(box.connection(), { key, present: owner.password, next: "new one" });
    const attempt = (password: string) => login(box.connection(), { key, device, name: "anna", password });
    expect((await attempt("new one")).persona.id).toBe(before);
    await expect(attempt(owner.password)).rejects.toMatchObject({ code: "wrong_password" });
    await expect(
      changePassword(box.connection(), { key, present: "wrong", next: "x" }),
    ).rejects.toMatchObject({ code: "wrong_password" });
  });

  test("another person gets a key and a password of their own", async () => {
    const persona = await addPersona(box.connection(), {
      name: "bert",
      displayName: "Bert",
      password: "other",
    });
    expect(persona).toMatchObject({ name: "bert", role: "member" });
    expect(persona.id).not.toBe(box.personas.get("anna")?.id);
    await expect(
      login(box.connection(), { key, device, name: "bert", password: "other" }),
    ).resolves.toBeDefined();
  });

  test("a pairing link enrolls once, and only on the connection it was signed for", async () => {
    const options = { key, device, secret: seed(7) };
    await expect(pair(box.connection(), options)).resolves.toMatchObject({ persona: { name: "anna" } });
    await expect(pair(box.connection(), options)).rejects.toMatchObject({ code: "used" });
    box.pairing.add(toBase64url(ed25519.getPublicKey(seed(7))));
    box.clientPeer = peerOf(66);
    await expect(pair(box.connection(), options)).rejects.toMatchObject({ code: "denied" });
  });
}, 30_000);

describe("the API", () => {
  const api = (answers: Record<string, Json | Response>) =>
    new HearthApi({
      state: "direct",
      subscribe: () => () => undefined,
      fetch: async (path: string) => {
        const answer = answers[path];
        return answer instanceof Response ? answer : Response.json(answer);
      },
    } as unknown as HearthConnection);

  test("names fields as TypeScript does and refuses what isn't there", async () => {
    const app = { id: "files", title: "Files", icon: null, state: "idle", label: "abc", path: "/" };
    expect(await api({ "/api/v1/apps": { apps: [app] } }).apps()).toEqual([
      { id: "files", title: "Files", state: "idle", label: "abc", path: "/" },
    ]);
    await expect(api({ "/api/v1/apps": { apps: [{ ...app, state: "odd" }] } }).apps()).rejects.toMatchObject({
      code: "bad_response",
    });
    await expect(api({ "/api/v1/apps": {} }).apps()).rejects.toMatchObject({ code: "bad_response" });
  });

  test("makes errors of answers, known, unknown and without words", async () => {
    const error = (response: Response) => api({ "/api/v1/me": response }).me();
    await expect(error(refuse(410, "expired"))).rejects.toMatchObject({ code: "expired", status: 410 });
    await expect(error(refuse(403, "unheard of"))).rejects.toMatchObject({ code: "denied" });
    await expect(error(new Response("<html>", { status: 502 }))).rejects.toMatchObject({ code: "internal" });
    await expect(
      error(new Response(null, { status: 429, headers: { "Retry-After": "4" } })),
    ).rejects.toMatchObject({ retryAfter: 4 });
    await expect(error(new Response("not json"))).rejects.toMatchObject({ code: "bad_response" });
  });

  test("reads events whatever the pieces", () => {
    const stream = new TextEncoder().encode(
      ': hello\n\nevent: devices\ndata: {}\n\nevent: apps\r\ndata: {"ü":1,\r\ndata:2}\r\n\r\ndata: {}\n\n',
    );
    for (const step of [1, 2, 5, 1000]) {
      const reader = new EventReader();
      const out: unknown[] = [];
      for (let i = 0; i < stream.length; i += step) out.push(...reader.push(stream.subarray(i, i + step)));
      expect(out).toEqual([
        { name: "devices", data: "{}" },
        { name: "apps", data: '{"ü":1,\n2}' },
        { name: "", data: "{}" },
      ]);
    }
  });

  test("takes neither a line nor an event without end", () => {
    const line = new TextEncoder().encode(`data: ${"x".repeat(1000)}`);
    const endless = () => {
      const reader = new EventReader();
      for (let i = 0; i < 100; ++i) reader.push(line);
    };
    const lines = () => {
      const reader = new EventReader();
      for (let i = 0; i < 100; ++i) reader.push(new TextEncoder().encode(`data: ${"x".repeat(1000)}\n`));
    };
    expect(endless).toThrow("endless line");
    expect(lines).toThrow("endless event");
  });
});
