"use strict";

const fromWorker = (url, options) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(url, options);
    worker.onmessage = ({ data }) => (worker.terminate(), resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
  });
const blobUrl = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
const socketInWorker = `const s = new WebSocket("${isPage ? socketUrl("/ws/echo") : ""}"); s.onopen = () => s.send("w"); s.onmessage = (e) => { postMessage(e.data); s.close(); }; s.onclose = (e) => postMessage("closed " + e.code);`;
pageTest("workers: a module with imports, which see the same WebSocket", async () => {
  const [, isSocket, url, path] = await fromWorker("/module.js", { type: "module" });
  equal([isSocket, url, path], [true, `${location.origin}/module.js`, "/module.js"]);
});
pageTest("workers: a blob's worker has WebSocket", async () =>
  equal(await fromWorker(blobUrl(socketInWorker)), "w"),
);
pageTest("workers: a blob's module has WebSocket", async () =>
  equal(await fromWorker(blobUrl(socketInWorker), { type: "module" }), "w"),
);
pageTest("workers: a worker within a worker has WebSocket", async () =>
  equal(
    await fromWorker(
      blobUrl(
        `const w = new Worker(${JSON.stringify(blobUrl(socketInWorker))}); w.onmessage = (e) => postMessage(e.data);`,
      ),
    ),
    "w",
  ),
);
pageTest("workers: a shared worker has WebSocket", async () => {
  const worker = new SharedWorker(
    `/drip?n=1&ms=1&type=text/javascript&text=${encodeURIComponent(`onconnect = ({ports: [p]}) => { const postMessage = (m) => p.postMessage(m); ${socketInWorker} }`)}`,
  );
  const data = await new Promise(
    (resolve, reject) => (
      (worker.port.onmessage = (e) => resolve(e.data)),
      (worker.onerror = () => reject(new Error("error")))
    ),
  );
  equal(data, "w");
});
pageTest("html/page: WebSocket is there before the page's first script, which is the first", () => {
  equal(
    [window.nativeFirst === WebSocket, document.scripts[0].src, document.characterSet, document.compatMode],
    [true, "", "UTF-8", "CSS1Compat"],
  );
});
pageTest("content-security-policy: a page with a strict policy of its own", async () => {
  const frame = document.createElement("iframe");
  frame.src = "/strict.html";
  const answer = new Promise((resolve) =>
    addEventListener("message", ({ data, source }) => source === frame.contentWindow && resolve(data)),
  );
  document.body.append(frame);
  const [, , scripts] = await answer;
  equal(scripts, 1);
  frame.remove();
});
