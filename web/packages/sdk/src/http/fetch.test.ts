import { describe, expect, test } from "vitest";
import { concat, fromUtf8, utf8 } from "../bytes.ts";
import { HearthError } from "../errors.ts";
import { pipe } from "../testing/pipe.ts";
import { checkedPath, fetchOver, type OpenStream } from "./fetch.ts";
import type { ByteStream } from "./stream.ts";

type Serve = (stream: ByteStream, request: { head: string; body: () => Promise<string> }) => Promise<void>;

/** Serves each stream by the next script, and keeps the streams. */
function server(...scripts: Serve[]): { open: OpenStream; heads: string[]; streams: { aborted?: Error }[] } {
  const heads: string[] = [];
  const streams: { aborted?: Error }[] = [];
  const open: OpenStream = async () => {
    const [ours, theirs] = pipe();
    streams.push(ours);
    const script = scripts.shift();
    if (script === undefined) throw new Error("one stream too many");
    void (async () => {
      let text = "";
      while (!text.includes("\r\n\r\n")) text += fromUtf8((await theirs.read()) ?? utf8(""));
      const [head = "", ...rest] = text.split("\r\n\r\n");
      heads.push(head);
      await script(theirs, {
        head,
        body: async () => {
          let body = rest.join("\r\n\r\n");
          for (let more = await theirs.read(); more !== undefined; more = await theirs.read())
            body += fromUtf8(more);
          return body;
        },
      });
    })().catch(() => undefined);
    return ours;
  };
  return { open, heads, streams };
}

const answer =
  (text: string): Serve =>
  async (stream) => {
    await stream.write(utf8(text));
    await stream.closeWrite();
  };

const ok = (body = "hello"): Serve =>
  answer(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => (error instanceof HearthError ? error.code : String(error)),
  );
}

