import { Button, ButtonLink, EmptyState, HousePicture } from "@hearth/ui";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { explain } from "../model/errors.ts";
import type { AppFrame } from "../model/platform.ts";
import { usePreferences } from "../preferences.tsx";
import { useApps, useInside, usePageTitle, useSession, useStatus, useText } from "../shared.tsx";

/** An app, full-bleed under the bar, on an origin of its own. */
export function AppPage() {
  const t = useText();
  const { app: id } = useParams({ strict: false }) as { app: string };
  const { open } = useSearch({ strict: false }) as { open?: string };
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
  const [ready, setReady] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const [inner, setInner] = useState("");
  usePageTitle(inner === "" || inner === title ? title : `${inner} · ${title}`);

  const scheme = preferences.theme === "system" ? undefined : preferences.theme;
  const missing = apps.isSuccess && !app;
  const start = app?.path ?? "/";
  useEffect(() => {
    if (missing || !container.current) return;
    setReady(false);
    setError(null);
    const hints = new URLSearchParams({ lang: preferences.locale });
    if (scheme !== undefined) hints.set("theme", scheme);
    if (open !== undefined) hints.set("open", open);
    let host: AppFrame | null = null;
    try {
      host = platform.frame({
        connection,
        app: id,
        container: container.current,
        path: `${start}?${hints.toString()}`,
        title,
        ...(scheme === undefined ? {} : { colorScheme: scheme }),
        onReady: () => setReady(true),
        onLocation: (where) => setInner(where.title),
        onError: setError,
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
      {missing && (
        <EmptyState
          picture={<HousePicture lit={false} width={200} />}
          title={t("frame.missing")}
          action={<ButtonLink href="/">{t("first.go_home")}</ButtonLink>}
        >
          {t("frame.missing_note")}
        </EmptyState>
      )}
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
