"use strict";

test("fetch/api/response/response-stream: chunks come as they are sent", async () => {
  const gate = id();
  const reader = (await fetch(`/drip?n=5&ms=1&gate=${gate}`)).body.getReader();
  // The rest isn't sent before this one came.
  ok(!(await reader.read()).done);
  await fetch(`/gate?gate=${gate}`);
  while (!(await reader.read()).done);
});
test("streams/piping: pipeThrough a TextDecoderStream", async () => {
  let text = "";
  for await (const piece of (await fetch("/drip?n=3&ms=1")).body.pipeThrough(new TextDecoderStream()))
    text += piece;
  equal(text, "0\n1\n2\n");
});
test("streams/readable-streams/tee", async () => {
  const [a, b] = (await fetch("/bytes")).body.tee();
  const sizes = await Promise.all(
    [a, b].map(async (each) => (await new Response(each).arrayBuffer()).byteLength),
  );
  equal(sizes, [100_000, 100_000]);
});
test("fetch/api/response/response-stream-disturbed: a cancelled body", async () => {
  const response = await fetch("/drip?n=1000&ms=20&type=application/json");
  const reader = response.body.getReader();
  await reader.read();
  await reader.cancel();
  equal((await reader.read()).done, true);
});
test("fetch/api/response/response-stream-bad-chunk: a body that breaks off is an error", () =>
  rejects(
    fetch("/drip?n=2&ms=1&break").then((response) => response.text()),
    "TypeError",
  ));
test("fetch/api/abort/general: before, while waiting, and in the body", async () => {
  await rejects(fetch("/echo", { signal: AbortSignal.abort() }), "AbortError");
  const waiting = new AbortController();
  setTimeout(() => waiting.abort(), 50);
  await rejects(fetch("/slow?ms=5000", { signal: waiting.signal }), "AbortError");
  const reading = new AbortController();
  const response = await fetch("/drip?n=1000&ms=20&type=application/json", { signal: reading.signal });
  setTimeout(() => reading.abort(), 50);
  await rejects(response.text(), "AbortError");
});
test("fetch/api/abort/general: with a reason, and AbortSignal.timeout", async () => {
  const controller = new AbortController();
  controller.abort(new RangeError("mine"));
  await rejects(fetch("/echo", { signal: controller.signal }), "RangeError");
  await rejects(fetch("/slow?ms=5000", { signal: AbortSignal.timeout(50) }), "TimeoutError");
});
test("eventsource: events with id, name and data; closed", async () => {
  const source = new EventSource("/events");
  const event = await new Promise((resolve, reject) => {
    source.addEventListener("told", resolve);
    source.onerror = () => reject(new Error("error"));
  });
  equal([event.data, event.lastEventId], ["one\ntwo", "7"]);
  source.close();
});
