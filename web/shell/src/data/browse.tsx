/** The entries of a space: by name, or those that say what somebody typed. */
import {
  Breadcrumbs,
  Button,
  ButtonLink,
  EmptyState,
  HousePicture,
  Notice,
  SearchField,
  useTexts,
} from "@hearth/ui";
import type { GraphEntry, GraphHit } from "@hearth/sdk";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, X } from "lucide-react";
import { useCallback, useDeferredValue, useEffect, useRef, useState } from "react";
import { marked } from "../model/graph_values.ts";
import { Page, Skeleton, Trouble, useInside, useNow, useStatus, useText } from "../shared.tsx";
import { NewEntryDialog } from "./dialogs.tsx";
import { isolated, keys, useCanWrite, useFollow, useGraph, useSpace, useSpaces } from "./hooks.tsx";
import { nameOfSpace } from "./spaces.tsx";
import { VirtualList } from "./virtual_list.tsx";

const pageSize = 200;
/** A list of more pages than this isn't asked for anew at each change; somebody is told instead. */
const fewPages = 2;
/** A search goes on by itself until it has as many hits or has looked at as many entries; then it asks. */
const enoughHits = 30;
const enoughLooked = 50_000;
/** As many as the box takes. */
const mostWords = 16;

export function Browse({ space, q = "", prefix = "" }: { space: string; q?: string; prefix?: string }) {
  const t = useText();
  const navigate = useNavigate();
  const { title: box } = useInside();
  const { state } = useStatus();
  const spaces = useSpaces();
  const found = useSpace(space);
  const canWrite = useCanWrite(space);
  const [query, setQuery] = useState(q);
  const [making, setMaking] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useSlashTo(input);
  const searching = query.trim() !== "";

  function search(next: string) {
    setQuery(next);
    const { scrollY } = window;
    void navigate({
      to: "/data/$space",
      params: { space },
      search: { ...(next.trim() === "" ? {} : { q: next }), ...(prefix === "" ? {} : { prefix }) },
      replace: true,
    }).then(() => scrollTo(0, Math.min(scrollY, window.scrollY)));
  }

  if (spaces.isSuccess && found === undefined)
    return (
      <Page title={t("data.no_such_space")}>
        <EmptyState
          picture={<HousePicture lit={false} width={200} />}
          title={t("data.no_such_space_note")}
          action={<ButtonLink href="/data">{t("data.see_spaces")}</ButtonLink>}
        />
      </Page>
    );
  const role = found && t(`data.role_${found.role}`);
  const note = found?.home
    ? t("data.space_home_note")
    : found?.kind === "public"
      ? t("data.space_public", { box })
      : t("data.space_protected");
  const title = found ? nameOfSpace(found, t) : space;
  return (
    <Page
      title={title}
      lead={found && `${note}. ${role ?? ""}.`}
      above={
        spaces.data && spaces.data.length > 1 ? (
          <Breadcrumbs
            label={t("data.where")}
            crumbs={[
              { id: "spaces", text: t("data.title") },
              { id: "here", text: title },
            ]}
            onGo={() => void navigate({ to: "/data" })}
          />
        ) : undefined
      }
      action={
        canWrite && (
          <Button icon={Plus} onPress={() => setMaking(true)}>
            {t("data.new_entry")}
          </Button>
        )
      }
    >
      <div
        className="d-search"
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || event.target !== input.current) return;
          const first = document.querySelector<HTMLElement>(".d-rows a");
          if (!first) return;
          event.preventDefault();
          first.focus();
        }}
      >
        <SearchField label={t("data.search")} value={query} onChange={search} inputRef={input} />
      </div>
      {prefix !== "" && !searching && (
        <div className="d-prefix">
          <span>{t("data.beginning", { prefix: isolated(prefix) })}</span>
          <Button
            size="small"
            look="quiet"
            icon={X}
            onPress={() => void navigate({ to: "/data/$space", params: { space } })}
          >
            {t("data.all_entries")}
          </Button>
        </div>
      )}
      {searching ? (
        <Results
          space={space}
          query={query.trim().split(/\s+/u).slice(0, mostWords).join(" ")}
          offline={state === "offline"}
        />
      ) : (
        <Entries space={space} prefix={prefix} box={box} offline={state === "offline"} />
      )}
      {making && (
        <NewEntryDialog
          start={prefix}
          onClose={() => setMaking(false)}
          onOpen={(soul) => void navigate({ to: "/data/$space", params: { space }, search: { soul } })}
        />
      )}
    </Page>
  );
}

