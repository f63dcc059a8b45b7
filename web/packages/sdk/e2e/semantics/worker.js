importScripts(
  "/cases/harness.js",
  "/cases/fetch.js",
  "/cases/streams.js",
  "/cases/xhr.js",
  "/cases/websocket.js",
  "/cases/cookies.js",
  "/cases/caching.js",
  "/cases/pages.js",
  "/cases/run.js",
);
runCases().then((results) => postMessage(results));