describe("fetch", () => {
  test("sends a path with its query and reads status, headers and body", async () => {
    const { open, heads } = server(
      answer("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnone"),
    );
    const response = await fetchOver(open, "/api/v1/x?a=1&b=%20", { headers: { "X-Own": "y" } });
    expect(response.status).toBe(404);
    expect(response.statusText).toBe("Not Found");
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(response.url).toBe("/api/v1/x?a=1&b=%20");
    expect(await response.text()).toBe("none");
    expect(heads[0]).toBe("GET /api/v1/x?a=1&b=%20 HTTP/1.1\r\nHost: appliance\r\nx-own: y");
  });

  test("knows the length of texts, bytes, blobs and forms, and counts bytes", async () => {
    const bodies: [BodyInit, string][] = [
      ["é", "2"],
      [new Uint8Array(7), "7"],
      [new Blob(["abc"]), "3"],
      [new URLSearchParams({ a: "b c" }), "5"],
    ];
    for (const [body, length] of bodies) {
      const { open, heads } = server(ok());
      await (await fetchOver(open, "/x", { method: "POST", body })).text();
      expect(heads[0]).toContain(`Content-Length: ${length}`);
    }
  });

  test("sends FormData in chunks with its boundary", async () => {
    let sent = "";
    const { open, heads } = server(async (stream, request) => {
      sent = await request.body();
      await ok()(stream, request);
    });
    const form = new FormData();
    form.set("file", new Blob(["content"]), "a.txt");
    await (await fetchOver(open, "/x", { method: "POST", body: form })).text();
    expect(heads[0]).toMatch(/content-type: multipart\/form-data; boundary=/);
    expect(heads[0]).toContain("Transfer-Encoding: chunked");
    expect(sent).toContain('filename="a.txt"');
    expect(sent.endsWith("0\r\n\r\n")).toBe(true);
  });

  test("pulls an upload no faster than the peer reads", async () => {
    let given = 0;
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { open } = server(async (stream, request) => {
      await gate;
      await request.body();
      await ok()(stream, request);
    });
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (++given === 50) controller.close();
          else controller.enqueue(new Uint8Array(1000));
        },
      },
      { highWaterMark: 0 },
    );
    const pending = fetchOver(open, "/x", { method: "PUT", body });
    await new Promise((resolve) => setImmediate(resolve));
    expect(given).toBeLessThan(3);
    release();
    expect((await pending).status).toBe(200);
    expect(given).toBe(50);
  });

  test("pulls a download no faster than the reader reads", async () => {
    let written = 0;
    const { open } = server(async (stream) => {
      await stream.write(utf8("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"));
      for (; written < 50; ++written) await stream.write(utf8("x"));
    });
    const response = await fetchOver(open, "/x");
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(3);
    expect((await response.text()).length).toBe(50);
  });

  test("makes a body cut short an error, with a length and in chunks", async () => {
    for (const text of [
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ]) {
      const { open } = server(answer(text));
      expect(await codeOf((await fetchOver(open, "/x")).text())).toBe("cut_short");
    }
  });

  test("aborts before the head and while the body flows", async () => {
    const silent = server(async () => undefined);
    const early = new AbortController();
    const pending = fetchOver(silent.open, "/x", { signal: early.signal });
    setImmediate(() => early.abort());
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    expect(silent.streams[0]?.aborted).toBeDefined();

    const slow = server((stream) => stream.write(utf8("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")));
    const late = new AbortController();
    const response = await fetchOver(slow.open, "/x", { signal: late.signal });
    setImmediate(() => late.abort());
    await expect(response.text()).rejects.toMatchObject({ name: "AbortError" });
    expect(slow.streams[0]?.aborted).toBeDefined();
  });

  test("ends the stream when the reader cancels", async () => {
    const { open, streams } = server((stream) =>
      stream.write(utf8("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")),
    );
    const response = await fetchOver(open, "/x");
    await response.body?.cancel();
    expect(streams[0]?.aborted).toBeDefined();
  });

  test("takes an early answer and stops sending", async () => {
    let cancelled = false;
    const { open } = server(answer("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel: () => void (cancelled = true),
    });
    const response = await fetchOver(open, "/x", { method: "POST", body });
    expect(response.status).toBe(413);
    await response.text();
    await new Promise((resolve) => setImmediate(resolve));
    expect(cancelled).toBe(true);
  });

  test("fails when the body's source fails, and resets the stream", async () => {
    const { open, streams } = server(async (_, request) => void (await request.body()));
    const body = new ReadableStream<Uint8Array>({
      pull: () => Promise.reject(new TypeError("disk gone")),
    });
    await expect(fetchOver(open, "/x", { method: "POST", body })).rejects.toThrow("disk gone");
    expect(streams[0]?.aborted).toBeDefined();
  });

  test("follows redirects on the appliance, and only there", async () => {
    const to = (location: string, status = 302): Serve =>
      answer(`HTTP/1.1 ${status} Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
    const followed = server(to("../b?c=1"), ok());
    const response = await fetchOver(followed.open, "/a/x");
    expect([response.url, response.redirected, await response.text()]).toEqual(["/b?c=1", true, "hello"]);

    expect(await codeOf(fetchOver(server(to("https://evil.example/")).open, "/"))).toBe("redirect");
    expect(await codeOf(fetchOver(server(to("//evil.example/")).open, "/"))).toBe("redirect");
    expect(await codeOf(fetchOver(server(to("/b")).open, "/", { redirect: "error" }))).toBe("redirect");
    expect((await fetchOver(server(to("/b")).open, "/", { redirect: "manual" })).status).toBe(302);
    expect(await codeOf(fetchOver(server(...Array<Serve>(21).fill(to("/a"))).open, "/"))).toBe("redirect");
  });

  test("turns POST into GET after 302 and 303, and keeps it after 307", async () => {
    for (const [status, method] of [
      [302, "GET"],
      [303, "GET"],
      [307, "POST"],
      [308, "POST"],
    ]) {
      const { open, heads } = server(
        answer(`HTTP/1.1 ${status} Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n`),
        ok(),
      );
      await fetchOver(open, "/a", { method: "POST", body: "x" });
      expect(heads[1]).toMatch(new RegExp(`^${method} /b `));
    }
  });

  test("repeats what may be repeated when a connection breaks before the answer", async () => {
    const breaks: Serve = async (stream) => stream.abort(new Error("gone"));
    const get = server(breaks, breaks, ok());
    expect(await (await fetchOver(get.open, "/x")).text()).toBe("hello");
    const post = server(breaks, ok());
    expect(await codeOf(fetchOver(post.open, "/x", { method: "POST", body: "x" }))).toBe("cut_short");
  });

  test("refuses what is no path of the appliance, and headers that would split", async () => {
    for (const path of ["x", "//evil.example/", "https://evil.example/", ""]) {
      expect(() => checkedPath(path)).toThrow(TypeError);
    }
    expect(checkedPath("/app/files/../../api/v1/me")).toBe("/api/v1/me");
    expect(checkedPath("/a b\r\nX: y")).toBe("/a%20bX:%20y");
    await expect(fetchOver(server().open, "/x", { headers: { a: "b\r\nc: d" } })).rejects.toThrow(TypeError);
  });

  test("drops headers that frame the message", async () => {
    const { open, heads } = server(ok());
    await fetchOver(open, "/x", { headers: { "Content-Length": "99", Connection: "close", Host: "evil" } });
    expect(heads[0]).toBe("GET /x HTTP/1.1\r\nHost: appliance");
  });

  test("hands bytes on as they come", async () => {
    const { open } = server(async (stream) => {
      await stream.write(concat(utf8("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")));
      await stream.write(utf8("1\r\nb\r\n"));
      await stream.write(utf8("0\r\n\r\n"));
    });
    const reader = (await fetchOver(open, "/x")).body?.getReader();
    expect(fromUtf8((await reader?.read())?.value ?? utf8(""))).toBe("a");
    expect(fromUtf8((await reader?.read())?.value ?? utf8(""))).toBe("b");
    expect((await reader?.read())?.done).toBe(true);
  });

  describe("of something with a strong validator and ranges", () => {
    const head = (length: number): string =>
      `HTTP/1.1 200 OK\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nContent-Length: ${length}\r\n\r\n`;
    const rest = (range: string, etag = '"v1"'): string =>
      `HTTP/1.1 206 Partial Content\r\nETag: ${etag}\r\nContent-Range: bytes ${range}\r\n`;

    test("goes on where a body broke off", async () => {
      const { open, heads } = server(
        answer(`${head(10)}hello`),
        answer(`${rest("5-9/10")}Content-Length: 5\r\n\r\n wo`),
        answer(`${rest("8-9/10")}Content-Length: 2\r\n\r\nrl`),
      );
      expect(await (await fetchOver(open, "/x", { headers: { "X-Own": "y" } })).text()).toBe("hello worl");
      expect(heads[1]).toMatch(/x-own: y\r\nRange: bytes=5-9\r\nIf-Range: "v1"$/);
      expect(heads[2]).toMatch(/Range: bytes=8-9\r\n/);
    });

    test("goes on within a range that was asked for", async () => {
      const { open, heads } = server(
        answer(`${rest("100-109/999")}Content-Length: 10\r\n\r\nhello`),
        answer(`${rest("105-109/999")}Content-Length: 5\r\n\r\nworld`),
      );
      const response = await fetchOver(open, "/x", { headers: { Range: "bytes=100-109" } });
      expect(await response.text()).toBe("helloworld");
      expect(heads[1]?.match(/range:/gi)).toHaveLength(2);
      expect(heads[1]).toContain("Range: bytes=105-109");
    });

    test("never mixes two versions, nor believes another range", async () => {
      for (const second of [
        answer(`${head(10)}HELLOWORLD`),
        answer(`${rest("5-9/10", '"v2"')}Content-Length: 5\r\n\r\nworld`),
        answer(`${rest("4-9/10")}Content-Length: 6\r\n\r\noworld`),
        answer(`${rest("5-8/10")}Content-Length: 4\r\n\r\nworl`),
        answer("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"),
      ]) {
        const { open } = server(answer(`${head(10)}hello`), second);
        expect(await codeOf((await fetchOver(open, "/x")).text())).toBe("cut_short");
      }
    });

    test("gives up when three tries bring nothing", async () => {
      const { open, heads } = server(
        answer(`${head(10)}hello`),
        ...Array<Serve>(9).fill(answer(`${rest("5-9/10")}Content-Length: 5\r\n\r\n`)),
      );
      expect(await codeOf((await fetchOver(open, "/x")).text())).toBe("cut_short");
      expect(heads).toHaveLength(4);
    });

    test("lets the stream be cut, and only then", async () => {
      const allowed: boolean[] = [];
      for (const text of [
        `${head(5)}hello`,
        'HTTP/1.1 200 OK\r\nETag: W/"v"\r\nAccept-Ranges: bytes\r\nContent-Length: 5\r\n\r\nhello',
      ]) {
        const { open } = server(answer(text));
        let cut = false;
        const opened: OpenStream = async (...call) =>
          Object.assign(await open(...call), { mayBeCut: () => void (cut = true) });
        await (await fetchOver(opened, "/x")).text();
        allowed.push(cut);
      }
      expect(allowed).toEqual([true, false]);
    });
  });
});
