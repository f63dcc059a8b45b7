import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Service, digestOf, existsSync, placeOf, randomBytes, sha256 } from "./service.mjs";

let service;
before(async () => { service = await Service.start(); });
after(async () => { await service.stop(); });

// Each group gets a tree of its own.
let number = 0;
const fresh = () => { service.persona = `person-${++number}`; };

describe("uploads by tus 1.0.0", () => {
  before(fresh);

  test("says what it can do", async () => {
    const answer = await service.ask("OPTIONS", "/api/v1/uploads");
    assert.equal(answer.status, 204);
    assert.equal(answer.headers["tus-version"], "1.0.0");
    assert.equal(answer.headers["tus-checksum-algorithm"], "sha256");
    for (const extension of ["creation", "creation-with-upload", "checksum", "termination", "expiration"])
      assert.ok(answer.headers["tus-extension"].split(",").includes(extension));
  });

  test("puts a file where its metadata says, with its time and its sum", async () => {
    const bytes = randomBytes(300_000);
    const done = await service.upload(bytes, { name: "söme file.jpg", path: "Photos/2026", mtime: 1_700_000_000_123 });
    assert.equal(done.status, 204);
    assert.equal(done.headers["repr-digest"], digestOf(bytes));
    assert.equal(placeOf(done), "Photos/2026/söme file.jpg");
    const entry = (await service.ask("GET", "/api/v1/entry?path=" + encodeURIComponent("Photos/2026/söme file.jpg"))).json;
    assert.equal(entry.modified, 1_700_000_000_123);
    assert.equal(entry.sha256, sha256(bytes));
    assert.equal(entry.type, "image/jpeg");
    assert.deepEqual((await service.content("Photos/2026/söme file.jpg")).bytes, bytes);
  });

  test("makes the folders of a folder upload", async () => {
    await service.upload(Buffer.from("a"), { relativePath: "Holiday/day 1/a.txt", path: "Trips", name: "a.txt" });
    await service.upload(Buffer.from("b"), { relativePath: "null", name: "b.txt" });
    assert.equal((await service.content("Trips/Holiday/day 1/a.txt")).bytes.toString(), "a");
    assert.equal((await service.content("b.txt")).bytes.toString(), "b");
  });

  test("takes an empty file at once", async () => {
    const created = await service.create(0, { name: "empty" });
    assert.equal(created.status, 201);
    assert.equal(placeOf(created), "empty");
    assert.equal((await service.content("empty")).bytes.length, 0);
  });

  test("takes bytes with the creation", async () => {
    const bytes = randomBytes(5000);
    const created = await service.create(bytes.length, { name: "at once" }, { body: bytes, headers: { "Content-Type": "application/offset+octet-stream" } });
    assert.equal(created.status, 201);
    assert.equal(created.headers["upload-offset"], "5000");
    assert.deepEqual((await service.content("at once")).bytes, bytes);
  });

  test("goes on where a broken connection left it", async () => {
    const bytes = randomBytes(4_000_000);
    const { headers: { location } } = await service.create(bytes.length, { name: "cut.bin" });
    // Says it sends everything, sends a part, and is gone.
    await new Promise((done) => {
      const request = service.open("PATCH", location, { headers: {
        "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": String(bytes.length) } });
      request.once("error", done);
      request.write(bytes.subarray(0, 1_500_000), () => request.destroy(new Error("cut")));
    });
    let state;
    do state = await service.head(location); while (state.status === 423);
    const offset = Number(state.headers["upload-offset"]);
    assert.ok(offset <= 1_500_000);
    assert.equal(state.headers["upload-length"], "4000000");
    // The other connection may not have been missed yet.
    let done;
    do done = await service.patch(location, offset, bytes.subarray(offset)); while (done.status === 423);
    if (done.status === 409) {
      const now = Number((await service.head(location)).headers["upload-offset"]);
      assert.ok(now >= offset);
      done = await service.patch(location, now, bytes.subarray(now));
    }
    assert.equal(done.status, 204);
    assert.equal(done.headers["repr-digest"], digestOf(bytes));
    const again = await service.head(location);
    assert.equal(again.headers["upload-offset"], "4000000", "a client that missed the answer learns it");
  });

  for (const checked of [false, true])
    test(`a ${checked ? "checked " : ""}piece that fell silent gives way to the next one, and its last bytes come too late`, async () => {
      const bytes = randomBytes(2_000_000);
      const { headers: { location } } = await service.create(bytes.length, { name: `silent ${checked}` });
      const sum = { "Upload-Checksum": "sha256 " + createHash("sha256").update(bytes).digest("base64") };
      const silent = service.open("PATCH", location, { headers: {
        "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
        "Content-Length": String(bytes.length), ...(checked ? sum : {}) } });
      const late = new Promise((resolve) => silent.once("response", (response) => resolve(response.resume().statusCode)).once("error", () => resolve("closed")));
      silent.write(checked ? randomBytes(1_500_000) : bytes.subarray(0, 1_500_000));
      const begun = Date.now();
      let done;
      let offset;
      do {
        await sleep(200);
        offset = Number((await service.head(location)).headers["upload-offset"]);
        done = await service.patch(location, offset, bytes.subarray(offset), checked ? sum : {});
      } while (done.status === 423);
      assert.ok(Date.now() - begun > 2500, "not from one that only takes its time");
      assert.equal(offset > 0, !checked);
      silent.end(randomBytes(500_000));
      assert.ok([423, "closed"].includes(await late));
      assert.equal(done.status, 204);
      assert.deepEqual((await service.content(`silent ${checked}`)).bytes, bytes);
    });

  test("a piece with a checksum counts wholly or not at all", async () => {
    const bytes = randomBytes(100_000);
    const { headers: { location } } = await service.create(bytes.length, { name: "checked" });
    const sum = (part) => ({ "Upload-Checksum": "sha256 " + createHash("sha256").update(part).digest("base64") });
    const half = bytes.subarray(0, 50_000);
    const wrong = await service.patch(location, 0, half, sum(Buffer.from("else")));
    assert.equal(wrong.status, 460);
    assert.equal((await service.head(location)).headers["upload-offset"], "0");
    assert.equal((await service.patch(location, 0, half, sum(half))).status, 204);
    assert.equal((await service.patch(location, 0, half)).status, 409, "a wrong offset");
    const rest = bytes.subarray(50_000);
    assert.equal((await service.patch(location, 50_000, rest, sum(rest))).headers["repr-digest"], digestOf(bytes));
    assert.equal((await service.patch(location, 0, half, { "Upload-Checksum": "md5 AAAA" })).status, 400);
  });

  test("a checked piece cut short by a crash doesn't count", async () => {
    const bytes = randomBytes(3_000_000);
    const { headers: { location } } = await service.create(bytes.length, { name: "checked and cut" });
    await new Promise((done) => {
      const request = service.open("PATCH", location, { headers: {
        "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
        "Content-Length": String(bytes.length), "Upload-Checksum": "sha256 " + createHash("sha256").update(bytes).digest("base64") } });
      request.once("error", done);
      request.write(bytes.subarray(0, 2_000_000), () => service.process.kill("SIGKILL"));
    });
    await service.gone;
    await service.run();
    assert.equal((await service.head(location)).headers["upload-offset"], "0");
    assert.equal((await service.patch(location, 0, bytes)).headers["repr-digest"], digestOf(bytes));
  });

  test("drops a whole file that isn't what was announced", async () => {
    const answer = await service.upload(Buffer.from("other bytes"), { name: "sum", sha256: sha256("the bytes") });
    assert.equal(answer.status, 460);
    assert.equal((await service.content("sum")).status, 404);
  });

  test("keeps both, replaces or refuses a name that is taken", async () => {
    const put = (text, onConflict) => service.upload(Buffer.from(text), { name: "same.txt", ...(onConflict ? { onConflict } : {}) });
    assert.equal(placeOf(await put("1")), "same.txt");
    assert.equal(placeOf(await put("2")), "same (2).txt");
    assert.equal(placeOf(await put("3")), "same (3).txt");
    assert.equal(placeOf(await put("4", "replace")), "same.txt");
    assert.equal((await put("5", "fail")).status, 409);
    assert.equal((await service.content("same.txt")).bytes.toString(), "4");
    const trash = (await service.ask("GET", "/api/v1/trash")).json;
    assert.deepEqual(trash.entries.map((entry) => entry.path), ["same.txt"], "the replaced one can be had back");
  });

  test("ends when asked, and refuses what tus forbids", async () => {
    const { headers: { location } } = await service.create(10, { name: "x" });
    assert.equal((await service.patch(location, 0, Buffer.alloc(11))).status, 413);
    assert.equal((await service.ask("DELETE", location, { headers: { "Tus-Resumable": "1.0.0" } })).status, 204);
    assert.equal((await service.head(location)).status, 404);
    const version = await service.ask("POST", "/api/v1/uploads", { headers: { "Upload-Length": "1" } });
    assert.equal(version.status, 412);
    assert.equal(version.headers["tus-version"], "1.0.0");
    assert.equal((await service.create("-1", { name: "x" })).status, 400);
    assert.equal((await service.create(2 ** 50, { name: "x" })).status, 413);
    for (const name of ["", "..", "a/../b", "/abs", "a\u0000b", "line\nbreak", "x".repeat(256), "a//b"])
      assert.equal((await service.create(1, { relativePath: name })).status, 400, JSON.stringify(name));
  });

  test("keeps an unfinished upload for seven days after its last byte, and no longer", async () => {
    const { headers: { location } } = await service.create(10, { name: "never" });
    await service.patch(location, 0, Buffer.alloc(5));
    const part = join(service.data, "people", service.persona, "uploads", location.split("/").pop() + ".part");
    const age = async (days) => {
      const then = Date.now() / 1000 - days * 86_400;
      utimesSync(part, then, then);
      await service.restart();  // tidies when it starts
    };
    await age(6.9);
    assert.equal((await service.head(location)).headers["upload-offset"], "5");
    await age(7.1);
    while (existsSync(part)) await new Promise((next) => setImmediate(next));
    assert.equal((await service.head(location)).status, 404);
  });

  test("works with tus-js-client, paused and gone on with", async (t) => {
    let tus;
    try {
      tus = createRequire(join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../../../web/package.json"))("tus-js-client");
    } catch {
      throw new Error("tus-js-client isn't installed: run npm ci in web/");
    }
    const server = await service.port();
    const bytes = randomBytes(6_000_000);
    const upload = (extra) => new tus.Upload(bytes, {
      endpoint: `http://127.0.0.1:${server.address().port}/api/v1/uploads`, headers: { "Hearth-Persona": service.persona },
      chunkSize: 1_000_000, retryDelays: [0, 50, 200], metadata: { name: "by tus.bin", path: "tus" }, ...extra });
    let url;
    await new Promise((paused, fail) => {
      const first = upload({ onError: fail, onChunkComplete: (_size, sent) => {
        if (sent >= 3_000_000) { url = first.url; first.abort().then(paused, fail); }
      } });
      first.start();
    });
    await new Promise((done, fail) => upload({ uploadUrl: url, onSuccess: done, onError: fail }).start());
    server.close();
    assert.equal(sha256((await service.content("tus/by tus.bin")).bytes), sha256(bytes));
  });
});

describe("archives", () => {
  before(fresh);

  const make = (paths, name = "all") => service.post("/api/v1/archives", { paths, name });
  const scratch = () => mkdtempSync(join(tmpdir(), "hearth-zip-"));
  /** What Python's zipfile, which checks every sum, finds: names to SHA-256 and time. */
  const read = (file) => JSON.parse(execFileSync("python3", ["-c", `
import zipfile, sys, json, hashlib
with zipfile.ZipFile(sys.argv[1]) as z:
  assert z.testzip() is None
  def sum(i):
    with z.open(i) as f: return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()
  print(json.dumps({i.filename: [sum(i), list(i.date_time)] for i in z.infolist()}))`, file], { maxBuffer: 1 << 28 }));

  test("a folder and a file come as one ZIP that unzip and Python take, byte for byte", async () => {
    const bytes = randomBytes(700_000);
    await service.upload(bytes, { name: "日本語 é.bin", path: "Trip/day 1", mtime: Date.UTC(2024, 1, 29, 12, 30, 20) });
    await service.upload(Buffer.from("x"), { name: "a\\b.txt", path: "Trip" });
    await service.upload(Buffer.alloc(0), { name: "empty", path: "Trip" });
    await service.upload(Buffer.from("note"), { name: "note.txt" });
    mkdirSync(join(service.tree(), "Trip/nothing in it"));
    symlinkSync("/etc/passwd", join(service.tree(), "Trip/link"));
    const made = await make(["Trip", "note.txt"], "Été");
    assert.equal(made.status, 201);
    const { path, name, size, files } = made.json;
    assert.deepEqual([name, files], ["Été.zip", 4]);
    const answer = await service.ask("GET", path);
    assert.equal(answer.headers["content-type"], "application/zip");
    assert.match(answer.headers["content-disposition"], /^attachment; .*filename\*=UTF-8''%C3%89t%C3%A9\.zip/);
    assert.equal(Number(answer.headers["content-length"]), size);
    assert.equal(answer.bytes.length, size);
    const folder = scratch();
    const file = join(folder, "all.zip");
    writeFileSync(file, answer.bytes);
    const found = read(file);
    assert.deepEqual(Object.keys(found).sort(), ["Trip/", "Trip/a_b.txt", "Trip/day 1/", "Trip/day 1/日本語 é.bin", "Trip/empty", "Trip/nothing in it/", "note.txt"].sort());
    assert.deepEqual(found["Trip/day 1/日本語 é.bin"], [sha256(bytes), [2024, 2, 29, 12, 30, 20]]);
    assert.equal(found["note.txt"][0], sha256("note"));
    assert.match(execFileSync("unzip", ["-t", file]).toString(), /No errors detected/);
    rmSync(folder, { recursive: true });
  });

  test("any part can be asked for again, so that a download goes on", async () => {
    for (const name of ["a", "b", "c"]) await service.upload(randomBytes(3000), { name, path: "Parts" });
    const { json: { path, size } } = await make(["Parts"]);
    const etag = (await service.ask("HEAD", path)).headers.etag;
    const rest = async (from) => {
      const part = await service.ask("GET", path, { headers: { Range: `bytes=${from}-`, "If-Range": etag } });
      assert.equal(part.status, 206);
      return part.bytes;
    };
    // From the end, before any sum is known; then from every kind of place.
    const tail = await rest(size - 30);
    const whole = (await service.ask("GET", path)).bytes;
    assert.deepEqual(tail, whole.subarray(size - 30));
    for (let from = 0; from < size; from += 97) assert.deepEqual(await rest(from), whole.subarray(from), `from ${from}`);
  });

  test("names that are there twice are told apart, and the top folder can be had whole", async () => {
    await service.upload(Buffer.from("1"), { name: "same.txt", path: "one" });
    await service.upload(Buffer.from("2"), { name: "Same.txt", path: "two" });
    const folder = scratch();
    const names = async (paths) => {
      writeFileSync(join(folder, "x.zip"), (await service.ask("GET", (await make(paths)).json.path)).bytes);
      return Object.keys(read(join(folder, "x.zip")));
    };
    assert.deepEqual(await names(["one/same.txt", "two/Same.txt"]), ["same.txt", "Same (2).txt"]);
    const top = await names([""]);
    assert.ok(top.includes("one/same.txt") && top.includes("note.txt"), top.join());
    rmSync(folder, { recursive: true });
  });

  test("a file that changed meanwhile breaks the download instead of spoiling it", async () => {
    await service.upload(randomBytes(50_000), { name: "moving.bin", path: "Changing" });
    const { json: { path } } = await make(["Changing"]);
    writeFileSync(join(service.tree(), "Changing/moving.bin"), randomBytes(50_000));
    await assert.rejects(service.ask("GET", path));
  });

  test("refuses what isn't there, and ids and names that aren't right", async () => {
    assert.equal((await make(["nowhere"])).status, 404);
    assert.equal((await make([])).status, 400);
    assert.equal((await make(["note.txt"], "../x")).status, 400);
    assert.equal((await service.ask("GET", "/api/v1/archives/0123")).status, 404);
    const { json: { path } } = await make(["note.txt"]);
    assert.equal((await service.ask("GET", path, { persona: "mallory" })).status, 404);
  });

  test("more than 4 GB and 65,536 entries are zip64, which Python reads", { timeout: 240_000 }, async (t) => {
    mkdirSync(join(service.tree(), "Large/many"), { recursive: true });
    const large = join(service.tree(), "Large/a.bin");
    writeFileSync(large, "");
    truncateSync(large, 4_400_000_000);
    for (let i = 0; i < 66_000; ++i) writeFileSync(join(service.tree(), "Large/many", String(i)), "");
    const { json: { path, size, files } } = await make(["Large"]);
    assert.equal(files, 66_001);
    // The zeros in the middle needn't travel: they are a hole in the copy, too.
    const folder = scratch();
    const file = join(folder, "large.zip");
    const from = size - 40_000_000 > 4_400_000_000 ? 4_400_000_000 : size - 40_000_000;
    const head = (await service.ask("GET", path, { headers: { Range: "bytes=0-199" } })).bytes;
    const started = performance.now();
    const tail = (await service.ask("GET", path, { headers: { Range: `bytes=${from}-` } })).bytes;
    t.diagnostic(`4.4 GB summed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    const fd = openSync(file, "w");
    writeSync(fd, head, 0, head.length, 0);
    writeSync(fd, tail, 0, tail.length, from);
    closeSync(fd);
    const names = execFileSync("python3", ["-c", `
import zipfile, sys
z = zipfile.ZipFile(sys.argv[1])
big = z.getinfo("Large/a.bin")
print(len(z.infolist()), big.file_size, z.read("Large/many/65999") == b"")
with z.open(big) as f:
  while f.read(1 << 24): pass  # raises when the sum is wrong`, file]).toString();
    assert.equal(names.trim(), "66003 4400000000 True");
    rmSync(folder, { recursive: true });
    rmSync(join(service.tree(), "Large"), { recursive: true });
  });

  test("a gigabyte of files as one grows its memory by less than 32 MB", { timeout: 120_000 }, async (t) => {
    mkdirSync(join(service.tree(), "Giga"));
    for (let i = 0; i < 4; ++i) {
      writeFileSync(join(service.tree(), `Giga/${i}`), "");
      truncateSync(join(service.tree(), `Giga/${i}`), 1 << 28);
    }
    const before = service.memory();
    let most = before;
    const watch = setInterval(() => { most = Math.max(most, service.memory()); }, 20);
    const { json: { path, size } } = await make(["Giga"]);
    const got = await new Promise((done, fail) => {
      const request = service.open("GET", path);
      let bytes = 0;
      request.once("error", fail);
      request.once("response", (response) => { response.on("data", (part) => (bytes += part.length)); response.once("end", () => done(bytes)); });
      request.end();
    });
    clearInterval(watch);
    assert.equal(got, size);
    t.diagnostic(`memory +${((most - before) / 2 ** 20).toFixed(1)} MiB`);
    assert.ok(most - before < 32 * 2 ** 20);
  });
});

describe("kill -9", () => {
  before(fresh);

  test("loses no completed upload and resumes the others, thirty times", async () => {
    const done = new Map();
    let resumed = 0;
    for (let round = 0; round < 30; ++round) {
      const bytes = randomBytes(200_000 + round * 10_000);
      const name = `round ${round}.bin`;
      const created = await service.create(bytes.length, { name });
      const { location } = created.headers;
      const sending = service.patch(location, 0, bytes).then((answer) => { if (answer.status === 204) done.set(name, sha256(bytes)); }, () => {});
      // Anywhere from before the first byte to after the last.
      await new Promise((next) => setTimeout(next, (round % 10) * 1.3));
      await service.kill();
      await sending;
      await service.run();
      for (const [path, sum] of done) assert.equal(sha256((await service.content(path)).bytes), sum, path);
      if (done.has(name)) continue;
      const state = await service.head(location);
      const offset = Number(state.headers["upload-offset"]);
      if (offset < bytes.length) {
        assert.equal((await service.patch(location, offset, bytes.subarray(offset))).status, 204);
        ++resumed;
      }
      done.set(name, sha256(bytes));
      assert.equal(sha256((await service.content(name)).bytes), sha256(bytes), "what HEAD calls complete is there");
    }
    assert.equal(done.size, 30);
    assert.equal((await service.ask("GET", "/api/v1/stats")).json.files, 30, "no file twice");
    assert.ok(resumed > 0);
  });
});

describe("downloads", () => {
  const bytes = randomBytes(10_000);
  before(async () => {
    fresh();
    await service.upload(bytes, { name: "ten.bin" });
    await service.upload(Buffer.from("<script>alert(1)</script>"), { name: "page.html" });
  });

  test("ranges, every kind", async () => {
    for (const [range, from, to] of [
      ["bytes=0-0", 0, 0], ["bytes=0-", 0, 9999], ["bytes=500-999", 500, 999], ["bytes=9999-", 9999, 9999],
      ["bytes=-1", 9999, 9999], ["bytes=-99999", 0, 9999], ["bytes=9000-99999", 9000, 9999], ["BYTES=1-2", 1, 2],
    ]) {
      const answer = await service.content("ten.bin", { Range: range });
      assert.equal(answer.status, 206, range);
      assert.equal(answer.headers["content-range"], `bytes ${from}-${to}/10000`, range);
      assert.deepEqual(answer.bytes, bytes.subarray(from, to + 1), range);
    }
    for (const range of ["bytes=10000-", "bytes=-0", "bytes=99999-100000"]) {
      const answer = await service.content("ten.bin", { Range: range });
      assert.equal(answer.status, 416, range);
      assert.equal(answer.headers["content-range"], "bytes */10000");
    }
    for (const range of ["bytes=5-1", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "bytes=", "bytes=-", "bytes=1"]) {
      const answer = await service.content("ten.bin", { Range: range });
      assert.equal(answer.status, 200, range);
      assert.deepEqual(answer.bytes, bytes, range);
    }
  });

  test("conditions", async () => {
    const first = await service.content("ten.bin");
    const { etag, "last-modified": modified } = first.headers;
    assert.match(etag, /^"[0-9a-f-]+"$/);
    assert.equal((await service.content("ten.bin", { "If-None-Match": `"x", W/${etag}` })).status, 304);
    assert.equal((await service.content("ten.bin", { "If-None-Match": '"x"' })).status, 200);
    assert.equal((await service.content("ten.bin", { "If-Modified-Since": modified })).status, 304);
    assert.equal((await service.content("ten.bin", { "If-Match": '"x"' })).status, 412);
    assert.equal((await service.content("ten.bin", { Range: "bytes=0-1", "If-Range": etag })).status, 206);
    assert.equal((await service.content("ten.bin", { Range: "bytes=0-1", "If-Range": '"x"' })).status, 200);
    assert.equal((await service.content("ten.bin", { Range: "bytes=0-1", "If-Range": modified })).status, 206);
    await service.upload(bytes, { name: "ten.bin", onConflict: "replace" });
    assert.notEqual((await service.content("ten.bin")).headers.etag, etag, "another file, another tag");
  });

  test("what people put here can't act as a page", async () => {
    const answer = await service.content("page.html");
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(answer.headers["content-security-policy"], /^sandbox; default-src 'none'/);
    const download = await service.ask("GET", "/api/v1/content/ten.bin?download=1");
    assert.equal(download.headers["content-disposition"], "attachment; filename=\"ten.bin\"; filename*=UTF-8''ten.bin");
    const version = download.headers.etag.slice(1, -1);
    assert.match((await service.ask("GET", "/api/v1/content/ten.bin?v=" + version)).headers["cache-control"], /immutable/);
    assert.doesNotMatch((await service.ask("GET", "/api/v1/content/ten.bin?v=1-2-3")).headers["cache-control"], /immutable/);
  });

  test("HEAD tells the length without the bytes", async () => {
    const answer = await service.ask("HEAD", "/api/v1/content/ten.bin");
    assert.equal(answer.headers["content-length"], "10000");
    assert.equal(answer.bytes.length, 0);
    // RFC 9110 section 14.2: a range is for GET alone.
    assert.equal((await service.ask("HEAD", "/api/v1/content/ten.bin", { headers: { Range: "bytes=0-1" } })).status, 200);
  });
});

describe("the tree", () => {
  before(fresh);

  test("folders, moves and undo", async () => {
    const made = await service.post("/api/v1/folders", { path: "a/b/c" });
    assert.equal(made.status, 201);
    assert.equal((await service.post("/api/v1/folders", { path: "a" })).status, 409);
    await service.upload(Buffer.from("1"), { name: "one.txt" });
    await service.upload(Buffer.from("2"), { name: "two.txt" });
    const moved = (await service.post("/api/v1/move", { items: [
      { from: "one.txt", to: "a/ONE.txt" }, { from: "nothing", to: "x" }, { from: "a", to: "a/b/a" }, { from: "two.txt", to: "new/two.txt" }] })).json;
    assert.deepEqual(moved.results.map((result) => result.error?.code ?? result.to), ["a/ONE.txt", "not_found", "conflict", "new/two.txt"]);
    assert.equal((await service.content("a/ONE.txt")).bytes.toString(), "1");
    await service.undo(moved.undo);
    assert.equal((await service.content("one.txt")).bytes.toString(), "1");
    assert.equal((await service.content("two.txt")).bytes.toString(), "2");
    const clash = (await service.post("/api/v1/move", { items: [{ from: "one.txt", to: "two.txt" }] })).json;
    assert.equal(clash.results[0].error.code, "conflict");
    const both = (await service.post("/api/v1/move", { items: [{ from: "one.txt", to: "two.txt" }], on_conflict: "keep_both" })).json;
    assert.equal(both.results[0].to, "two (2).txt");
    await service.undo(made.json.undo);
    assert.equal((await service.ask("GET", "/api/v1/entry?path=a")).status, 404);
  });

  test("the trash gives back, runs out and is emptied", async () => {
    await service.upload(Buffer.from("keep me"), { relativePath: "box/inner/k.txt" });
    const thrown = (await service.post("/api/v1/trash", { paths: ["box", "nowhere"] })).json;
    assert.equal(thrown.results[1].error.code, "not_found");
    assert.equal((await service.content("box/inner/k.txt")).status, 404);
    const listed = (await service.ask("GET", "/api/v1/trash")).json.entries.find((entry) => entry.path === "box");
    assert.equal(listed.kind, "folder");
    assert.equal(listed.expires - listed.deleted, 30 * 86_400_000);
    const back = await service.undo(thrown.undo);
    assert.equal(back.json.results[0].path, "box");
    assert.equal((await service.content("box/inner/k.txt")).bytes.toString(), "keep me");
    await service.undo(back.json.undo);
    // Something took its name meanwhile.
    await service.post("/api/v1/folders", { path: "box" });
    const id = (await service.ask("GET", "/api/v1/trash")).json.entries.find((entry) => entry.path === "box").id;
    assert.equal((await service.post("/api/v1/trash/restore", { ids: [id] })).json.results[0].error.code, "conflict");
    assert.equal((await service.post("/api/v1/trash/restore", { ids: [id], on_conflict: "keep_both" })).json.results[0].path, "box (2)");
    await service.post("/api/v1/trash", { paths: ["box", "box (2)"] });
    const old = join(service.data, "people", service.persona, "trash", "0123456789ab00000000");
    mkdirSync(old);
    writeFileSync(join(old, "item"), "old");
    writeFileSync(join(old, "info"), JSON.stringify({ path: "old", deleted: 0x0123456789ab }));
    const first = (await service.ask("GET", "/api/v1/trash?limit=1")).json;
    assert.equal(first.entries.length, 1);
    const second = (await service.ask("GET", `/api/v1/trash?limit=1&cursor=${first.cursor}`)).json;
    assert.notEqual(second.entries[0].id, first.entries[0].id);
    await service.restart();  // tidies when it starts
    while (existsSync(old)) await new Promise((next) => setImmediate(next));
    assert.equal((await service.ask("DELETE", "/api/v1/trash/" + first.entries[0].id)).status, 204);
    assert.equal((await service.ask("DELETE", "/api/v1/trash/../files")).status, 404);
    assert.equal((await service.ask("DELETE", "/api/v1/trash")).status, 204);
    assert.deepEqual((await service.ask("GET", "/api/v1/trash")).json.entries, []);
  });

  test("search finds by part of a name, without case", async () => {
    for (const name of ["Straße 1.TXT", "ÉCOLE.pdf", "школа.txt", "ΑΘΗΝΑ.md"]) await service.upload(Buffer.from("x"), { name, path: "deep/er" });
    const found = async (text) => (await service.ask("GET", "/api/v1/search?q=" + encodeURIComponent(text))).json.entries.map((entry) => entry.name);
    assert.deepEqual(await found("straße"), ["Straße 1.TXT"]);
    assert.deepEqual(await found("école"), ["ÉCOLE.pdf"]);
    assert.deepEqual(await found("ШКОЛА"), ["школа.txt"]);
    assert.deepEqual(await found("αθηνα"), ["ΑΘΗΝΑ.md"]);
    assert.deepEqual(await found("ecole"), []);
    const limited = (await service.ask("GET", "/api/v1/search?q=.&limit=2")).json;
    assert.equal(limited.entries.length, 2);
    assert.equal(limited.complete, false);
  });

  test("sorts as people count, folders first, in every order", async () => {
    fresh();
    for (const [name, size] of [["a10", 3], ["a2", 9], ["A1", 5], ["ä", 1], ["z", 7]]) await service.upload(Buffer.alloc(size), { name, mtime: 1e12 + size * 1000 });
    await service.post("/api/v1/folders", { path: "zz folder" });
    assert.deepEqual(await service.names("path="), ["zz folder", "A1", "a2", "a10", "z", "ä"]);
    assert.deepEqual(await service.names("path=&order=desc"), ["zz folder", "ä", "z", "a10", "a2", "A1"]);
    assert.deepEqual(await service.names("path=&sort=size"), ["zz folder", "ä", "a10", "A1", "z", "a2"]);
    assert.deepEqual(await service.names("path=&sort=modified&order=desc"), ["zz folder", "a2", "z", "A1", "a10", "ä"]);
    for (const query of ["sort=colour", "order=up", "limit=0", "limit=1001", "offset=-1", "cursor=zz", "path=..", "path=a//b"])
      assert.equal((await service.ask("GET", "/api/v1/list?" + query)).status, 400, query);
  });

  test("100,000 entries in one folder: pages in milliseconds, nothing twice, nothing lost", async (t) => {
    fresh();
    await service.names("path=");
    const folder = join(service.tree(), "many");
    mkdirSync(folder);
    for (let i = 0; i < 100_000; ++i) writeFileSync(join(folder, `photo ${i}.jpg`), "");
    const time = async (act) => { const start = performance.now(); const value = await act(); return [performance.now() - start, value]; };
    const [cold, first] = await time(() => service.ask("GET", "/api/v1/list?path=many&limit=1000"));
    assert.equal(first.json.total, 100_000);
    assert.equal(first.json.entries[2].name, "photo 2.jpg");
    const seen = new Set(first.json.entries.map((entry) => entry.name));
    let { cursor } = first.json;
    let slowest = 0;
    while (cursor !== null) {
      const [took, page] = await time(() => service.ask("GET", `/api/v1/list?path=many&limit=1000&cursor=${cursor}`));
      slowest = Math.max(slowest, took);
      assert.equal(page.json.version, first.json.version);
      for (const entry of page.json.entries) seen.add(entry.name);
      cursor = page.json.cursor;
    }
    assert.equal(seen.size, 100_000);
    const [jump, middle] = await time(() => service.ask("GET", "/api/v1/list?path=many&offset=50000&limit=50"));
    assert.equal(middle.json.entries[0].name, "photo 50000.jpg");
    t.diagnostic(`first page ${cold.toFixed(0)} ms, slowest other ${slowest.toFixed(0)} ms, a jump ${jump.toFixed(1)} ms, memory ${(service.memory() / 2 ** 20).toFixed(0)} MiB`);
    assert.ok(cold < 5000 && jump < 200, "fast enough on a busy machine");
    // A cursor goes on rightly though the folder changed.
    await service.upload(Buffer.from("x"), { name: "photo 0a.jpg", path: "many" });
    const next = (await service.ask("GET", `/api/v1/list?path=many&limit=1&cursor=${first.json.cursor}`)).json;
    assert.equal(next.entries[0].name, "photo 1000.jpg");
    assert.notEqual(next.version, first.json.version);
    assert.ok(service.memory() < 128 * 2 ** 20);
  });
});

describe("what mustn't happen", () => {
  before(fresh);

  test("nobody sees another's files, and nobody unknown sees any", async () => {
    await service.upload(Buffer.from("mine"), { name: "mine.txt" });
    assert.equal((await service.ask("GET", "/api/v1/content/mine.txt", { persona: "mallory" })).status, 404);
    for (const persona of [null, "", "../alice", "a/b", "x".repeat(65), "a b"]) {
      const answer = await service.ask("GET", "/api/v1/list", { persona });
      assert.equal(answer.status, 403, String(persona));
      assert.equal(answer.json.error.code, "denied");
    }
  });

  test("links, pipes and sockets planted in the tree are listed, never followed or opened", { timeout: 20_000 }, async () => {
    await service.names("path=");
    const tree = service.tree();
    const outside = join(service.directory, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "secret"), "secret");
    symlinkSync("/etc/passwd", join(tree, "file link"));
    symlinkSync(outside, join(tree, "folder link"));
    symlinkSync("/proc/self/fd/3", join(tree, "magic link"));
    execFileSync("mkfifo", [join(tree, "pipe")]);
    const socket = net.createServer().listen(join(tree, "socket"));
    const { entries } = (await service.ask("GET", "/api/v1/list?path=")).json;
    for (const name of ["file link", "folder link", "magic link", "pipe", "socket"]) {
      assert.equal(entries.find((entry) => entry.name === name).kind, "other", name);
      assert.equal((await service.content(name)).status, 409, name);
      assert.equal((await service.content(`${name}/secret`)).status, 404, name);
    }
    assert.equal((await service.ask("GET", "/api/v1/list?path=folder%20link")).status, 404);
    assert.notEqual((await service.upload(Buffer.from("x"), { name: "planted", path: "folder link" })).status, 204);
    assert.notEqual((await service.post("/api/v1/move", { items: [{ from: "folder link/secret", to: "stolen" }] })).json.results[0].to, "stolen");
    assert.equal((await service.post("/api/v1/folders", { path: "folder link/new" })).status, 409);
    assert.deepEqual(readdirSync(outside), ["secret"]);
    // An upload over a link replaces the link, not what it points to; the search doesn't go through one.
    await service.upload(Buffer.from("new"), { name: "file link", onConflict: "replace" });
    assert.match(readFileSync("/etc/passwd", "utf8"), /root/);
    assert.deepEqual((await service.ask("GET", "/api/v1/search?q=secret")).json.entries, []);
    // Thrown away, a link to a folder leaves the folder alone.
    await service.post("/api/v1/trash", { paths: ["folder link"] });
    await service.ask("DELETE", "/api/v1/trash");
    assert.deepEqual(readdirSync(outside), ["secret"]);
    socket.close();
  });

  test("no path leaves the tree", async () => {
    for (const path of ["../x", "%2e%2e/x", "..%2fx", "a/%2e%2e/%2e%2e/x", "%00", "a%2f..%2fb", "%ff%fe", "%", "a%2"]) {
      const answer = await service.ask("GET", "/api/v1/content/" + path);
      assert.ok(answer.status === 400 || answer.status === 404, `${path}: ${answer.status}`);
    }
  });

  test("other pages can't change anything with a form", async () => {
    for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
      assert.equal((await service.ask("POST", "/api/v1/folders", { body: '{"path":"x"}', headers: { "Content-Type": type } })).status, 415);
    assert.equal((await service.ask("POST", "/api/v1/folders", { body: '{"path":"x"}' })).status, 415);
  });

  test("bodies and batches have bounds, and nonsense gets a clear answer", async () => {
    assert.equal((await service.post("/api/v1/folders", { path: "x".repeat(1 << 20) })).status, 413);
    assert.equal((await service.post("/api/v1/trash", { paths: Array(1001).fill("x") })).status, 400);
    for (const body of ["[]", "{", '"x"', "{}", '{"path":1}', '{"path":"a\\u0000"}']) {
      const answer = await service.ask("POST", "/api/v1/folders", { body, headers: { "Content-Type": "application/json" } });
      assert.equal(answer.status, 400, body);
      assert.ok(answer.json.error.message.length > 5);
    }
    assert.equal((await service.ask("PUT", "/api/v1/folders")).status, 405);
    assert.equal((await service.ask("GET", "/api/v1/nothing")).status, 404);
  });

  test("more than 256 connections wait their turn; those there go on", async () => {
    const idle = [];
    for (let i = 0; i < 300; ++i) idle.push(net.connect(service.socket));
    await Promise.all(idle.slice(0, 256).map((socket) => socket.connecting && new Promise((ready) => socket.once("connect", ready))));
    const waiting = service.ask("GET", "/api/v1/list");
    const early = await Promise.race([waiting, new Promise((next) => setTimeout(next, 300, null))]);
    assert.equal(early, null, "the house is full");
    for (const socket of idle) socket.destroy();
    assert.equal((await waiting).status, 200);
  });

  test("a gigabyte up and down grows its memory by less than 32 MB", { timeout: 240_000 }, async (t) => {
    const part = randomBytes(1 << 20);
    const length = 1024 * part.length;
    const { headers: { location } } = await service.create(length, { name: "giga" });
    const before = service.memory();
    let most = before;
    const watch = setInterval(() => { most = Math.max(most, service.memory()); }, 20);
    const sum = createHash("sha256");
    const started = performance.now();
    const answer = await new Promise((done, fail) => {
      const request = service.open("PATCH", location, { headers: {
        "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": String(length) } });
      request.once("error", fail);
      request.once("response", (response) => { response.resume(); response.once("end", () => done(response)); });
      let sent = 0;
      const more = () => {
        while (sent < 1024) {
          ++sent;
          sum.update(part);
          if (!request.write(part)) return request.once("drain", more);
        }
        request.end();
      };
      more();
    });
    const up = performance.now() - started;
    const expected = sum.digest("hex");
    assert.equal(answer.headers["repr-digest"], `sha-256=:${Buffer.from(expected, "hex").toString("base64")}:`);
    const down = createHash("sha256");
    const begun = performance.now();
    await new Promise((done, fail) => {
      const request = service.open("GET", "/api/v1/content/giga");
      request.once("error", fail);
      request.once("response", (response) => { response.on("data", (bytes) => down.update(bytes)); response.once("end", done); });
      request.end();
    });
    clearInterval(watch);
    assert.equal(down.digest("hex"), expected);
    t.diagnostic(`up ${(1024e3 / up).toFixed(0)} MiB/s, down ${(1024e3 / (performance.now() - begun)).toFixed(0)} MiB/s, memory +${((most - before) / 2 ** 20).toFixed(1)} MiB of ${(before / 2 ** 20).toFixed(0)}`);
    assert.ok(most - before < 32 * 2 ** 20);
    await service.post("/api/v1/trash", { paths: ["giga"] });
    await service.ask("DELETE", "/api/v1/trash");
  });
});

describe("the pages", () => {
  test("are served with their policy, and the start page for every address of theirs", async () => {
    writeFileSync(join(service.web, "index.html"), "<!doctype html>start");
    mkdirSync(join(service.web, "assets"));
    writeFileSync(join(service.web, "assets/app-1a2b.js"), "1");
    symlinkSync("/etc/passwd", join(service.web, "leak.txt"));
    for (const path of ["/", "/Photos/2026", "/?q=1"]) {
      const page = await service.ask("GET", path);
      assert.equal(page.status, 200);
      assert.equal(page.bytes.toString(), "<!doctype html>start");
      assert.equal(page.headers["cache-control"], "no-cache");
      assert.match(page.headers["content-security-policy"], /default-src 'self'/);
    }
    const script = await service.ask("GET", "/assets/app-1a2b.js");
    assert.equal(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert.match(script.headers["cache-control"], /immutable/);
    assert.equal((await service.ask("GET", "/", { headers: { "If-None-Match": (await service.ask("GET", "/")).headers.etag } })).status, 304);
    for (const path of ["/leak.txt", "/missing.js", "/../data"]) assert.notEqual((await service.ask("GET", path)).bytes.toString().slice(0, 4), "root");
    assert.equal((await service.ask("GET", "/missing.js")).status, 404);
  });
});
