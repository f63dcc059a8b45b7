import { beforeEach, expect, test } from "vitest";
import { nextChunkSize } from "./tus.ts";
import { Uploads, type Job, type JobEvents } from "./uploads.ts";

interface Started {
  job: Job;
  events: JobEvents;
  log: string[];
}

let started: Started[];
let uploads: Uploads;
let time: number;
let changed: string[];

beforeEach(() => {
  started = [];
  changed = [];
  time = 0;
  uploads = new Uploads(
    {
      start(job, events) {
        const one: Started = { job, events, log: [] };
        started.push(one);
        return { pause: () => void one.log.push("pause"), cancel: () => void one.log.push("cancel") };
      },
    },
    () => time,
    (folder) => void changed.push(folder),
  );
});

const picked = (count: number, size = 100) =>
  Array.from({ length: count }, (_, index) => ({
    file: new File(["x".repeat(size)], `${index}`),
    path: `${index}`,
  }));
const states = () => uploads.snapshot().shown.map((upload) => upload.state);

test("three run at once; the next begins when one is done, and its folder is told", () => {
  uploads.add("Photos", picked(5));
  expect(states()).toEqual(["running", "running", "running", "waiting", "waiting"]);
  started[1]!.events.onDone();
  expect(states()).toEqual(["running", "done", "running", "running", "waiting"]);
  expect(changed).toEqual(["Photos"]);
});

test("a paused one makes room, and goes on when there is some", () => {
  uploads.add("", picked(4));
  uploads.pause(1);
  expect(started[0]!.log).toEqual(["pause"]);
  expect(states()).toEqual(["paused", "running", "running", "running"]);
  uploads.resume(1);
  expect(states()[0]).toBe("waiting");
  started[2]!.events.onDone();
  expect(states()[0]).toBe("running");
  expect(started.at(-1)!.job.path).toBe("0");
});

test("what a paused job still says is not listened to", () => {
  uploads.add("", picked(1));
  started[0]!.events.onProgress(40);
  uploads.pause(1);
  started[0]!.events.onProgress(90);
  started[0]!.events.onError("offline");
  expect(uploads.snapshot().shown[0]).toMatchObject({ state: "paused", sent: 40 });
});

test("a failed one keeps its place and its reason, and can be tried again", () => {
  uploads.add("", picked(1));
  started[0]!.events.onError("no_space");
  expect(uploads.snapshot().shown[0]).toMatchObject({ state: "failed", error: "no_space" });
  uploads.resume(1);
  expect(uploads.snapshot().shown[0]).toMatchObject({ state: "running" });
  expect(uploads.snapshot().shown[0]).not.toHaveProperty("error");
});

test("a broken connection is shown until bytes flow again", () => {
  uploads.add("", picked(1));
  started[0]!.events.onRetry();
  expect(uploads.snapshot().shown[0]?.retrying).toBe(true);
  started[0]!.events.onProgress(10);
  expect(uploads.snapshot().shown[0]?.retrying).toBe(false);
});

test("cancelling has the box forget the bytes, also those of a paused one", () => {
  uploads.add("", picked(2));
  uploads.cancel(2);
  expect(started[1]!.log).toEqual(["cancel"]);
  started[0]!.events.onProgress(50);
  uploads.pause(1);
  uploads.cancel(1);
  expect(started.at(-1)!.log).toEqual(["cancel"]);
  expect(uploads.snapshot().summary.total).toBe(0);
});

test("the summary counts bytes and says how fast they go", () => {
  uploads.add("", picked(2, 1000));
  for (let at = 0; at <= 4; at += 1) {
    time = at * 250;
    started[0]!.events.onProgress(at * 100);
  }
  expect(uploads.snapshot().summary).toMatchObject({ total: 2, open: 2, bytes: 2000, sent: 400, rate: 400 });
});

test("of 10,000 uploads sixty are shown, those that run and failed first", () => {
  uploads.add("", picked(10_000, 1));
  started[0]!.events.onError("offline");
  const { shown, summary } = uploads.snapshot();
  expect([shown.length, shown[0]?.state, shown[1]?.state, summary.total]).toEqual([
    60,
    "failed",
    "running",
    10_000,
  ]);
});

test("all can be paused and go on; the finished ones are cleared away", () => {
  uploads.add("", picked(5));
  uploads.pauseAll();
  expect(new Set(states())).toEqual(new Set(["paused"]));
  uploads.resumeAll();
  expect(states().filter((state) => state === "running")).toHaveLength(3);
  started.slice(3).forEach(({ events }) => events.onDone());
  uploads.clear();
  expect(uploads.snapshot().summary.total).toBe(2);
});

test("chunks grow while they are quick and shrink when they are slow, within bounds", () => {
  const mib = 1024 * 1024;
  expect([nextChunkSize(mib, 100), nextChunkSize(mib, 1000), nextChunkSize(mib, 5000)]).toEqual([
    2 * mib,
    mib,
    mib / 2,
  ]);
  expect([nextChunkSize(16 * mib, 1), nextChunkSize(mib / 2, 60_000)]).toEqual([16 * mib, mib / 2]);
});
