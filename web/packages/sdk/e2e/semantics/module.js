import { seen } from "./imported.js";
postMessage([
  seen,
  new WebSocket("/ws/echo") instanceof EventTarget,
  import.meta.url,
  self.location.pathname,
]);
