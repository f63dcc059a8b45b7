// The graph's core as the browser gets it, against the vectors that the native build runs: the same module, no imports.
// tools/wasm.sh builds it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const root = fileURLToPath(new URL("../..", import.meta.url));
const path = `${root}/build/wasm/graph.wasm`;
assert.ok(existsSync(path), "build/wasm/graph.wasm is not built: bash tools/wasm.sh");
const bytes = readFileSync(path);
const vectors = JSON.parse(readFileSync(`${root}/src/graph/vectors/graph.json`, "utf8"));

class Core {
  constructor() {
    this.module = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
    this.module._initialize?.();
  }
  call(name, inputs, ...numbers) {
    const input = Buffer.concat(inputs);
    const at = this.module.input(input.length);
    new Uint8Array(this.module.memory.buffer, at, input.length).set(input);
    return this.module[name](...numbers);
  }
  output() {
    return Buffer.from(
      new Uint8Array(this.module.memory.buffer, this.module.output(), this.module.output_size()),
    );
  }
  add(line) {
    if (line.kind === "entry") return this.call("add_entry", [Buffer.from(line.hex, "hex")]);
    if (line.kind === "checkpoint") return this.call("add_checkpoint", [Buffer.from(line.hex, "hex")]);
    const parts = ["header", "signature", "body", "certificate"].map((name) => Buffer.from(line[name], "hex"));
    return this.call("add_update", parts, parts[0].length, parts[2].length);
  }
  digest() {
    assert.equal(this.module.state(), 0);
    return createHash("sha256").update(this.output()).digest("hex");
  }
}

test("the WebAssembly core has no imports and at most 110,000 bytes with brotli", () => {
  assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), []);
  const size = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  assert.ok(size <= 110_000, `${size} bytes`);
});

test("the WebAssembly core leads every history to the state of the native one", () => {
  const cases = new Map();
  for (const line of vectors) if (line.case) cases.set(line.case, [...(cases.get(line.case) ?? []), line]);
  assert.ok(cases.size > 0);
  for (const [name, lines] of cases) {
    const expected = lines.pop();
    for (const order of [lines, lines.toReversed()]) {
      const core = new Core();
      assert.equal(core.call("open", [Buffer.from(expected.space, "hex")], 0), 0);
      for (const line of order) assert.ok(core.add(line) >= 0, `${name}: ${line.kind}`);
      assert.equal(core.module.advance(expected.now), 0);
      assert.equal(core.digest(), expected.digest, name);
    }
  }
});

test("the WebAssembly core refuses a flipped bit, and writes updates that another takes", () => {
  const lines = vectors.filter((line) => line.case === vectors.find((one) => one.case).case);
  const { space, now } = lines.at(-1);
  const core = new Core();
  core.call("open", [Buffer.from(space, "hex")], now);
  const update = lines.find((line) => line.kind === "update");
  const forged = { ...update, signature: update.signature.replace(/^../, (byte) => (byte === "00" ? "01" : "00")) };
  assert.equal(core.add(forged), -1);

  // The owner of the vectors' spaces writes: [put "s" "p" "hello"], by its own key, without a certificate.
  const seed = Buffer.alloc(32);
  seed[0] = 1;
  seed[1] = 0x76;
  const edits = Buffer.concat([Buffer.from([0x81, 0x84, 0x00, 0x61, 0x73, 0x61, 0x70, 0x65]), Buffer.from("hello")]);
  assert.equal(core.call("write", [seed, edits], now, 0) < 0, true); // no membership log yet
  const first = lines.find((line) => line.kind === "entry");
  core.add(first);
  assert.equal(core.call("write", [seed, edits], now, 0), 0);
  const written = core.output();
  const other = new Core();
  other.call("open", [Buffer.from(space, "hex")], now);
  other.add(first);
  // [header, signature, body], each a byte string.
  const parts = [];
  for (let at = 1; at < written.length; ) {
    const long = written[at] & 31;
    const size = long < 24 ? long : long === 24 ? written[at + 1] : written.readUInt16BE(at + 1);
    at += long < 24 ? 1 : long === 24 ? 2 : 3;
    parts.push(written.subarray(at, at + size));
    at += size;
  }
  assert.ok(other.call("add_update", parts, parts[0].length, parts[2].length) >= 0);
  other.module.advance(now + 1000);
  core.module.advance(now + 1000);
  assert.equal(other.digest(), core.digest());
  assert.equal(other.call("node", [Buffer.from("s")]), 0);
  assert.ok(other.output().includes(Buffer.from("hello")));
});
