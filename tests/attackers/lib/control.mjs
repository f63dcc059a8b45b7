// The control user: somebody with business of their own beside an attack. Takes orders as lines of JSON:
// {"measure": ms} asks one thing after another and says how long each took; {"newcomer": true} comes as a stranger.
import { createInterface } from "node:readline";
import { Device } from "../../e2e/lib/libp2p.mjs";

const { address, path, setup } = JSON.parse(process.argv[2]);
const user = await Device.dial(address);
if (setup) await user.setUp(setup, { name: "anna", password: "plum kettle rivers nine" });

async function measure(ms) {
  const times = [];
  let failed = 0;
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const from = performance.now();
    const { status } = await user.request("GET", path).catch(() => ({ status: 0 }));
    times.push(performance.now() - from);
    failed += status !== 200;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { times, failed };
}

async function newcomer() {
  const from = performance.now();
  const device = await Device.dial(address);
  const { status } = await device.request("GET", path === "/api/v1/me" ? "/api/v1/appliance" : path);
  await device.close();
  return { status, ms: performance.now() - from };
}

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const answer = await (order.newcomer ? newcomer() : measure(order.measure)).catch((error) => ({ error: String(error) }));
  console.log(JSON.stringify(answer));
}
process.exit(0);
