import { useTexts, type Toasts, type Values } from "@hearth/ui";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useCallback, useEffect, useState, useSyncExternalStore } from "react";
import {
  downloadUrl,
  FilesError,
  type BatchResult,
  type Entry,
  type FilesApi,
  type Undo,
} from "./model/api.ts";
import { download } from "./model/download.ts";
import { readPlace, writePlace, type Place } from "./model/place.ts";
import type { Thumbnails } from "./model/thumbnails.ts";
import type { Uploads } from "./model/uploads.ts";
import type { FilesKey } from "./text/en.ts";

export interface World {
  api: FilesApi;
  uploads: Uploads;
  thumbnails: Thumbnails;
  toasts: Toasts;
  now: () => number;
}

export const WorldContext = createContext<World | null>(null);

export function useWorld(): World {
  const world = use(WorldContext);
  if (!world) throw new Error("no world above this component");
  return world;
}

export function useText(): (key: FilesKey, values?: Values) => string {
  return useTexts().say;
}

/** The place in the address; `go` makes a step back possible, `replace` doesn't. */
export function usePlace(): { place: Place; go: (place: Place, replace?: boolean) => void } {
  const search = useSyncExternalStore(
    (listener) => {
      addEventListener("popstate", listener);
      addEventListener("hearth-place", listener);
      return () => {
        removeEventListener("popstate", listener);
        removeEventListener("hearth-place", listener);
      };
    },
    () => location.search,
  );
  const go = useCallback((place: Place, replace = false) => {
    if (replace) history.replaceState(null, "", writePlace(place));
    else history.pushState(null, "", writePlace(place));
    dispatchEvent(new Event("hearth-place"));
  }, []);
  return { place: readPlace(search), go };
}

export function useUploads() {
  const { uploads } = useWorld();
  return useSyncExternalStore(uploads.subscribe, uploads.snapshot);
}

/** What a person reads when the service refused; made of the code. */
export function useSayError(): (error: unknown) => string {
  const t = useText();
  return useCallback(
    (error: unknown) => {
      const code = error instanceof FilesError ? error.code : "internal";
      const known = [
        "offline",
        "denied",
        "not_found",
        "conflict",
        "too_large",
        "no_space",
        "busy",
        "gone",
        "bad_request",
      ] as const;
      return t(`error.${known.find((each) => each === code) ?? "internal"}`);
    },
    [t],
  );
}

/** Saves a file, or an archive, on the person's own disk, and says that it has begun. */
export function useSave(): (what: Entry | { url: string; name: string; size: number }) => void {
  const t = useText();
  const texts = useTexts();
  const sayError = useSayError();
  const { toasts } = useWorld();
  return useCallback(
    (what) => {
      const url = "url" in what ? what.url : downloadUrl(what);
      const begun = toasts.show({
        text: t("download.begun", { name: what.name, size: texts.size(what.size ?? 0) }),
      });
      download(url, (error) => {
        toasts.dismiss(begun);
        toasts.show({ tone: "bad", text: t("download.refused", { name: what.name, why: sayError(error) }) });
      });
    },
    [sayError, t, texts, toasts],
  );
}

/** After a change: ask again for what is shown, say what was done, offer to take it back. */
export function useChanged() {
  const t = useText();
  const sayError = useSayError();
  const { api, toasts } = useWorld();
  const client = useQueryClient();
  return useCallback(
    async (text: string, result: Pick<BatchResult, "failed" | "undo"> | { failed?: never; undo: Undo[] }) => {
      await client.invalidateQueries();
      const first = result.failed?.[0];
      if (first) {
        toasts.show({
          tone: "bad",
          text: t("error.some", { count: result.failed?.length ?? 0, why: sayError(first.error) }),
        });
        if (result.undo.length === 0) return;
      }
      toasts.show({
        text,
        ...(result.undo.length === 0
          ? {}
          : {
              action: {
                text: t("ui.undo"),
                run: () =>
                  void api
                    .undo(result.undo)
                    .catch((error: unknown) => toasts.show({ tone: "bad", text: sayError(error) }))
                    .then(() => client.invalidateQueries()),
              },
            }),
      });
    },
    [api, client, sayError, t, toasts],
  );
}

export function useNow(everyMs = 60_000): number {
  const { now } = useWorld();
  const [time, setTime] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, now]);
  return time;
}