function useSlashTo(input: React.RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [input]);
}

function Entries({
  space,
  prefix,
  box,
  offline,
}: {
  space: string;
  prefix: string;
  box: string;
  offline: boolean;
}) {
  const t = useText();
  const graph = useGraph();
  const client = useQueryClient();
  const [hasNews, setHasNews] = useState(false);
  const list = useInfiniteQuery({
    queryKey: keys.nodes(space, prefix),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      graph.nodes(
        space,
        {
          limit: pageSize,
          ...(prefix === "" ? {} : { prefix }),
          ...(pageParam === undefined ? {} : { after: pageParam }),
        },
        signal,
      ),
    getNextPageParam: (last) => last.next,
  });
  function look() {
    setHasNews(false);
    void client.invalidateQueries({ queryKey: keys.nodes(space, prefix) });
  }
  useFollow(space, undefined, (isFirst) => {
    if ((list.data?.pages.length ?? 0) <= fewPages) look();
    else if (!isFirst) setHasNews(true);
  });
  const entries = list.data?.pages.flatMap((page) => page.items) ?? [];
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (list.data === undefined && offline)
    return (
      <EmptyState picture={<HousePicture lit={false} width={220} />} title={t("home.dark")}>
        {t("data.dark_note", { box })}
      </EmptyState>
    );
  return (
    <section aria-label={t("data.entries")} className="d-entries">
      <Trouble
        error={list.error}
        action={<Button onPress={() => void list.refetch()}>{t("app.retry")}</Button>}
      />
      {list.isPending && <Skeleton rows={6} />}
      {hasNews && (
        <Notice
          tone="plain"
          title={t("data.news")}
          action={
            <Button size="small" onPress={look}>
              {t("data.show_news")}
            </Button>
          }
        />
      )}
      {list.isSuccess && entries.length === 0 && prefix !== "" && (
        <p className="h-soft">{t("data.empty_prefix", { prefix: isolated(prefix) })}</p>
      )}
      {list.isSuccess && entries.length === 0 && prefix === "" && (
        <EmptyState picture={<HousePicture width={220} />} title={t("data.empty")}>
          {t("data.empty_note")}
        </EmptyState>
      )}
      {entries.length > 0 && (
        <VirtualList
          label={t("data.entries")}
          count={entries.length}
          isWhole={!hasNextPage}
          keyOf={(index) => entries[index]!.soul}
          onEnd={more}
        >
          {(index) => <EntryLink space={space} entry={entries[index]!} />}
        </VirtualList>
      )}
      {isFetchingNextPage && <Skeleton rows={2} />}
    </section>
  );
}

function EntryLink({ space, entry }: { space: string; entry: GraphEntry }) {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  return (
    <Link to="/data/$space" params={{ space }} search={{ soul: entry.soul }} className="d-row">
      <span className="d-row-text">
        <bdi className="d-row-title h-truncate">{entry.summary ?? entry.soul}</bdi>
        <span className="h-hint h-truncate">
          {entry.summary === undefined ? (
            t("data.properties", { count: entry.properties })
          ) : (
            <bdi>{entry.soul}</bdi>
          )}
        </span>
      </span>
      {entry.state !== undefined && (
        <span className="d-row-time h-hint h-numbers">{texts.ago(entry.state, now)}</span>
      )}
    </Link>
  );
}

