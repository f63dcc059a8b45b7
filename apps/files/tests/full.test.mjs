// A disk that fills up: uploads leave the last of it, say so, keep what they have, and go on when there is room again.
import assert from "node:assert/strict";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Service, placeOf, randomBytes } from "./service.mjs";

const MiB = 1 << 20;
const disk = 200 * MiB;
let service;
before(async () => { service = await Service.start({ disk: `${disk / MiB}m` }); });
after(async () => { await service.stop(); });

const free = async () => (await service.ask("GET", "/api/v1/stats")).json.free;
const available = () => { const { bavail, bsize } = statfsSync(service.data); return bavail * bsize; };

test("a tenth of the disk is nobody's to fill", async () => {
  const room = await free();
  assert.ok(Math.abs(available() - disk / 10 - room) < MiB, `${room} of ${available()}`);
  const tooMuch = await service.create(room + MiB, { name: "film.mp4" });
  assert.equal(tooMuch.status, 507);
  assert.equal(tooMuch.json.error.code, "no_space");
  assert.equal((await service.create(room - MiB, { name: "film.mp4" })).status, 201);
});

test("an upload that the disk fills up under keeps its bytes, and goes on when there is room again", async () => {
  const bytes = randomBytes(60 * MiB);
  const { headers: { location } } = await service.create(bytes.length, { name: "photo.raw" });
  assert.equal((await service.patch(location, 0, bytes.subarray(0, 20 * MiB))).status, 204);

  const filler = join(service.data, "filler");
  writeFileSync(filler, Buffer.alloc(available() - disk / 10 - 10 * MiB));
  const refused = await service.patch(location, 20 * MiB, bytes.subarray(20 * MiB));
  assert.equal(refused.status, 507);
  assert.match(refused.json.error.message, /full/);
  const offset = Number((await service.head(location)).headers["upload-offset"]);
  assert.ok(offset > 20 * MiB && offset < bytes.length, `at ${offset}`);
  assert.equal(await free(), 0);
  // What has no bytes to come takes its place.
  assert.equal(placeOf(await service.create(0, { name: "empty.txt" })), "empty.txt");
  assert.equal((await service.patch(location, offset, bytes.subarray(offset))).status, 507);

  // Deleting goes on all the same.
  assert.equal((await service.post("/api/v1/folders", { path: "empty" })).status, 201);
  assert.equal((await service.post("/api/v1/trash", { paths: ["empty"] })).status, 200);

  rmSync(filler);
  const done = await service.patch(location, offset, bytes.subarray(offset));
  assert.equal(done.status, 204);
  assert.ok((await service.content(placeOf(done))).bytes.equals(bytes));
});
