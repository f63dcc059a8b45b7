// A gigabyte up and down through the whole appliance, by the stock js-libp2p over TCP into the sandboxed Files app, and what
// memory that takes.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { scratch, startAppliance } from "./lib/daemon.mjs";
import { Device, readHead, sendAll } from "./lib/libp2p.mjs";
import { processTree, statusOf } from "./lib/processes.mjs";

const gigabyte = 1_000_000_000;
const allowed = 32 * 2 ** 20;

/** The resident memory's growth over its peak from now on. */
function watchMemory(pid) {
  const field = (name) => parseInt(statusOf(pid).get(name)) * 1024;
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the peak begins anew
  const before = field("VmRSS");
  return () => field("VmHWM") - before;
}

test("1 GB up and down grows neither hearthd nor hearth-files by 32 MB", { timeout: 240_000 }, async (t) => {
  const appliance = await startAppliance(t, `${scratch(t)}/data`, { args: ["--name", "casa"] });
  const owner = await Device.dial(appliance.ready.addrs[0]);
  t.after(() => owner.close());
  await owner.setUp(appliance.ready.setup_url, { name: "anna", password: "plum kettle rivers nine" });

  const metadata = `name ${Buffer.from("film.bin").toString("base64")}`;
  const tus = { "Tus-Resumable": "1.0.0" };
  const made = await owner.request("POST", "/app/files/api/v1/uploads", {
    headers: { ...tus, "Upload-Length": gigabyte, "Upload-Metadata": metadata },
  });
  assert.equal(made.status, 201, made.body.toString());
  const files = processTree(appliance.child.pid).find(({ name }) => name === "hearth-files");
  assert.ok(files, "the app runs below hearthd");
  const grown = { hearthd: watchMemory(appliance.child.pid), "hearth-files": watchMemory(files.pid) };

  const piece = Buffer.alloc(65_536, "a film of a harbour, ");
  let from = performance.now();
  const took = (what) => {
    const seconds = (performance.now() - from) / 1000;
    t.diagnostic(`${what}: ${seconds.toFixed(1)} s, ${(gigabyte / 1e6 / seconds).toFixed(0)} MB/s`);
    from = performance.now();
  };
  const path = `/app/files${made.headers.get("location").replace(/^\/app\/files/, "")}`;
  const up = await owner.open("PATCH", path, {
    ...tus,
    ...{ "Upload-Offset": 0, "Content-Type": "application/offset+octet-stream", "Content-Length": gigabyte },
  });
  for (let left = gigabyte; left > 0; left -= piece.length)
    await sendAll(up, piece.subarray(0, Math.min(left, piece.length)));
  const done = await readHead(up);
  assert.equal(done.status, 204);
  took("up");

  const down = await owner.open("GET", "/app/files/api/v1/content/film.bin");
  const { status, headers, rest } = await readHead(down);
  assert.equal(status, 200);
  assert.equal(Number(headers.get("content-length")), gigabyte);
  let got = 0;
  for await (const chunk of rest) {
    for (let at = 0; at < chunk.length; at += 4099)
      if (chunk[at] !== piece[(got + at) % piece.length]) assert.fail(`another byte at ${got + at}`);
    got += chunk.length;
    if (got >= gigabyte) break;
  }
  assert.equal(got, gigabyte);
  took("down");

  for (const [name, measure] of Object.entries(grown)) {
    const bytes = measure();
    t.diagnostic(`${name} grew by ${(bytes / 2 ** 20).toFixed(1)} MiB at most`);
    assert.ok(bytes < allowed, `${name} grew by ${bytes} bytes`);
  }
});
