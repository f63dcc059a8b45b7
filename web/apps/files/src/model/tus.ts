/** Uploads over tus 1.0.0: each chunk with its SHA-256, so it counts wholly or not at all. */
import {
  DefaultHttpStack,
  DetailedError,
  Upload,
  defaultOptions,
  type HttpRequest,
  type HttpStack,
} from "tus-js-client";
import { parentOf } from "./paths.ts";
import type { Job, JobEvents, RunningJob, Transport } from "./uploads.ts";

const smallest = 512 * 1024;
const largest = 16 * 1024 * 1024;
/** About three minutes in all; after that a press on "try again" goes on where it stopped. */
const patience = [300, 1000, 2000, 4000, 8000, 15_000, 15_000, 30_000, 30_000, 60_000];

async function sha256(body: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await body.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** tus-js-client's own stack, with `Upload-Checksum` added to what carries bytes. */
class ChecksumStack implements HttpStack {
  readonly #inner = new DefaultHttpStack({});
  getName(): string {
    return "ChecksumStack";
  }
  createRequest(method: string, url: string): HttpRequest {
    const request = this.#inner.createRequest(method, url);
    const send = request.send.bind(request);
    request.send = async (body: unknown) => {
      if (method === "PATCH" && body instanceof Blob)
        request.setHeader("Upload-Checksum", `sha256 ${await sha256(body)}`);
      return send(body);
    };
    return request;
  }
}

/** Chunks that take about a second: small enough to show progress, large enough to be fast. */
export function nextChunkSize(size: number, tookMs: number): number {
  const factor = tookMs < 500 ? 2 : tookMs > 2000 ? 0.5 : 1;
  return Math.min(largest, Math.max(smallest, size * factor));
}

export class TusTransport implements Transport {
  readonly #now: () => number;
  constructor(now: () => number) {
    this.#now = now;
  }

  start({ file, path, folder }: Job, events: JobEvents): RunningJob {
    let chunkBegan = this.#now();
    const inFolder = parentOf(path) !== "";
    const upload = new Upload(file, {
      endpoint: "/api/v1/uploads",
      httpStack: new ChecksumStack(),
      chunkSize: 1024 * 1024,
      retryDelays: patience,
      removeFingerprintOnSuccess: true,
      // The same file for the same place is the same upload, also after a reload.
      fingerprint: (of) => Promise.resolve(["hearth", folder, path, of.size, of.lastModified].join("\n")),
      metadata: {
        name: file.name,
        path: folder,
        mtime: String(file.lastModified),
        ...(inFolder ? { relativePath: path } : {}),
      },
      onProgress: (sent) => events.onProgress(sent),
      onChunkComplete: (size) => {
        const now = this.#now();
        if (size >= smallest) upload.options.chunkSize = nextChunkSize(size, now - chunkBegan);
        chunkBegan = now;
      },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again =
          status === 0 ||
          status === 409 ||
          status === 423 ||
          status === 429 ||
          status === 460 ||
          status >= 502;
        if (again) events.onRetry();
        return again;
      },
      onSuccess: () => events.onDone(),
      onError: (error) => events.onError(codeOf(error)),
    });
    let stopped = false;
    let cancelled = false;
    const begun = upload.findPreviousUploads().then((previous) => {
      if (previous[0]) upload.resumeFromPreviousUpload(previous[0]);
      if (cancelled) return;
      if (!stopped) upload.start();
    });
    return {
      pause: () => {
        stopped = true;
        void begun.then(() => upload.abort());
      },
      cancel: () => {
        stopped = cancelled = true;
        void begun.then(async () => {
          await upload.abort();
          await forget(upload);
        });
      },
    };
  }
}

/** Has the service and this browser forget an unfinished upload. */
async function forget(upload: Upload): Promise<void> {
  const previous = await upload.findPreviousUploads();
  const url = upload.url ?? previous[0]?.uploadUrl;
  for (const { urlStorageKey } of previous) await upload.options.urlStorage?.removeUpload(urlStorageKey);
  // Gone already is as good; unreachable means that it expires by itself.
  if (url) await Upload.terminate(url, { retryDelays: [500, 2000] }).catch(() => undefined);
}

export interface Interrupted {
  key: string;
  name: string;
  folder: string;
  size: number;
}

/** Uploads that a reload or a crash cut off: giving the same file again goes on where it stopped. */
export async function interruptedUploads(now: number): Promise<Interrupted[]> {
  const all = await defaultOptions.urlStorage.findAllUploads();
  const week = 7 * 24 * 3600 * 1000;
  return all
    .filter((each) => now - Date.parse(each.creationTime) < week)
    .map((each) => ({
      key: each.urlStorageKey,
      name: each.metadata.name ?? "",
      folder: each.metadata.path ?? "",
      size: each.size ?? 0,
    }));
}

export async function forgetInterrupted(keys: readonly string[]): Promise<void> {
  const all = await defaultOptions.urlStorage.findAllUploads();
  for (const each of all) {
    if (!keys.includes(each.urlStorageKey)) continue;
    await defaultOptions.urlStorage.removeUpload(each.urlStorageKey);
    if (each.uploadUrl) await Upload.terminate(each.uploadUrl, { retryDelays: [500] }).catch(() => undefined);
  }
}

function codeOf(error: Error | DetailedError): string {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (!response) return "offline";
  try {
    const answer = JSON.parse(response.getBody()) as { error?: { code?: unknown } };
    if (typeof answer.error?.code === "string") return answer.error.code;
  } catch {
    // No JSON: the status has to do.
  }
  return `http_${response.getStatus()}`;
}