function Results({ space, query, offline }: { space: string; query: string; offline: boolean }) {
  const t = useText();
  const graph = useGraph();
  const wanted = useDebounced(useDeferredValue(query));
  const found = useInfiniteQuery({
    queryKey: keys.search(space, wanted),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      graph.search(
        space,
        wanted,
        { limit: 50, ...(pageParam === undefined ? {} : { after: pageParam }) },
        signal,
      ),
    getNextPageParam: (last) => last.next,
    placeholderData: (old) => old,
  });
  const { hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage, error } = found;
  const hits = found.data?.pages.flatMap((page) => page.items) ?? [];
  const looked = found.data?.pages.reduce((sum, page) => sum + (page.lookedAt ?? 0), 0) ?? 0;
  const goesOn =
    hasNextPage && !isPlaceholderData && error === null && hits.length < enoughHits && looked < enoughLooked;
  useEffect(() => {
    if (goesOn && !isFetchingNextPage && !offline) void fetchNextPage();
  }, [goesOn, isFetchingNextPage, offline, fetchNextPage]);
  const busy = found.isFetching || goesOn || wanted !== query;
  return (
    <section aria-label={t("home.results")} className="d-entries">
      <p className="d-count-found h-hint" role="status">
        {found.data &&
          (hits.length > 0 || busy || hasNextPage) &&
          `${t(busy || hasNextPage ? "data.found_so_far" : "data.found", { count: hits.length })}${
            hasNextPage ? ` · ${t("data.looked_at", { count: looked })}` : ""
          }`}
      </p>
      <Trouble
        error={error}
        action={<Button onPress={() => void found.refetch()}>{t("app.retry")}</Button>}
      />
      {found.isPending && !offline && <Skeleton rows={4} />}
      {found.isSuccess && hits.length === 0 && !busy && !hasNextPage && (
        <p className="h-soft">{t("data.nothing_found", { query: isolated(query) })}</p>
      )}
      {hits.length > 0 && (
        <VirtualList
          label={t("home.results")}
          count={hits.length}
          isWhole={!hasNextPage}
          keyOf={(index) => hits[index]!.soul}
          onEnd={() => {
            if (hasNextPage && !isFetchingNextPage && hits.length >= enoughHits) void fetchNextPage();
          }}
        >
          {(index) => <HitLink space={space} hit={hits[index]!} query={wanted} />}
        </VirtualList>
      )}
      {hasNextPage && !busy && (
        <div>
          <Button size="small" onPress={() => void fetchNextPage()}>
            {t("data.look_further")}
          </Button>
        </div>
      )}
    </section>
  );
}

/** What somebody types, once they pause. */
function useDebounced(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 120);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function HitLink({ space, hit, query }: { space: string; hit: GraphHit; query: string }) {
  const title = hit.summary ?? hit.soul;
  // What the title says already needn't be said twice.
  const match = hit.matches.find(({ property, text }) => property !== undefined && text !== hit.summary);
  return (
    <Link to="/data/$space" params={{ space }} search={{ soul: hit.soul }} className="d-row">
      <span className="d-row-text">
        <bdi className="d-row-title h-truncate">
          <Marked text={title} query={query} />
        </bdi>
        <span className="h-hint h-truncate">
          {match ? (
            <>
              <bdi>{match.property}</bdi>
              {": "}
              <bdi>
                <Marked text={match.text} query={query} />
              </bdi>
            </>
          ) : (
            <bdi>
              <Marked text={hit.soul} query={query} />
            </bdi>
          )}
        </span>
      </span>
    </Link>
  );
}

function Marked({ text, query }: { text: string; query: string }) {
  return marked(text, query).map(({ text: piece, hit }, index) =>
    hit ? (
      <mark key={index} className="d-mark">
        {piece}
      </mark>
    ) : (
      <span key={index}>{piece}</span>
    ),
  );
}
