// The stock OPAQUE client and server of npm against ours: every pairing of the two registers and logs in.
//
// Run with node:test; HEARTH_BUILD names the build tree that holds bin/opaque-vectors.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as opaque from '@serenity-kit/opaque';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = path.resolve(root, process.env.HEARTH_BUILD ?? 'build/dev');

const keyStretching = {
  'argon2id-custom': { memory: 65536, iterations: 3, parallelism: 1 },
};
const stretching = ['65536', '3'];
const persona = 'Xb0a8lkvRVZ8GLsEpLT3sWkGrQb5sYqdOqTgBlqI0nk';
const identifiers = { client: persona, server: 'D1oZT9cKZcO6vXxgNcGQ1nT_DTFcUZ4WvX1K8KSCn2Y' };
const password = 'Grüße, 世界 🔥'.normalize('NFC');

const hex = (base64url) => Buffer.from(base64url, 'base64url').toString('hex');
const text = (value) => Buffer.from(value, 'utf8').toString('hex');
const base64url = (value) => Buffer.from(value, 'hex').toString('base64url');

/** Our side: one process, one answer a line. */
class Ours {
  #child = spawn(path.join(build, 'bin/opaque-vectors'), { stdio: ['pipe', 'pipe', 'inherit'] });
  #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  async ask(...words) {
    this.#child.stdin.write(`${words.join(' ')}\n`);
    const { value, done } = await this.#lines.next();
    assert.equal(done, false, 'opaque-vectors ended early');
    const [status, ...values] = value.split(' ');
    return { ok: status === 'ok', values };
  }
  async ok(...words) {
    const { ok, values } = await this.ask(...words);
    assert.ok(ok, `${words[0]}: error ${values}`);
    return values;
  }
  stop() {
    this.#child.stdin.end();
  }
}

describe('opaque', () => {
  let ours;
  before(async () => {
    await opaque.ready;
    ours = new Ours();
  });
  after(() => ours.stop());

  /** The stock client registers with our server. */
  async function registerStockClient(setup, secret = password) {
    const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({
      password: secret,
    });
    const [response] = await ours.ok('register', setup, text(persona), hex(registrationRequest));
    return opaque.client.finishRegistration({
      clientRegistrationState,
      registrationResponse: base64url(response),
      password: secret,
      identifiers,
      keyStretching,
    });
  }

  /** The stock client logs in at our server; undefined when the client notices a failure. */
  async function loginStockClient(setup, record, secret = password, names = identifiers) {
    const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password: secret });
    const [id, ke2] = await ours.ok(
      'login',
      setup,
      record ?? '-',
      text(persona),
      hex(startLoginRequest),
      text(identifiers.client),
      text(identifiers.server),
    );
    const finished = opaque.client.finishLogin({
      clientLoginState,
      loginResponse: base64url(ke2),
      password: secret,
      identifiers: names,
      keyStretching,
    });
    return { id, ke2, finished };
  }

  it('the stock client registers and logs in at our server', async () => {
    const [setup] = await ours.ok('setup');
    const { registrationRecord, exportKey } = await registerStockClient(setup);
    const { id, finished } = await loginStockClient(setup, hex(registrationRecord));
    assert.ok(finished);
    const [sessionKey] = await ours.ok('finish', id, hex(finished.finishLoginRequest));
    assert.equal(base64url(sessionKey), finished.sessionKey);
    assert.equal(finished.exportKey, exportKey);
  });

  it('our client registers and logs in at the stock server', async () => {
    const serverSetup = opaque.server.createSetup();
    const [registration, request] = await ours.ok('client-register', text(password));
    const { registrationResponse } = opaque.server.createRegistrationResponse({
      serverSetup,
      userIdentifier: persona,
      registrationRequest: base64url(request),
    });
    const names = [text(identifiers.client), text(identifiers.server)];
    const [record, exportKey] = await ours.ok(
      'client-register-finish',
      registration,
      text(password),
      hex(registrationResponse),
      ...names,
      ...stretching,
    );

    const [login, ke1] = await ours.ok('client-login', text(password));
    const { serverLoginState, loginResponse } = opaque.server.startLogin({
      serverSetup,
      userIdentifier: persona,
      registrationRecord: base64url(record),
      startLoginRequest: base64url(ke1),
      identifiers,
    });
    const [ke3, sessionKey, exportAgain] = await ours.ok(
      'client-login-finish',
      login,
      text(password),
      hex(loginResponse),
      ...names,
      ...stretching,
    );
    const finished = opaque.server.finishLogin({
      serverLoginState,
      finishLoginRequest: base64url(ke3),
      identifiers,
    });
    assert.equal(finished.sessionKey, base64url(sessionKey));
    assert.equal(exportAgain, exportKey);
  });

  it('a record made by the stock client opens for our client, with the same export key', async () => {
    const [setup] = await ours.ok('setup');
    const { registrationRecord, exportKey } = await registerStockClient(setup);
    const names = [text(identifiers.client), text(identifiers.server)];
    const [login, ke1] = await ours.ok('client-login', text(password));
    const record = hex(registrationRecord);
    const [id, ke2] = await ours.ok('login', setup, record, text(persona), ke1, ...names);
    const [ke3, sessionKey, ours_] = await ours.ok(
      'client-login-finish',
      login,
      text(password),
      ke2,
      ...names,
      ...stretching,
    );
    assert.deepEqual(await ours.ok('finish', id, ke3), [sessionKey]);
    assert.equal(base64url(ours_), exportKey);
  });

  it('the stock client refuses a wrong password', async () => {
    const [setup] = await ours.ok('setup');
    const { registrationRecord } = await registerStockClient(setup);
    const { finished } = await loginStockClient(setup, hex(registrationRecord), 'wrong');
    assert.equal(finished, undefined);
  });

  it('the stock client refuses a server that goes by another root', async () => {
    const [setup] = await ours.ok('setup');
    const { registrationRecord } = await registerStockClient(setup);
    const { finished } = await loginStockClient(setup, hex(registrationRecord), password, {
      ...identifiers,
      server: 'somebody-else',
    });
    assert.equal(finished, undefined);
  });

  it('nobody registered looks to the stock client like a wrong password', async () => {
    const [setup] = await ours.ok('setup');
    const { registrationRecord } = await registerStockClient(setup);
    const known = await loginStockClient(setup, hex(registrationRecord), 'wrong');
    const unknown = await loginStockClient(setup, undefined, 'wrong');
    assert.equal(unknown.finished, undefined);
    assert.equal(unknown.ke2.length, known.ke2.length);
  });

  it('D16: one password, two records that differ', async () => {
    const [setup] = await ours.ok('setup');
    const first = await registerStockClient(setup);
    const second = await registerStockClient(setup);
    assert.notEqual(first.registrationRecord, second.registrationRecord);
  });

  it('a KE3 that was touched gives our server no session key', async () => {
    const [setup] = await ours.ok('setup');
    const { registrationRecord } = await registerStockClient(setup);
    const { id, finished } = await loginStockClient(setup, hex(registrationRecord));
    const touched = Buffer.from(finished.finishLoginRequest, 'base64url');
    touched[0] ^= 1;
    const { ok } = await ours.ask('finish', id, touched.toString('hex'));
    assert.equal(ok, false);
  });
});
