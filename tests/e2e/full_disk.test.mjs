// A disk that something else filled to its last byte.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hearth, startAppliance } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";

const node = (soul) => `/api/graph/v1/spaces/home/nodes/${encodeURIComponent(soul)}`;

/** A folder that is a disk of that size. */
function diskOf(t, size) {
  const folder = mkdtempSync(join(tmpdir(), "hearth-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=711`, "tmpfs", folder]);
  t.after(() => {
    execFileSync("umount", ["--lazy", folder]);
    rmdirSync(folder);
  });
  return folder;
}

function fill(path) {
  const file = openSync(path, "w");
  const block = Buffer.alloc(4096);
  assert.throws(() => { for (;;) writeSync(file, block); }, { code: "ENOSPC" }); // prettier-ignore
  closeSync(file);
}

test("a full disk: what is there is served, writes are refused in words, and nothing acknowledged is lost", async (t) => {
  const disk = diskOf(t, "128m");
  const data = join(disk, "data");
  const filler = join(disk, "filler");
  const start = () => startAppliance(t, data, { args: ["--name", "casa", "--gun"] });
  const addPersona = (name) => hearth(data, ["persona", "add", name], { input: "heron basalt window\n" });
  let appliance = await start();
  const owner = await Device.dial(appliance.ready.addrs[0]);
  t.after(() => owner.close());
  await owner.setUp(appliance.ready.setup_url, { name: "anna", password: "plum kettle rivers" });
  const put = (soul, value) => owner.json("PUT", node(soul), { properties: { value } });
  for (let i = 0; i < 50; i++) assert.equal((await put(`before/${i}`, i)).durable, true);

  fill(filler);
  for (let i = 0; i < 20; i++) {
    await assert.rejects(put(`during/${i}`, i), /503 .*disk is nearly full/);
    assert.equal((await owner.json("GET", node(`before/${i}`))).properties.value.value, i);
  }
  for (let i = 0; i < 5; i++) {
    const { code, err } = await addPersona(`guest${i}`);
    assert.equal(code, 1);
    assert.match(err, /See whether it is full/);
  }
  assert.equal((await hearth(data, ["status"])).code, 0);

  // There is no room to start in, either: told, and not a crash.
  await appliance.kill();
  await assert.rejects(start(), /ended with 1\n[^]*No space left on device/);

  rmSync(filler);
  appliance = await start();
  for (let i = 0; i < 50; i++) {
    const { code, out } = await hearth(data, ["--json", "graph", "get", `before/${i}`]);
    assert.equal(code, 0);
    assert.equal(JSON.parse(out).properties.value.value, i);
  }
  assert.equal((await hearth(data, ["graph", "put", "after", "value=1"])).code, 0);
  assert.equal((await addPersona("guest")).code, 0);
  await appliance.stop();
});
