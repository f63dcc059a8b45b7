import { describe, expect, test } from "vitest";
import { appPath } from "./host.ts";
import { answer, ask } from "./port_exchange.ts";
import { shellOrigin, shellUrl } from "./protocol.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function exchange(
  serve: Parameters<typeof answer>[2],
  body: ReadableStream<Uint8Array> | null = null,
): ReturnType<typeof ask> {
  const { port1, port2 } = new MessageChannel();
  void answer(port2, body !== null, serve);
  return ask(port1, body);
}

function counted(
  chunks: number,
  onPull: (count: number) => void,
  onCancel?: () => void,
): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (given === chunks) return controller.close();
        onPull(++given);
        controller.enqueue(new Uint8Array(1000).fill(given));
      },
      cancel: () => onCancel?.(),
    },
    { highWaterMark: 0 },
  );
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; ++i) await new Promise((resolve) => setImmediate(resolve));
};

describe("an exchange over a port", () => {
  test("carries status, headers and a body", async () => {
    const asked = exchange(
      async () => new Response("hello", { status: 206, headers: { "Content-Range": "bytes 0-4/9" } }),
    );
    await asked.accepted;
    const head = await asked.head;
    expect(head).toMatchObject({ status: 206, hasBody: true });
    expect(new Headers(head.headers).get("content-range")).toBe("bytes 0-4/9");
    expect(await new Response(asked.body).text()).toBe("hello");
    await asked.done;
  });

  test("does nothing before it is wanted, and nothing when it isn't", async () => {
    let served = 0;
    const held = (): ReturnType<typeof ask> => {
      const { port1, port2 } = new MessageChannel();
      void answer(port2, false, async () => (++served, new Response("done")), undefined, true);
      return ask(port1, null, { hold: true });
    };
    const [wanted, other] = [held(), held()];
    await Promise.all([wanted.accepted, other.accepted]);
    await turns();
    expect(served).toBe(0);
    wanted.go();
    other.cancel();
    expect(await new Response((await wanted.head, wanted.body)).text()).toBe("done");
    await turns();
    expect(served).toBe(1);
  });

  test("carries a request body", async () => {
    const asked = exchange(
      async ({ body }) => new Response(String((await new Response(body).arrayBuffer()).byteLength)),
      counted(50, () => undefined),
    );
    expect(await new Response(asked.body).text()).toBe("50000");
  });

  test("pulls a body no faster than it is read", async () => {
    let pulled = 0;
    const asked = exchange(async () => new Response(counted(100, (count) => (pulled = count))));
    const reader = asked.body.getReader();
    await reader.read();
    await turns();
    expect(pulled).toBeLessThan(12);
    let size = 1000;
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length;
    expect(size).toBe(100_000);
  });

  test("tells the source when the reader cancels", async () => {
    let cancelled = false;
    let aborted = false;
    const asked = exchange(async ({ signal }) => {
      signal.addEventListener("abort", () => (aborted = true));
      return new Response(
        counted(
          1000,
          () => undefined,
          () => (cancelled = true),
        ),
      );
    });
    const reader = asked.body.getReader();
    await reader.read();
    await reader.cancel();
    await turns();
    expect([cancelled, aborted]).toEqual([true, true]);
  });

  test("makes a failure a failure, before the head and in the body", async () => {
    const early = exchange(() => Promise.reject(Object.assign(new Error("gone"), { code: "offline" })));
    await expect(early.head).rejects.toMatchObject({ code: "offline" });
    const late = exchange(
      async () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              controller.error(new Error("cut"));
            },
          }),
        ),
    );
    await late.head;
    await expect(new Response(late.body).text()).rejects.toThrow(/cut/);
  });

  test("ends when the other side is gone", async () => {
    const { port1, port2 } = new MessageChannel();
    const asked = ask(port1, null);
    port2.close();
    await expect(asked.head).rejects.toMatchObject({ code: "offline" });
  });

  test("keeps the bytes around a view that is sent", async () => {
    const whole = new TextEncoder().encode("abcdef");
    const asked = exchange(
      async () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(whole.subarray(2, 4));
              controller.close();
            },
          }),
        ),
    );
    expect(await new Response(asked.body).text()).toBe("cd");
    expect(text(whole)).toBe("abcdef");
  });
});

describe("paths of an app", () => {
  test("never lead out of it", () => {
    expect(appPath("files", "/a?b=c")).toBe("/app/files/a?b=c");
    for (const path of [
      "/../../api/v1/me",
      "/..",
      "/%2e%2e/%2E%2e/api/v1/me",
      "/a/../../../api",
      "/a\\..\\..\\api",
    ]) {
      expect(appPath("files", path)).toMatch(/^\/app\/files\/(?!\.\.)/);
      expect(new URL(appPath("files", path), "http://x").pathname).toMatch(/^\/app\/files\//);
    }
    for (const path of ["//evil.example/", "https://evil.example/", "a", "", undefined, 7]) {
      expect(() => appPath("files", path)).toThrow(TypeError);
    }
    for (const app of ["../api", "", "a/b", ".."]) expect(() => appPath(app, "/")).toThrow();
  });

  test("a top-level visit leads into the shell, all after the fragment", () => {
    const at = new URL("https://abcdefghijklmnopqrstuvwxyz.flock.example/photos/1?x=y");
    expect(shellOrigin(at)).toBe("https://home.flock.example");
    expect(shellUrl(at)).toBe(
      "https://home.flock.example/#/open/abcdefghijklmnopqrstuvwxyz?path=%2Fphotos%2F1%3Fx%3Dy",
    );
  });
});
