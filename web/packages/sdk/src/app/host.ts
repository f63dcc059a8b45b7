import type { HearthConnection } from "../connection.ts";
import { HearthError } from "../errors.ts";

/** What the app shows now, as it says itself: a hint for the address bar, checked to be a path. */
export interface AppLocation {
  path: string;
  title: string;
}

export interface AppHostOptions {
  connection: Pick<HearthConnection, "fetch" | "root">;
  /** The app's id in the appliance's table. */
  app: string;
  /** The frame is appended here. */
  container: HTMLElement;
  /** Where it opens, default `/`. */
  path?: string;
  /** The frame's accessible name. */
  title: string;
  /** `light`, `dark` or unset: handed to the app with every page as a hint. */
  colorScheme?: "light" | "dark";
  onLocation?(location: AppLocation): void;
  /** The app's first page has been served (or could not be). */
  onReady?(): void;
  onError?(error: HearthError): void;
}

/**
 * Shows an app in a frame on its own origin and serves it from the connection. The frame never holds a key or
 * token: each request is stamped with the app it came from by the port it came through.
 */
export class AppHost {
  readonly frame: HTMLIFrameElement;
  constructor(options: AppHostOptions) {
    void options;
    this.frame = undefined as never;
    throw new HearthError("unavailable", "not built yet");
  }
  /** Goes to another path of the same app. */
  navigate(path: string): void {
    void path;
  }
  /** Closes the port, ends its open requests, removes the frame. Idempotent. */
  revoke(): void {}
}
