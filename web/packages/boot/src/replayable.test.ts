import { describe, expect, test } from "vitest";
import { replayable } from "./replayable.ts";

const chunks = (...sizes: number[]): { body: ReadableStream<Uint8Array>; pulls: () => number } => {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const size = sizes[pulls];
        if (size === undefined) return controller.close();
        controller.enqueue(new Uint8Array(size).fill(++pulls));
      },
    },
    { highWaterMark: 0 },
  );
  return { body, pulls: () => pulls };
};
const read = async (body: ReadableStream<Uint8Array>): Promise<number[]> => [
  ...new Uint8Array(await new Response(body).arrayBuffer()),
];

describe("a request's body that two may read", () => {
  test("isn't read before somebody reads", async () => {
    const { body, pulls } = chunks(2, 2);
    const { again } = replayable(body);
    await new Promise((resolve) => setTimeout(resolve));
    expect(pulls()).toBe(0);
    expect(await read(again())).toEqual([1, 1, 2, 2]);
  });

  test("comes whole after the first has read some of it, or all", async () => {
    const some = replayable(chunks(2, 1, 1).body);
    const reader = some.once.getReader();
    const { value } = await reader.read();
    // Whoever gets it may transfer it away.
    structuredClone(value, { transfer: [(value as Uint8Array<ArrayBuffer>).buffer] });
    void reader.read();
    expect(await read(some.again())).toEqual([1, 1, 2, 3]);
    const all = replayable(chunks(2, 1).body);
    expect(await read(all.once)).toEqual([1, 1, 2]);
    expect(await read(all.again())).toEqual([1, 1, 2]);
  });

  test("fails rather than comes in part when 8 MiB of it are gone", async () => {
    const { once, again } = replayable(chunks(5 << 20, 5 << 20, 1).body);
    await new Response(once).arrayBuffer();
    await expect(read(again())).rejects.toThrow("already");
  });
});
