import { expect, test } from "vitest";
import { pipe } from "../testing/pipe.ts";
import { settled } from "../testing/fake_clock.ts";
import { PortStream, splice } from "./port_stream.ts";

function streams(): [PortStream, PortStream] {
  const { port1, port2 } = new MessageChannel();
  return [new PortStream(port1), new PortStream(port2)];
}

test("carries bytes both ways, and each direction's end", async () => {
  const [a, b] = streams();
  await a.write(new Uint8Array([1, 2]));
  await a.closeWrite();
  expect(await b.read()).toEqual(new Uint8Array([1, 2]));
  expect(await b.read()).toBeUndefined();
  await b.write(new Uint8Array([3]));
  await b.closeWrite();
  expect(await a.read()).toEqual(new Uint8Array([3]));
  expect(await a.read()).toBeUndefined();
});

test("the writer's bytes stay the writer's", async () => {
  const [a, b] = streams();
  const whole = new Uint8Array([1, 2, 3, 4]);
  await a.write(whole.subarray(1, 3));
  expect(await b.read()).toEqual(new Uint8Array([2, 3]));
  expect(whole).toEqual(new Uint8Array([1, 2, 3, 4]));
});

test("a reader that doesn't read stops the writer after 1 MiB", async () => {
  const [a, b] = streams();
  let written = 0;
  const writing = (async () => {
    for (; written < 64; ++written) await a.write(new Uint8Array(64 * 1024));
  })();
  await settled();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(written).toBe(16);
  for (let read = 0; read < 64; ++read) expect((await b.read())?.length).toBe(64 * 1024);
  await writing;
});

test("what came before the other side gave up is read first", async () => {
  const [a, b] = streams();
  await a.write(new Uint8Array([1]));
  a.abort(new Error("enough"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await b.read()).toEqual(new Uint8Array([1]));
  await expect(b.read()).rejects.toThrow("enough");
  await expect(b.write(new Uint8Array([1]))).rejects.toThrow("enough");
});

test("a tab that is gone ends its streams", async () => {
  const { port1, port2 } = new MessageChannel();
  const stream = new PortStream(port1);
  const reading = expect(stream.read()).rejects.toThrow("gone");
  port2.close();
  await reading;
});

test("who reads slowly isn't read ahead of, through the tab between, either", async () => {
  const [follower, leader] = streams();
  const [ours, box] = pipe();
  void splice(leader, ours, () => true);
  let written = 0;
  void (async () => {
    for (; written < 100; ++written) await box.write(new Uint8Array(64 * 1024));
  })();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(written).toBeLessThanOrEqual(18);
  for (let read = 0; read < 100; ++read) expect((await follower.read())?.length).toBe(64 * 1024);
});

test("a follower that goes ends the stream at the box at once, though nothing flows", async () => {
  const [follower, leader] = streams();
  const [ours, box] = pipe();
  void splice(leader, ours, () => true);
  await follower.closeWrite();
  expect(await box.read()).toBeUndefined();
  follower.abort(new Error("left"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(ours.aborted?.message).toBe("left");
});

test("nothing is written for who leads no more", async () => {
  const [follower, leader] = streams();
  const [ours, box] = pipe();
  void splice(leader, ours, () => Promise.resolve(false));
  const reading = expect(box.read()).rejects.toThrow();
  await follower.write(new Uint8Array([1]));
  await reading;
});
