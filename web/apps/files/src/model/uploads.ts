/**
 * The queue of uploads: three at a time, each resumable. No DOM, no framework; how bytes travel is a Transport
 * (tus.ts, or a fake).
 */
import type { Picked } from "./drop.ts";

export type UploadState = "waiting" | "running" | "paused" | "failed" | "done";

export interface Upload {
  readonly id: number;
  readonly name: string;
  /** The folder it goes into. */
  readonly folder: string;
  readonly path: string;
  readonly size: number;
  readonly sent: number;
  readonly state: UploadState;
  /** Of the error that stopped it. */
  readonly error?: string;
  /** The connection broke; it goes on by itself. */
  readonly retrying: boolean;
}

export interface Job {
  file: File;
  path: string;
  folder: string;
}

export interface JobEvents {
  onProgress(sent: number): void;
  onRetry(): void;
  onDone(): void;
  onError(code: string): void;
}

export interface RunningJob {
  /** Stops sending; what has arrived stays. */
  pause(): void;
  /** Stops and has the service forget what has arrived. */
  cancel(): void;
}

export interface Transport {
  /** Begins, or goes on where the service says it stopped. */
  start(job: Job, events: JobEvents): RunningJob;
}

export interface Summary {
  total: number;
  done: number;
  failed: number;
  paused: number;
  /** Waiting or running. */
  open: number;
  bytes: number;
  sent: number;
  /** Bytes a second over the last seconds; 0 when unknown. */
  rate: number;
}

export interface UploadsSnapshot {
  /** Those worth showing: running, failed and paused first, then some that wait or are done. */
  shown: readonly Upload[];
  summary: Summary;
}

const atOnce = 3;
const mostShown = 60;

interface Item {
  upload: Upload;
  job: Job;
  running: RunningJob | null;
}

export class Uploads {
  readonly #transport: Transport;
  readonly #now: () => number;
  readonly #onDone: (folder: string) => void;
  readonly #items = new Map<number, Item>();
  readonly #listeners = new Set<() => void>();
  readonly #samples: { at: number; sent: number }[] = [];
  #next = 1;
  #sentEver = 0;
  #snapshot: UploadsSnapshot = empty;

  /** `onDone` is told the folder whose listing changed. */
  constructor(transport: Transport, now: () => number, onDone: (folder: string) => void) {
    this.#transport = transport;
    this.#now = now;
    this.#onDone = onDone;
  }

