/** One that another page or worker made. Only at once can it be had here: a constructor doesn't wait. */
function made(url: string): Blob | undefined {
  if (!url.startsWith("blob:")) return undefined;
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  try {
    request.send();
  } catch {
    return undefined;
  }
  return new Blob([request.responseText]);
}

/**
 * Workers made of blobs never pass the service worker. So for each blob that becomes a worker a small script of ours is
 * made, which loads the shim and then the blob: its strictness and its own address stay as they are.
 */
export function installBlobWorkers(shim: string): void {
  const blobs = new Map<string, Blob>();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = function (object) {
    const url = createObjectURL.call(URL, object);
    if (object instanceof Blob && /javascript|ecmascript|^$/.test(object.type)) blobs.set(url, object);
    return url;
  };
  URL.revokeObjectURL = function (url) {
    blobs.delete(String(url));
    revokeObjectURL.call(URL, url);
  };
  const Native = globalThis.Worker as typeof Worker | undefined;
  if (Native === undefined) return;
  globalThis.Worker = class Worker extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      const blob = blobs.get(String(url)) ?? made(String(url));
      if (blob === undefined) {
        super(url, options);
        return;
      }
      // The page may revoke its own address as soon as this returns.
      const own = createObjectURL.call(URL, new Blob([blob], { type: "text/javascript" }));
      const [a, b] = [JSON.stringify(shim), JSON.stringify(own)];
      const text =
        options?.type === "module" ? `import ${a};import ${b};` : `importScripts(${a});importScripts(${b});`;
      super(createObjectURL.call(URL, new Blob([text], { type: "text/javascript" })), options);
    }
  };
  Object.defineProperty(globalThis.Worker, "name", { configurable: true, value: "Worker" });
}
