import { describe, expect, test } from "vitest";
import { decoded, withPageShim, withWorkerShim } from "./inject.ts";
import { allowShim } from "./policy.ts";

async function through(
  text: string,
  make: () => TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>,
  size: number,
): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
  const out = new Uint8Array(await new Response(source.pipeThrough(make())).arrayBuffer());
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(out);
}

describe("a page's shim", () => {
  const tag = '<script src="/s.js" nonce="n"></script>';
  test.each([
    [
      "<!doctype html><html lang=en><head><title>x</title>",
      "<!doctype html><html lang=en><head>|<title>x</title>",
    ],
    [
      "<!DOCTYPE html>\n<!-- <head> -->\n<script>1</script>",
      "<!DOCTYPE html>\n<!-- <head> -->\n|<script>1</script>",
    ],
    [
      '<html data-x="a>b"><head data-y=1><meta charset=utf-8>',
      '<html data-x="a>b"><head data-y=1>|<meta charset=utf-8>',
    ],
    ["<header>not a head</header>", "|<header>not a head</header>"],
    ["plain text é, and so on", "|plain text é, and so on"],
    ["", "|"],
    ["\ufeff<!doctype html><body>", "\ufeff<!doctype html>|<body>"],
  ])("%j", async (page, expected) => {
    for (const size of [1, 7, 1000])
      expect(await through(page, () => withPageShim("/s.js", "n"), size)).toBe(expected.replace("|", tag));
  });
});

describe("a worker's shim", () => {
  const source = 'var shim = "S";\n';
  test.each([
    ['import { a } from "./a.js";\na();', 'import "/s.js";import { a } from "./a.js";\na();'],
    [
      '/* l */ // m\nimport"./a.js";console.log(1)',
      'import "/s.js";/* l */ // m\nimport"./a.js";console.log(1)',
    ],
    ['import("./a.js").then(console.log);', 'var shim = "S";;import("./a.js").then(console.log);'],
    ['"use strict";\nimportScripts("x");', '"use strict";var shim = "S";;"use strict";\nimportScripts("x");'],
    ["onmessage = (e) => postMessage(1)", 'var shim = "S";;onmessage = (e) => postMessage(1)'],
  ])("%j", async (script, expected) => {
    for (const size of [1, 1000])
      expect(await through(script, () => withWorkerShim(source, "/s.js"), size)).toBe(expected);
  });
});

test("the shim runs under an app's own policy, and nothing else does by that", () => {
  const under = (policy: string): string => {
    const headers = new Headers({ "Content-Security-Policy": policy });
    allowShim(headers, "http://a/s.js", "n");
    return headers.get("content-security-policy") ?? "";
  };
  expect(under("script-src 'self'; img-src *")).toBe("script-src 'self' http://a/s.js; img-src *");
  expect(under("script-src 'none'")).toBe("script-src http://a/s.js");
  expect(under("script-src 'nonce-x' 'strict-dynamic'")).toBe(
    "script-src 'nonce-x' 'strict-dynamic' http://a/s.js 'nonce-n'",
  );
  expect(under("default-src 'self'")).toBe("default-src 'self'; script-src-elem 'self' http://a/s.js");
  expect(under("sandbox")).toBe("sandbox");
});

test("a body that the app compressed is given to the page as it was", async () => {
  const packed = new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip"));
  const headers = new Headers({ "Content-Encoding": "gzip", "Content-Length": "25" });
  const body = decoded(packed as ReadableStream<Uint8Array<ArrayBuffer>>, headers);
  expect(await new Response(body).text()).toBe("hello");
  expect([...headers]).toEqual([]);
});
