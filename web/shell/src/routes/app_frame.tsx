import { Button, ButtonLink, EmptyState, HousePicture } from "@hearth/ui";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { explain } from "../model/errors.ts";
import type { AppFrame } from "../model/platform.ts";
import { usePreferences } from "../preferences.tsx";
import {
  Page,
  Skeleton,
  Trouble,
  useApps,
  useInside,
  usePageTitle,
  useSession,
  useStatus,
  useText,
} from "../shared.tsx";

/** What the shell tells an app about the person's wishes, in its first address. */
function withHints(path: string, hints: Record<string, string>): string {
  const url = new URL(path, "http://app");
  for (const [name, value] of Object.entries(hints)) url.searchParams.set(name, value);
  return url.pathname + url.search + url.hash;
}

function withoutHints(path: string, hints: Record<string, string>): string {
  const url = new URL(path, "http://app");
  for (const [name, value] of Object.entries(hints))
    if (name !== "open" && url.searchParams.get(name) === value) url.searchParams.delete(name);
  return url.pathname + url.search + url.hash;
}

/** An app, full-bleed under the bar, on an origin of its own. */
export function AppPage() {
  const t = useText();
  const { app: id } = useParams({ strict: false }) as { app: string };
  const { open, at } = useSearch({ strict: false }) as { open?: string; at?: string };
  const { connection } = useInside();
  const { state } = useStatus();
  const { platform } = useSession();
  const { preferences } = usePreferences();
  const navigate = useNavigate();
  const apps = useApps();
  const app = apps.data?.find((each) => each.id === id);
  const title = app?.title ?? (id === "files" ? t("home.files") : id);
  const container = useRef<HTMLDivElement>(null);
  const frame = useRef<AppFrame | null>(null);
  /** Its first page stands. From then on what can't be carried is the app's to deal with: it may have work under way. */
  const running = useRef(false);
  const [ready, setReady] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const [inner, setInner] = useState("");
  usePageTitle(inner === "" || inner === title ? title : `${inner} · ${title}`);

  const scheme = preferences.theme === "system" ? undefined : preferences.theme;
  const missing = apps.isSuccess && !app;
  const start = app?.path ?? "/";
  /** Where the app is, as the address bar has it. */
  const here = useRef(at);
  useEffect(() => {
    if (missing || !container.current) return;
    running.current = false;
    setReady(false);
    setError(null);
    const hints: Record<string, string> = { lang: preferences.locale };
    if (scheme !== undefined) hints.theme = scheme;
    if (open !== undefined) hints.open = open;
    let host: AppFrame | null = null;
    try {
      host = platform.frame({
        connection,
        app: id,
        container: container.current,
        path: withHints(here.current ?? start, hints),
        title,
        ...(scheme === undefined ? {} : { colorScheme: scheme }),
        onReady: () => {
          running.current = true;
          setReady(true);
        },
        onLocation: ({ path, title: told }) => {
          setInner(told);
          const place = withoutHints(path, hints);
          if (place === (here.current ?? start)) return;
          here.current = place;
          // A reload or a bookmark of the shell's page leads back here.
          void navigate({ to: ".", search: place === start ? {} : { at: place }, replace: true });
        },
        onError: (failure) => {
          if (!running.current) setError(failure);
        },
      });
      frame.current = host;
    } catch (failure) {
      setError(failure);
    }
    return () => {
      host?.revoke();
      frame.current = null;
    };
    // `title` and `start` come with the app table, which may arrive later: no reason to load the frame again.
  }, [connection, id, missing, attempt, open, scheme, preferences.locale, platform]);

  useEffect(() => {
    if (at === undefined || at === here.current) return;
    here.current = at;
    frame.current?.navigate(at);
  }, [at]);

  return (
    <main id="content" className="s-app">
      <h1 className="h-hidden" tabIndex={-1}>
        {title}
      </h1>
      {!ready && error === null && !missing && (
        <div className="s-app-wait" role="status">
          <span className="h-spinner" />
          {state === "offline" ? t("frame.waiting") : t("frame.opening", { app: title })}
        </div>
      )}
      {missing && <NoSuchApp />}
      {error !== null && (
        <EmptyState
          picture={<HousePicture lit={false} width={200} />}
          title={t("frame.failed", { app: title })}
          action={
            <>
              <Button look="primary" onPress={() => setAttempt(attempt + 1)}>
                {t("app.retry")}
              </Button>
              <Button onPress={() => void navigate({ to: "/" })}>{t("first.go_home")}</Button>
            </>
          }
        >
          {t(explain(error).key, explain(error).values)}
        </EmptyState>
      )}
      <div ref={container} className="s-app-frame" hidden={error !== null || missing} />
    </main>
  );
}

/** A visit to an app's own origin, or a bookmark of it: which app it is, only the box knows. */
export function OpenApp() {
  const t = useText();
  const { label } = useParams({ strict: false }) as { label: string };
  const { path } = useSearch({ strict: false }) as { path?: string };
  const navigate = useNavigate();
  const apps = useApps();
  const id = apps.data?.find((each) => each.label === label)?.id;
  useEffect(() => {
    if (id === undefined) return;
    const search = path?.startsWith("/") && path !== "/" ? { at: path } : {};
    void navigate({ to: "/apps/$app", params: { app: id }, search, replace: true });
  }, [id, path, navigate]);
  return (
    <Page title={apps.isSuccess && id === undefined ? t("app.not_found") : t("app.loading")}>
      {apps.isPending && <Skeleton />}
      <Trouble
        error={apps.error}
        action={<Button onPress={() => void apps.refetch()}>{t("app.retry")}</Button>}
      />
      {apps.isSuccess && id === undefined && <NoSuchApp />}
    </Page>
  );
}

function NoSuchApp() {
  const t = useText();
  return (
    <EmptyState
      picture={<HousePicture lit={false} width={200} />}
      title={t("frame.missing")}
      action={<ButtonLink href="/">{t("first.go_home")}</ButtonLink>}
    >
      {t("frame.missing_note")}
    </EmptyState>
  );
}
