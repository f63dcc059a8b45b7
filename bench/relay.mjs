// CPU seconds to relay a gigabyte through hearth-flock, and of socat relaying as many, turn
// about in one run. Prints a table, and one line of JSON.
//   node bench/relay.mjs [MEGABYTES]
// A box that is registered at the flock gets an upload through its relay, at the 25 MB/s that a flock grants it;
// socat then carries as many bytes between two sockets, in pieces of 64 KiB, as fast as it goes, with its own defaults.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { scratch, start } from "../tests/e2e/lib/daemon.mjs";
import { Device, readHead, sendAll } from "../tests/e2e/lib/libp2p.mjs";

const megabytes = Number(process.argv[2] ?? 1000);
const bytes = megabytes * 1_000_000;
const piece = Buffer.alloc(65_536, "a film of a harbour, ");
const ends = [];
const t = { after: (end) => ends.unshift(end) };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** User and system time of a process, in seconds. */
function cpu(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function throughFlock() {
  const folder = scratch(t);
  const flock = await start(t, "hearth-flock", [
    ...["--data-dir", join(folder, "flock"), "--listen-ip", "127.0.0.1", "--port", "0", "--shell", "off", "--ready-json"],
  ]);
  const meeting = flock.ready.addrs.find((one) => !one.includes("/ws"));
  const box = await start(t, "hearthd", [
    ...["--data-dir", join(folder, "data"), "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
    ...["--flock", meeting, "--name", "casa", "--ready-json"],
  ]);
  const owner = await Device.dial(box.ready.addrs[0]);
  await owner.setUp(box.ready.setup_url, { name: "anna", password: "plum kettle rivers nine" });
  await owner.close();
  const device = await Device.dial(`${meeting}/p2p-circuit/p2p/${box.ready.peer_id}`, owner.key);
  const made = await device.request("POST", "/app/files/api/v1/uploads", {
    headers: { "Tus-Resumable": "1.0.0", "Upload-Length": bytes, "Upload-Metadata": `name ${Buffer.from("film.bin").toString("base64")}` },
  });
  if (made.status !== 201) throw new Error(`${made.status} ${made.body}`);
  const path = `/app/files${made.headers.get("location").replace(/^\/app\/files/, "")}`;
  const before = cpu(flock.child.pid);
  const from = performance.now();
  const up = await device.open("PATCH", path, {
    ...{ "Tus-Resumable": "1.0.0", "Upload-Offset": 0 },
    ...{ "Content-Type": "application/offset+octet-stream", "Content-Length": bytes },
  });
  for (let left = bytes; left > 0; left -= piece.length) await sendAll(up, piece.subarray(0, Math.min(left, piece.length)));
  const done = await readHead(up);
  if (done.status !== 204) throw new Error(String(done.status));
  const took = { seconds: (performance.now() - from) / 1000, cpu: cpu(flock.child.pid) - before };
  await device.close();
  await box.stop();
  await flock.stop();
  return took;
}

async function throughSocat() {
  let got = 0;
  const sink = createServer((socket) => socket.on("data", (data) => (got += data.length)));
  await new Promise((resolve) => sink.listen(0, "127.0.0.1", resolve));
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const socat = spawn("socat", [`TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr`, `TCP:127.0.0.1:${sink.address().port}`]);
  t.after(() => socat.kill("SIGKILL"));
  let socket;
  for (let i = 0; i < 100 && !socket; i++) {
    await pause(50);
    socket = await new Promise((resolve) => {
      const one = createConnection(port, "127.0.0.1", () => resolve(one));
      one.on("error", () => resolve(undefined));
    });
  }
  const before = cpu(socat.pid);
  const from = performance.now();
  for (let left = bytes; left > 0; left -= piece.length)
    if (!socket.write(piece.subarray(0, Math.min(left, piece.length)))) await new Promise((resolve) => socket.once("drain", resolve));
  while (got < bytes) await pause(5);
  const took = { seconds: (performance.now() - from) / 1000, cpu: cpu(socat.pid) - before };
  socket.destroy();
  socat.kill("SIGKILL");
  sink.close();
  return took;
}

const rounds = [];
for (let i = 0; i < 2; i++) rounds.push({ flock: await throughFlock(), socat: await throughSocat() });
for (const end of ends) await end();
const gigabyte = ({ cpu }) => (cpu * 1000) / megabytes;
const mean = (list) => list.reduce((all, one) => all + one, 0) / list.length;
const [ours, theirs] = [mean(rounds.map((one) => gigabyte(one.flock))), mean(rounds.map((one) => gigabyte(one.socat)))];
console.log("| what | hearth-flock | socat | ratio | wanted |\n|---|---|---|---|---|");
console.log(`| CPU seconds to relay 1 GB | ${ours.toFixed(2)} | ${theirs.toFixed(2)} | ${(ours / theirs).toFixed(2)}x | 2x at most |`);
console.log(JSON.stringify({ bench: "relay", megabytes, rounds, ratio: Number((ours / theirs).toFixed(2)) }));
process.exit(0);
