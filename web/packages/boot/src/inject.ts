/** Puts the shim before an app's own code, while the page or script streams through. */

/** Until here the start of a page or script is looked at. */
const maxStart = 64 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Before a page's first element that could run anything, behind its doctype, `<html>` and `<head>`. As short as may be:
 * browsers look for `<meta charset>` in the first 1,024 bytes only. `by`: what the shim is told (service_pages.ts).
 */
export function withPageShim(path: string, nonce: string, by = ""): TransformStream<Bytes, Bytes> {
  const said = by === "" ? "" : ` data-by="${by.replace(/&/g, "&amp;").replace(/"/g, "&quot;")}"`;
  const tag = `<script src="${path}" nonce="${nonce}"${said}></script>`;
  return insert((start, whole) => {
    const at = lead.exec(start)?.[0].length ?? 0;
    const rest = start.slice(at);
    // It may be one of those, not all of which has come.
    const unclear = rest.length < 16 || /^<([!?]|html|head[\s/>])/i.test(rest);
    if (unclear && !whole) return undefined;
    return { at, text: tag };
  });
}

const attributes = `(?:[^>"']|"[^"]*"|'[^']*')*`;
const lead = new RegExp(
  `^(?:\\ufeff|\\s|<!--[^]*?-->|<!doctype[^>]*>|<\\?[^>]*>|<html(?=[\\s/>])${attributes}>|<head(?=[\\s/>])${attributes}>)*`,
  "i",
);

/**
 * Before a worker's script. Nothing says whether that is a module: one that begins with an import certainly is, and
 * imports the shim first, since imports run before all else. In others the shim itself goes in front, on their first line.
 */
export function withWorkerShim(source: string, path: string): TransformStream<Bytes, Bytes> {
  return insert((start, whole) => {
    const at = start.startsWith("\ufeff") ? 1 : 0;
    const comment = String.raw`//[^\n]*\n|/\*[^]*?\*/`;
    const head = new RegExp(`^(?:\\ufeff|\\s|${comment}|(?:"use strict"|'use strict')[;\\s])*`);
    const skipped = head.exec(start)?.[0] ?? "";
    const strict = skipped.replace(new RegExp(comment, "g"), "").includes("use strict");
    const rest = start.slice(skipped.length);
    if (!whole && (rest.length < 16 || /^\/[/*]/.test(rest))) return undefined;
    if (/^import\s*(?:["'{*]|[\w$]+[\s,])/.test(rest)) return { at, text: `import ${JSON.stringify(path)};` };
    return { at, text: `${strict ? '"use strict";' : ""}${source.trim().replace(/\n/g, " ")};` };
  });
}

/** `find` looks at what has come of the start, until it knows where the text goes. */
function insert(
  find: (start: string, whole: boolean) => { at: number; text: string } | undefined,
): TransformStream<Bytes, Bytes> {
  // Each byte is a letter, so that places in the text are places in the bytes.
  const latin = (bytes: Bytes): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  let held: Bytes | undefined = new Uint8Array();
  const look = (controller: TransformStreamDefaultController<Bytes>, whole: boolean): void => {
    if (held === undefined) return;
    const bom = held[0] === 0xef && held[1] === 0xbb && held[2] === 0xbf;
    const start = latin(held.subarray(bom ? 3 : 0, maxStart));
    const found = find(start, whole || held.length >= maxStart);
    if (found === undefined) return;
    const at = found.at + (bom ? 3 : 0);
    controller.enqueue(held.slice(0, at));
    controller.enqueue(new TextEncoder().encode(found.text));
    controller.enqueue(held.slice(at));
    held = undefined;
  };
  return new TransformStream({
    transform(chunk, controller) {
      if (held === undefined) return controller.enqueue(chunk);
      const joined = new Uint8Array(held.length + chunk.length);
      joined.set(held);
      joined.set(chunk, held.length);
      held = joined;
      look(controller, false);
    },
    flush: (controller) => look(controller, true),
  });
}

/** Browsers decode what the network brings, not what a worker hands them. */
export function decoded(body: ReadableStream<Bytes>, headers: Headers): ReadableStream<Bytes> {
  const codings: Record<string, CompressionFormat> = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" };
  const coding = codings[(headers.get("content-encoding") ?? "").trim().toLowerCase()];
  if (coding === undefined) return body;
  headers.delete("content-encoding");
  headers.delete("content-length");
  return body.pipeThrough(new DecompressionStream(coding));
}