  readonly snapshot = (): UploadsSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(folder: string, picked: readonly Picked[]): void {
    for (const { file, path } of picked) {
      const id = this.#next++;
      this.#items.set(id, {
        job: { file, path, folder },
        running: null,
        upload: {
          id,
          name: file.name,
          folder,
          path,
          size: file.size,
          sent: 0,
          state: "waiting",
          retrying: false,
        },
      });
    }
    this.#pump();
  }

  pause(id: number): void {
    const item = this.#items.get(id);
    if (item?.upload.state !== "running" && item?.upload.state !== "waiting") return;
    item.running?.pause();
    item.running = null;
    this.#change(item, { state: "paused", retrying: false });
    this.#pump();
  }

  /** Also the "try again" of a failed one. */
  resume(id: number): void {
    const item = this.#items.get(id);
    if (item?.upload.state !== "paused" && item?.upload.state !== "failed") return;
    this.#change(item, { state: "waiting" });
    this.#pump();
  }

  cancel(id: number): void {
    const item = this.#items.get(id);
    if (!item || item.upload.state === "done") return;
    // One that was paused has no running job, yet its bytes lie on the box: start it just to end it.
    const running = item.running ?? (item.upload.sent > 0 ? this.#transport.start(item.job, silent) : null);
    running?.cancel();
    this.#items.delete(id);
    this.#pump();
  }

  pauseAll(): void {
    for (const item of this.#items.values()) {
      if (item.upload.state !== "running" && item.upload.state !== "waiting") continue;
      item.running?.pause();
      item.running = null;
      this.#change(item, { state: "paused", retrying: false });
    }
    this.#publish();
  }

  resumeAll(): void {
    for (const item of this.#items.values())
      if (item.upload.state === "paused" || item.upload.state === "failed")
        this.#change(item, { state: "waiting" });
    this.#pump();
  }

  cancelAll(): void {
    for (const id of [...this.#items.keys()]) this.cancel(id);
  }

  /** Takes the finished ones off the list. */
  clear(): void {
    for (const [id, item] of this.#items) if (item.upload.state === "done") this.#items.delete(id);
    this.#publish();
  }

  #pump(): void {
    let running = 0;
    for (const { upload } of this.#items.values()) if (upload.state === "running") running += 1;
    for (const item of this.#items.values()) {
      if (running >= atOnce) break;
      if (item.upload.state !== "waiting") continue;
      running += 1;
      this.#begin(item);
    }
    this.#publish();
  }

  #begin(item: Item): void {
    const { id } = item.upload;
    item.upload = without(item.upload, { state: "running", retrying: false });
    const mine = () => this.#items.get(id) === item && item.upload.state === "running";
    item.running = this.#transport.start(item.job, {
      onProgress: (sent) => {
        if (!mine()) return;
        this.#sentEver += Math.max(0, sent - item.upload.sent);
        this.#sample();
        this.#change(item, { sent, retrying: false });
        this.#publish();
      },
      onRetry: () => {
        if (!mine()) return;
        this.#change(item, { retrying: true });
        this.#publish();
      },
      onDone: () => {
        if (!mine()) return;
        this.#change(item, { state: "done", sent: item.upload.size, retrying: false });
        item.running = null;
        this.#onDone(item.job.folder);
        this.#pump();
      },
      onError: (error) => {
        if (!mine()) return;
        this.#change(item, { state: "failed", error, retrying: false });
        item.running = null;
        this.#pump();
      },
    });
  }

  #change(item: Item, change: Partial<Upload>): void {
    item.upload = change.error === undefined ? without(item.upload, change) : { ...item.upload, ...change };
  }

  #sample(): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last && at - last.at < 200) last.sent = this.#sentEver;
    else this.#samples.push({ at, sent: this.#sentEver });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > 5000) this.#samples.shift();
  }

  #publish(): void {
    const all = [...this.#items.values()].map(({ upload }) => upload);
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const span = first && last ? last.at - first.at : 0;
    const summary: Summary = {
      total: all.length,
      done: 0,
      failed: 0,
      paused: 0,
      open: 0,
      bytes: 0,
      sent: 0,
      rate: 0,
    };
    for (const { state, size, sent } of all) {
      if (state === "done") summary.done += 1;
      else if (state === "failed") summary.failed += 1;
      else if (state === "paused") summary.paused += 1;
      else summary.open += 1;
      summary.bytes += size;
      summary.sent += sent;
    }
    if (span > 500 && summary.open > 0) summary.rate = ((last!.sent - first!.sent) / span) * 1000;
    const rank: Record<UploadState, number> = { failed: 0, running: 1, paused: 2, waiting: 3, done: 4 };
    const shown =
      all.length <= mostShown
        ? all
        : [...all].sort((a, b) => rank[a.state] - rank[b.state]).slice(0, mostShown);
    this.#snapshot = { shown, summary };
    for (const listener of this.#listeners) listener();
  }
}

const empty: UploadsSnapshot = {
  shown: [],
  summary: { total: 0, done: 0, failed: 0, paused: 0, open: 0, bytes: 0, sent: 0, rate: 0 },
};

const silent: JobEvents = { onProgress: () => {}, onRetry: () => {}, onDone: () => {}, onError: () => {} };

/** A change that takes an old error away. */
function without(upload: Upload, change: Partial<Upload>): Upload {
  const { error: _, ...rest } = upload;
  return { ...rest, ...change };
}
