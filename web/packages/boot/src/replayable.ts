/** A request's body that one may look at before another takes it: an app's worker, and then the box. */

/** Beyond that, what was read is gone; who reads so much hardly leaves the answer to another. */
const most = 8 << 20;

type Body = ReadableStream<Uint8Array>;

/** Nothing is read before somebody reads. `again` is called once, when nobody is to read `once` any more. */
export function replayable(body: Body): { once: Body; again: () => Body } {
  const reader = body.getReader();
  const read: Uint8Array[] = [];
  let size = 0;
  let reading: Promise<unknown> = Promise.resolve();
  const next = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await reader.read();
    if (done) return undefined;
    size += value.byteLength;
    // What is handed out is transferred, and so lost here.
    if (size <= most) read.push(value.slice());
    else read.length = 0;
    return value;
  };
  const give = (
    controller: ReadableStreamDefaultController<Uint8Array>,
    value: Uint8Array | undefined,
  ): void => {
    if (value === undefined) controller.close();
    else controller.enqueue(value);
  };
  const lazily = { highWaterMark: 0 };
  let over = false;
  const once = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const mine = next();
        reading = mine.catch(() => undefined);
        const value = await mine;
        if (!over) give(controller, value);
      },
      cancel: () => void (over = true),
    },
    lazily,
  );
  const again = (): Body => {
    over = true;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await reading;
          if (size > most) return controller.error(new TypeError("The request's body was read already."));
          const kept = read.shift();
          if (kept !== undefined) return controller.enqueue(kept);
          const { done, value } = await reader.read();
          give(controller, done ? undefined : value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      lazily,
    );
  };
  return { once, again };
}
