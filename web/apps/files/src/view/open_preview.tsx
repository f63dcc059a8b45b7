import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useSayError, useWorld } from "../context.tsx";
import type { Entry } from "../model/api.ts";
import type { Listing } from "./listing.ts";
import { Preview } from "./preview.tsx";

/** The preview of a path, wherever it came from; steps through the files around it. */
export function OpenPreview({
  path,
  listing,
  onClose,
  onStep,
}: {
  path: string;
  listing: Listing;
  onClose: () => void;
  onStep: (path: string) => void;
}) {
  const { api, toasts } = useWorld();
  const sayError = useSayError();
  const index = listing.indexOf(path);
  const listed = index >= 0 ? listing.at(index) : undefined;
  const asked = useQuery({
    queryKey: ["entry", path],
    queryFn: ({ signal }) => api.entry(path, signal),
    enabled: listed === undefined,
  });
  const failure = asked.error;
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    if (!failure) return;
    toasts.show({ tone: "bad", text: sayError(failure) });
    close.current();
  }, [failure, sayError, toasts]);
  const entry = listed ?? asked.data;
  const neighbour = (by: 1 | -1): Entry | undefined => {
    if (index < 0) return undefined;
    for (let at = index + by; at >= 0 && at < listing.total; at += by) {
      const each = listing.at(at);
      if (!each) return undefined;
      if (each.kind === "file") return each;
    }
    return undefined;
  };
  if (!entry) return null;
  return (
    <Preview
      entry={entry}
      onClose={onClose}
      canStep={{ back: neighbour(-1) !== undefined, on: neighbour(1) !== undefined }}
      onStep={(by) => {
        const next = neighbour(by);
        if (next) onStep(next.path);
      }}
    />
  );
}
