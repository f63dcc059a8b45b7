import { FilesError } from "./api.ts";

/** Frames that led to a download show nothing, and never say so; by then it has begun. */
const keptFor = 120_000;

/**
 * Has the browser save what `url` answers with as an attachment: it streams to the disk, and the browser itself shows how
 * far it is and how to stop it. `refused` is told when the service answers with something else.
 *
 * In a frame, not by a link with `download`: browsers let such a link go past the service worker, and would save the boot
 * page under the file's name.
 */
export function download(url: string, refused: (error: FilesError) => void): void {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "";
  frame.src = url;
  const timer = setTimeout(() => frame.remove(), keptFor);
  frame.addEventListener("load", () => {
    clearTimeout(timer);
    refused(answerOf(frame.contentDocument?.body.textContent ?? ""));
    frame.remove();
  });
  document.body.append(frame);
}

/** A page that isn't the service's own error is the worker's: the box is away. */
export function answerOf(text: string): FilesError {
  try {
    const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
    return new FilesError(String(code), String(message));
  } catch {
    return new FilesError("offline", text.slice(0, 200));
  }
}
