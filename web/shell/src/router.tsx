import { HearthMark, ToastRegion, EmptyState, HousePicture, ButtonLink } from "@hearth/ui";
import {
  Outlet,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  useLocation,
  useNavigate,
  useRouter,
  useRouterState,
  type RouterHistory,
} from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { Bar, OfflineNotice } from "./bar.tsx";
import { RefusedShell } from "./kept_shell.tsx";
import { doorFor } from "./model/door.ts";
import { AppPage, OpenApp } from "./routes/app_frame.tsx";
import { Devices } from "./routes/devices.tsx";
import { FirstRun } from "./routes/first_run.tsx";
import { Home } from "./routes/home.tsx";
import { Join } from "./routes/join.tsx";
import { Login } from "./routes/login.tsx";
import { PairDevice } from "./routes/pair.tsx";
import { People } from "./routes/people.tsx";
import { RecoveryPage } from "./routes/recovery.tsx";
import { Settings } from "./routes/settings.tsx";
import { Page, useInside, useSnapshot, useText, useWorld } from "./shared.tsx";

function Root() {
  const t = useText();
  const { toasts } = useWorld();
  const snapshot = useSnapshot();
  const { pathname, searchStr } = useLocation();
  const navigate = useNavigate();
  // The page that is shown, not the one on its way.
  useFocusOnArrival(
    useRouterState({ select: ({ resolvedLocation }) => pageOf(resolvedLocation) }) ?? pathname,
  );
  if (snapshot.phase === "starting") return <Splash />;
  const elsewhere = doorFor(pathname, searchStr, snapshot);
  return (
    <AriaRouter navigate={(to) => void navigate({ to })}>
      <a
        className="h-skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("main h1")?.focus();
        }}
      >
        {t("ui.skip")}
      </a>
      <RefusedShell />
      {elsewhere === null ? <Outlet /> : <Elsewhere key={elsewhere} to={elsewhere} />}
      <ToastRegion toasts={toasts} />
    </AriaRouter>
  );
}

/** What makes a page another one: an entry of one's data is told by `soul`. */
function pageOf(location: { pathname: string; search: object } | undefined): string | undefined {
  if (location === undefined) return undefined;
  const { soul } = location.search as { soul?: unknown };
  return soul === undefined ? location.pathname : `${location.pathname} ${JSON.stringify(soul)}`;
}

/** Leads to another page in place of this one. */
function Elsewhere({ to }: { to: string }) {
  const { history } = useRouter();
  useEffect(() => history.replace(to), [history, to]);
  return null;
}

function Splash() {
  const t = useText();
  return (
    <main className="s-splash" aria-busy>
      <HearthMark size={44} />
      <h1 className="h-hidden">{t("app.loading")}</h1>
    </main>
  );
}

/** After a change of page the heading has the focus, unless the page put it into a field. */
function useFocusOnArrival(pathname: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const main = document.querySelector("main");
    if (main?.contains(document.activeElement)) return;
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [pathname]);
}

/** Everything behind the door: the bar, and news from the box. */
function Indoors() {
  const { inside } = useSnapshot();
  const { pathname } = useLocation();
  if (!inside) return null;
  return <Rooms key={inside.connection.root} app={/^\/apps?\/([^/]+)/.exec(pathname)?.[1]} />;
}

function Rooms({ app }: { app: string | undefined }) {
  const t = useText();
  const client = useQueryClient();
  const { api, connection } = useInside();
  useEffect(() => {
    let stop: (() => void) | undefined;
    try {
      stop = api.subscribe((event) => {
        if (event === "open") void client.invalidateQueries();
        else void client.invalidateQueries({ queryKey: [event] });
      });
    } catch {
      // Without news, each visit asks anew.
    }
    return stop;
  }, [api, client]);
  useEffect(() => {
    let before = connection.state;
    return connection.subscribe((status) => {
      const back = before === "offline" && (status.state === "direct" || status.state === "relayed");
      before = status.state;
      if (back) void client.invalidateQueries();
    });
  }, [connection, client]);
  const here = app === undefined ? undefined : app === "files" ? t("home.files") : app;
  return (
    <div className={app === undefined ? "s-rooms" : "s-rooms s-rooms-app"}>
      <Bar here={here} />
      <OfflineNotice />
      <Outlet />
    </div>
  );
}

