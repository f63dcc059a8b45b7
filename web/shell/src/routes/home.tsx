import { Avatar, Button, ButtonLink, EmptyState, HousePicture, SearchField, useTexts } from "@hearth/ui";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AppInstance } from "@hearth/sdk";
import {
  ChevronRight,
  FileText,
  Film,
  Folder,
  FolderOpen,
  Image,
  KeyRound,
  Music,
  Smartphone,
} from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { ChangedFlocks } from "../kept_shell.tsx";
import { isPicture, latestFiles, pictureOf, searchFiles, type FileEntry } from "../model/files_glance.ts";
import { DeviceMap } from "../device_map.tsx";
import {
  Page,
  Skeleton,
  Trouble,
  useApps,
  useDevices,
  useInside,
  useNow,
  usePersonas,
  useRecoveryState,
  useStatus,
  useText,
  useUnlessPressed,
} from "../shared.tsx";

export function Home() {
  const t = useText();
  const { persona } = useInside();
  const [query, setQuery] = useState("");
  const searching = query.trim() !== "";
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <Page title={useGreeting(persona.displayName)}>
      <div className="s-home-search">
        <SearchField label={t("home.search")} value={query} onChange={setQuery} inputRef={input} />
      </div>
      {searching ? <SearchResults query={query.trim()} /> : <Tiles />}
    </Page>
  );
}

function useGreeting(name: string): string {
  const t = useText();
  const hour = new Date(useNow()).getHours();
  const time = hour < 5 ? "night" : hour < 12 ? "morning" : hour < 18 ? "day" : "evening";
  return name === "" ? t(`home.${time}_plain`) : t(`home.${time}`, { name });
}

function Tiles() {
  const t = useText();
  const apps = useApps();
  const { state } = useStatus();
  if (apps.data === undefined && state === "offline")
    return (
      <EmptyState picture={<HousePicture lit={false} width={260} />} title={t("home.dark")}>
        {t("home.dark_note")}
      </EmptyState>
    );
  return (
    <div className="s-home">
      <ChangedFlocks />
      <LeftToDo />
      <section aria-label={t("home.apps")} className="s-tiles">
        {apps.isPending && <Skeleton rows={2} />}
        <Trouble
          error={apps.error}
          action={<Button onPress={() => void apps.refetch()}>{t("app.retry")}</Button>}
        />
        {apps.data?.map((app) =>
          app.id === "files" ? <FilesTile key={app.id} app={app} /> : <AppTile key={app.id} app={app} />,
        )}
        {apps.data?.length === 0 && <p className="h-soft">{t("home.no_apps")}</p>}
      </section>
      <div className="s-home-strip">
        <DevicesStrip />
        <PeopleStrip />
      </div>
    </div>
  );
}

function LeftToDo() {
  const t = useText();
  const recovery = useRecoveryState();
  const devices = useDevices();
  const onBox = useUnlessPressed(recovery.data === "on_box");
  const onlyOne = useUnlessPressed(devices.data?.length === 1);
  if (!onBox && !onlyOne) return null;
  return (
    <ul className="s-todo" aria-label={t("home.todo")}>
      {onBox && (
        <TodoItem
          to="/recovery"
          icon={KeyRound}
          title={t("home.todo_recovery")}
          note={t("home.todo_recovery_note")}
        />
      )}
      {onlyOne && (
        <TodoItem to="/pair" icon={Smartphone} title={t("home.todo_pair")} note={t("home.todo_pair_note")} />
      )}
    </ul>
  );
}

function TodoItem({
  to,
  icon: Icon,
  title,
  note,
}: {
  to: "/recovery" | "/pair";
  icon: typeof KeyRound;
  title: string;
  note: string;
}) {
  return (
    <li>
      <Link to={to} className="s-todo-item">
        <Icon className="h-icon" aria-hidden />
        <span className="s-todo-text">
          <span>{title}</span>
          <span className="h-hint">{note}</span>
        </span>
        <ChevronRight className="h-icon h-mirror" aria-hidden />
      </Link>
    </li>
  );
}

function AppTile({ app }: { app: AppInstance }) {
  const t = useText();
  return (
    <Link to="/apps/$app" params={{ app: app.id }} className="s-tile">
      <span className="s-tile-name">{app.title}</span>
      <span className="h-hint">{t(`home.state_${app.state}`)}</span>
    </Link>
  );
}

