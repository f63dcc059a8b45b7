export const seen = String(WebSocket).includes("native code") ? "native" : "shim";
