// Somebody who writes another's address on its packets, as far as that shows: one socket that sends what a forger could
// (who never sees an answer, and so answers none), and counts what the forged address would be sent.
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { bindingRequest, clientHello, directCheck } from "./wire.mjs";

const { kind, host, port, ms } = JSON.parse(process.argv[2]);
const socket = createSocket("udp4");
const counted = { sent: 0, received: 0 };
socket.on("message", (data) => (counted.received += data.length));
const send = (bytes) => {
  counted.sent += bytes.length;
  socket.send(bytes, port, host);
};
const session = randomBytes(12).toString("hex");
if (kind === "stun") for (let i = 0; i < 200; i++) send(bindingRequest(i % 2 ? 0 : 12));
if (kind === "checks") for (let i = 0; i < 12; i++) send(directCheck(randomBytes(12).toString("hex")));
if (kind === "handshake") {
  // A session's first check, and a handshake that is never gone on with: answered, and perhaps answered again and again.
  send(directCheck(session));
  setTimeout(() => send(clientHello()), 100);
}
setTimeout(() => {
  console.log(JSON.stringify(counted));
  process.exit(0);
}, ms);
