import { Button, Dialog, EmptyState, IconButton, Notice, useTexts } from "@hearth/ui";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { RotateCcw, Trash2, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useChanged, useNow, useSayError, useText, useWorld } from "../context.tsx";
import type { TrashedEntry } from "../model/api.ts";
import { parentOf } from "../model/paths.ts";
import { EntryPicture } from "./entry_picture.tsx";

export function Trash() {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const { api } = useWorld();
  const changed = useChanged();
  const sayError = useSayError();
  const scroller = useRef<HTMLDivElement>(null);
  const [emptying, setEmptying] = useState(false);
  const [deleting, setDeleting] = useState<TrashedEntry | null>(null);
  const trash = useInfiniteQuery({
    queryKey: ["trash"],
    queryFn: ({ pageParam, signal }) => api.trashed(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
  });
  const entries = trash.data?.pages.flatMap((page) => page.entries) ?? [];
  const total = trash.data?.pages[0]?.total ?? 0;
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 64,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = trash;
  useEffect(() => {
    if (last >= entries.length - 20 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, entries.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  const restore = useMutation({
    mutationFn: (entry: TrashedEntry) => api.restore([entry.id]),
    onSuccess: (result, entry) => changed(t("done.restored", { name: entry.name }), result),
  });
  const remove = useMutation({
    mutationFn: (entry: TrashedEntry) => api.deleteForGood(entry.id),
    onSuccess: (_, entry) => {
      setDeleting(null);
      return changed(t("done.deleted", { name: entry.name }), { undo: [] });
    },
  });
  const empty = useMutation({
    mutationFn: () => api.emptyTrash(),
    onSuccess: () => {
      setEmptying(false);
      return changed(t("done.emptied"), { undo: [] });
    },
  });
  const error = trash.error ?? restore.error ?? remove.error ?? empty.error;

  return (
    <div className="f-trash">
      {error && (
        <Notice
          title={sayError(error)}
          action={<Button onPress={() => void trash.refetch()}>{t("app.retry")}</Button>}
        />
      )}
      {trash.isSuccess && entries.length === 0 && (
        <EmptyState picture={<Trash2 className="f-empty-icon" aria-hidden />} title={t("trash.empty")}>
          {t("trash.empty_note")}
        </EmptyState>
      )}
      {entries.length > 0 && (
        <>
          <div className="f-trash-head">
            <p className="h-soft">{t("trash.lead", { count: total })}</p>
            <Button look="danger" size="small" onPress={() => setEmptying(true)}>
              {t("trash.empty_it")}
            </Button>
          </div>
          <div ref={scroller} className="f-scroller" tabIndex={0} role="group" aria-label={t("place.trash")}>
            <ul className="f-canvas" style={{ blockSize: virtual.getTotalSize() }}>
              {items.map((item) => {
                const entry = entries[item.index]!;
                return (
                  <li
                    key={entry.id}
                    className="f-trash-line"
                    aria-setsize={total}
                    aria-posinset={item.index + 1}
                    style={{ transform: `translateY(${item.start}px)` }}
                  >
                    <EntryPicture entry={{ ...entry, modified: entry.deleted }} />
                    <span className="f-name">
                      <bdi className="h-truncate">{entry.name}</bdi>
                      <span className="h-hint h-truncate">
                        {t("trash.from", {
                          when: texts.ago(entry.deleted, now),
                          folder: parentOf(entry.path) === "" ? t("place.top") : parentOf(entry.path),
                        })}
                      </span>
                    </span>
                    <IconButton
                      icon={RotateCcw}
                      label={t("trash.restore", { name: entry.name })}
                      onPress={() => restore.mutate(entry)}
                    />
                    <IconButton
                      icon={X}
                      label={t("trash.delete", { name: entry.name })}
                      onPress={() => setDeleting(entry)}
                    />
                  </li>
                );
              })}
            </ul>
          </div>
        </>
      )}
      <Dialog
        role="alertdialog"
        title={t("trash.empty_title", { count: total })}
        open={emptying}
        onClose={() => setEmptying(false)}
        actions={
          <>
            <Button look="quiet" onPress={() => setEmptying(false)}>
              {t("app.cancel")}
            </Button>
            <Button look="danger" isPending={empty.isPending} onPress={() => empty.mutate()}>
              {t("trash.empty_it")}
            </Button>
          </>
        }
      >
        <p>{t("trash.for_good")}</p>
      </Dialog>
      {deleting && (
        <Dialog
          role="alertdialog"
          title={t("trash.delete_title", { name: deleting.name })}
          open
          onClose={() => setDeleting(null)}
          actions={
            <>
              <Button look="quiet" onPress={() => setDeleting(null)}>
                {t("app.cancel")}
              </Button>
              <Button look="danger" isPending={remove.isPending} onPress={() => remove.mutate(deleting)}>
                {t("trash.delete_do")}
              </Button>
            </>
          }
        >
          <p>{t("trash.for_good")}</p>
        </Dialog>
      )}
    </div>
  );
}
