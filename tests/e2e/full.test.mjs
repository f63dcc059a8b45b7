// A disk that people have filled: the box takes no more, but starts, lets people in and deletes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hearth, scratch, startAppliance } from "./lib/daemon.mjs";
import { eventually } from "./lib/processes.mjs";
import { Visitor } from "./lib/visitor.mjs";

const password = "plum kettle rivers";
const MiB = 1 << 20;

/** A small disk of its own, gone when the test is over. */
function smallDisk(t) {
  const undo = [];
  const folder = scratch({ after: (each) => undo.push(each) });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=640m,mode=711", "tmpfs", folder]);
  t.after(() => {
    execFileSync("umount", ["--lazy", folder]);
    for (const each of undo) each();
  });
  return folder;
}

test("on a full disk the box takes no more, but starts, logs in and deletes; with room again it takes more", async (t) => {
  const disk = smallDisk(t);
  const data = join(disk, "data");
  let box = await startAppliance(t, data);
  const owner = await Visitor.at(t, box.ready.addrs[0]);
  await owner.setUp(box.ready.setup_url, { name: "anna", password });
  const graph = (...args) => hearth(data, ["graph", ...args]);
  assert.equal((await graph("put", "cake", "kind=plum")).code, 0);

  const filler = join(disk, "filler");
  const { bavail, bsize } = statfsSync(disk);
  const left = 24 * MiB; // of 640: less than 5 %
  writeFileSync(filler, Buffer.alloc(bavail * bsize - left));
  const refused = await graph("put", "cake", "eggs=3");
  assert.notEqual(refused.code, 0);
  assert.match(refused.err, /nearly full/);
  assert.match((await graph("get", "cake")).out, /plum/);

  await box.stop();
  box = await startAppliance(t, data);
  const again = await Visitor.at(t, box.ready.addrs[0]);
  assert.equal((await again.login({ root: box.ready.root, name: "anna", password })).persona.name, "anna");
  const removed = await graph("rm", "cake");
  assert.equal(removed.code, 0, removed.err);

  rmSync(filler);
  await eventually(async () => (await graph("put", "pie", "kind=apple")).code === 0, "room again");
});