function NotFound() {
  const t = useText();
  const { inside } = useSnapshot();
  if (!inside) return null;
  return (
    <Page title={t("app.not_found")}>
      <EmptyState
        picture={<HousePicture lit={false} width={200} />}
        title={t("app.not_found_note")}
        action={<ButtonLink href="/">{t("first.go_home")}</ButtonLink>}
      />
    </Page>
  );
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });
const indoors = createRoute({ getParentRoute: () => root, id: "indoors", component: Indoors });
const outside = [
  createRoute({ getParentRoute: () => root, path: "/welcome", component: FirstRun }),
  createRoute({ getParentRoute: () => root, path: "/login", component: Login }),
  createRoute({ getParentRoute: () => root, path: "/join", component: Join }),
];
/** `open` is what the app is to show, in its own words; `at` is where it was, within its own origin. */
function appSearch(search: Record<string, unknown>): { open?: string; at?: string } {
  return {
    ...(typeof search.open === "string" ? { open: search.open } : {}),
    ...(typeof search.at === "string" && search.at.startsWith("/") ? { at: search.at } : {}),
  };
}
const app = createRoute({
  getParentRoute: () => indoors,
  path: "/apps/$app",
  component: AppPage,
  validateSearch: appSearch,
});
/** Text of an address, which the router may have taken for a number or the like. */
function asText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `soul`: one entry, with the history of one `property`. Else those that say `q`, or whose names begin with `prefix`. */
function dataSearch(search: Record<string, unknown>): {
  soul?: string;
  property?: string;
  q?: string;
  prefix?: string;
} {
  const read = (name: "soul" | "q" | "prefix") => {
    const text = asText(search[name]);
    return text === undefined || text === "" ? {} : { [name]: text };
  };
  const property = asText(search.property);
  return {
    ...read("soul"),
    ...read("q"),
    ...read("prefix"),
    // Of no name is a name, too.
    ...(property === undefined ? {} : { property }),
  };
}

const rooms = [
  createRoute({ getParentRoute: () => indoors, path: "/", component: Home }),
  createRoute({ getParentRoute: () => indoors, path: "/devices", component: Devices }),
  createRoute({ getParentRoute: () => indoors, path: "/pair", component: PairDevice }),
  createRoute({ getParentRoute: () => indoors, path: "/people", component: People }),
  createRoute({ getParentRoute: () => indoors, path: "/recovery", component: RecoveryPage }),
  createRoute({ getParentRoute: () => indoors, path: "/settings", component: Settings }),
  createRoute({
    getParentRoute: () => indoors,
    path: "/data",
    component: lazyRouteComponent(() => import("./data/index.tsx"), "Spaces"),
  }),
  createRoute({
    getParentRoute: () => indoors,
    path: "/data/$space",
    component: lazyRouteComponent(() => import("./data/index.tsx"), "Space"),
    validateSearch: dataSearch,
  }),
  app,
  // The same app under the path that the API uses, for links written by hand.
  createRoute({ getParentRoute: () => indoors, path: "/app/$app", component: AppPage }),
  createRoute({
    getParentRoute: () => indoors,
    path: "/open/$label",
    component: OpenApp,
    validateSearch: (search: Record<string, unknown>): { path?: string } =>
      typeof search.path === "string" ? { path: search.path } : {},
  }),
] as const;

const tree = root.addChildren([...outside, indoors.addChildren(rooms)]);

export function makeRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: tree,
    defaultPreload: false,
    scrollRestoration: false,
    ...(history === undefined ? {} : { history }),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