/** The latest files, with their pictures when the connection is direct (a relay is for what is asked for). */
function FilesTile({ app }: { app: AppInstance }) {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const { connection } = useInside();
  const { state } = useStatus();
  const latest = useQuery({
    queryKey: ["files", "latest"],
    queryFn: ({ signal }) => latestFiles(connection, signal),
    enabled: state !== "offline",
  });
  const files = latest.data?.entries ?? [];
  const pictures = state === "direct" ? files.filter(isPicture).slice(0, 4) : [];
  const named = files.slice(0, pictures.length > 0 ? 3 : 5);
  const counts = latest.data;
  return (
    <Link to="/apps/$app" params={{ app: app.id }} className="s-tile s-tile-large">
      <span className="s-tile-head">
        <span className="s-tile-name">{t("home.files")}</span>
        <span className="h-hint h-numbers">
          {app.state === "failed"
            ? t("home.state_failed")
            : counts?.used !== undefined
              ? t("home.files_used", { size: texts.size(counts.used), count: counts.files ?? 0 })
              : app.state === "starting"
                ? t("home.state_starting")
                : ""}
        </span>
      </span>
      {pictures.length > 0 && (
        <span className={`s-tile-pictures s-tile-pictures-${pictures.length}`}>
          {pictures.map((entry) => (
            <Picture key={entry.path} entry={entry} />
          ))}
        </span>
      )}
      {latest.isPending && state !== "offline" && <span className="s-tile-wait" />}
      {latest.data && files.length === 0 && (
        <span className="s-tile-empty">
          <FolderOpen className="h-icon" aria-hidden />
          {t("home.files_empty")}
        </span>
      )}
      {latest.error && <span className="s-tile-empty h-soft">{t("home.files_unreachable")}</span>}
      {named.length > 0 && (
        <span className="s-tile-files">
          {named.map((entry) => (
            <span key={entry.path} className="s-tile-file">
              <FileIcon entry={entry} />
              <bdi className="h-truncate">{entry.name}</bdi>
              <span className="h-hint">{texts.ago(entry.modified, now)}</span>
            </span>
          ))}
        </span>
      )}
    </Link>
  );
}

const icons = { image: Image, video: Film, audio: Music } as const;

function FileIcon({ entry }: { entry: FileEntry }) {
  const kind = (entry.type ?? "").split("/")[0] ?? "";
  const Icon = entry.kind === "folder" ? Folder : (icons[kind as keyof typeof icons] ?? FileText);
  return <Icon className="h-icon" aria-hidden />;
}

function Picture({ entry }: { entry: FileEntry }) {
  const { connection } = useInside();
  const [url, setUrl] = useState<string>();
  const blob = useQuery({
    queryKey: ["files", "picture", entry.path, entry.etag],
    staleTime: Infinity,
    queryFn: async ({ signal }) => (await pictureOf(connection, entry, signal)) ?? null,
  });
  useEffect(() => {
    if (!blob.data) return;
    const made = URL.createObjectURL(blob.data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob.data]);
  return <span className="s-tile-picture">{url && <img src={url} alt="" decoding="async" />}</span>;
}

function DevicesStrip() {
  const t = useText();
  const devices = useDevices();
  const { title } = useInside();
  const { state } = useStatus();
  return (
    <section className="s-strip" aria-labelledby="home-devices">
      <h2 id="home-devices" className="s-strip-title">
        <Link to="/devices">{t("devices.title")}</Link>
      </h2>
      {devices.data && <DeviceMap box={title} devices={devices.data} reach={state} />}
      {devices.isPending && <Skeleton rows={1} />}
    </section>
  );
}

function PeopleStrip() {
  const t = useText();
  const personas = usePersonas();
  const { persona } = useInside();
  return (
    <section className="s-strip" aria-labelledby="home-people">
      <h2 id="home-people" className="s-strip-title">
        <Link to="/people">{t("people.title")}</Link>
      </h2>
      <ul className="s-faces">
        {personas.data?.map((each) => (
          <li key={each.id} className="s-face">
            <Avatar name={each.displayName} id={each.id} size="large" />
            <bdi className="h-truncate">{each.id === persona.id ? t("people.you") : each.displayName}</bdi>
          </li>
        ))}
        {persona.role === "owner" && personas.data && personas.data.length < 2 && (
          <li className="s-face-invite">
            <ButtonLink href="/people" size="small">
              {t("people.add")}
            </ButtonLink>
          </li>
        )}
      </ul>
    </section>
  );
}

function SearchResults({ query }: { query: string }) {
  const t = useText();
  const texts = useTexts();
  const { connection } = useInside();
  const wanted = useDeferredValue(query);
  const apps = useApps();
  const found = useQuery({
    queryKey: ["files", "search", wanted],
    queryFn: ({ signal }) => searchFiles(connection, wanted, signal),
    placeholderData: (old) => old,
  });
  const matching = (apps.data ?? []).filter((app) => app.title.toLowerCase().includes(query.toLowerCase()));
  const entries = found.data?.entries ?? [];
  const empty = found.isSuccess && entries.length === 0 && matching.length === 0;
  return (
    <section aria-label={t("home.results")} className="s-results">
      <p className="h-hidden" role="status">
        {found.isSuccess
          ? t("home.results_count", { count: entries.length + matching.length })
          : t("home.searching")}
      </p>
      <Trouble
        error={found.error}
        action={<Button onPress={() => void found.refetch()}>{t("app.retry")}</Button>}
      />
      {empty && <p className="h-soft">{t("home.nothing_found", { query })}</p>}
      <ul>
        {matching.map((app) => (
          <li key={app.id}>
            <Link to="/apps/$app" params={{ app: app.id }} className="s-result">
              <FolderOpen className="h-icon" aria-hidden />
              <span>{app.title}</span>
            </Link>
          </li>
        ))}
        {entries.map((entry) => (
          <li key={entry.path}>
            <Link
              to="/apps/$app"
              params={{ app: "files" }}
              search={{ open: entry.path }}
              className="s-result"
            >
              <FileIcon entry={entry} />
              <bdi className="h-truncate">{entry.name}</bdi>
              <span className="h-hint h-truncate">
                <bdi>{entry.path.split("/").slice(0, -1).join(" / ")}</bdi>
              </span>
              <span className="h-hint h-numbers">
                {entry.size === undefined ? "" : texts.size(entry.size)}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {found.isPending && <Skeleton rows={3} />}
    </section>
  );
}
