/** What all screens share: the session, texts, and the two frames a screen can have. */
import { useQuery } from "@tanstack/react-query";
import { HearthMark, HousePicture, Notice, useTexts, type Toasts, type Values } from "@hearth/ui";
import type { ConnectionStatus, Device } from "@hearth/sdk";
import { createContext, use, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { explain } from "./model/errors.ts";
import { describeBrowser } from "./model/names.ts";
import type { ShellKeeping } from "./model/kept_shell.ts";
import type { Inside, Session, Snapshot } from "./model/session.ts";
import type { ShellKey } from "./text/en.ts";

export interface World {
  session: Session;
  shell: ShellKeeping;
  toasts: Toasts;
  now: () => number;
}

export const WorldContext = createContext<World | null>(null);

export function useWorld(): World {
  const world = use(WorldContext);
  if (!world) throw new Error("no world above this component");
  return world;
}

export function useSession(): Session {
  return useWorld().session;
}

export function useSnapshot(): Snapshot {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

/** For screens behind the door; the router shows them only with somebody inside. */
export function useInside(): Inside {
  const { inside } = useSnapshot();
  if (!inside) throw new Error("nobody is inside");
  return inside;
}

export function useStatus(): ConnectionStatus {
  const { connection } = useInside();
  return useSyncExternalStore(
    (listener) => connection.subscribe(listener),
    () => connection.status,
  );
}

export function useText(): (key: ShellKey, values?: Values) => string {
  return useTexts().say;
}

/** The time, coarse: for "5 minutes ago". */
export function useNow(everyMs = 30_000): number {
  const { now } = useWorld();
  const [time, setTime] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, now]);
  return time;
}

/**
 * The value, but no other one while something is pressed. For what pushes the page down when it comes late: a press that
 * begins on one thing and ends on another does nothing.
 */
export function useUnlessPressed<T>(value: T): T {
  const [shown, show] = useState(value);
  const latest = useRef(value);
  const pressed = useRef(false);
  useEffect(() => {
    latest.current = value;
    if (!pressed.current) show(value);
  }, [value]);
  useEffect(() => {
    const press = () => void (pressed.current = true);
    // The click comes after this event, and what it hits is found out before.
    const release = () =>
      void setTimeout(() => {
        pressed.current = false;
        show(latest.current);
      });
    const options = { capture: true };
    addEventListener("pointerdown", press, options);
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, options);
    return () => {
      removeEventListener("pointerdown", press, options);
      for (const end of ["pointerup", "pointercancel"]) removeEventListener(end, release, options);
    };
  }, []);
  return shown;
}

export function useDeviceName(): string {
  const t = useText();
  return describeBrowser(navigator.userAgent, (browser, system) =>
    t("device.default_name", { browser, system }),
  );
}

const othersThanBoxes = (all: Device[]): Device[] => all.filter((device) => device.kind !== "appliance");

export function useDevices() {
  const { api } = useInside();
  return useQuery({
    queryKey: ["devices"],
    queryFn: ({ signal }) => api.devices(signal),
    // The box certifies devices and so is among them; as something one holds and removes it isn't.
    select: othersThanBoxes,
  });
}

export function usePersonas() {
  const { api } = useInside();
  return useQuery({ queryKey: ["personas"], queryFn: ({ signal }) => api.personas(signal) });
}

export function useApps() {
  const { api } = useInside();
  return useQuery({ queryKey: ["apps"], queryFn: ({ signal }) => api.apps(signal) });
}

export function useRecoveryState() {
  const { api, persona } = useInside();
  return useQuery({
    queryKey: ["recovery"],
    queryFn: ({ signal }) => api.recoveryState(signal),
    enabled: persona.role === "owner",
  });
}

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Hearth" : `${title} · Hearth`;
  }, [title]);
}

/** The frame of screens before the door: one column, and the house beside it when there is room. */
export function Threshold({
  title,
  lead,
  step,
  lit = true,
  wide = false,
  children,
}: {
  title: string;
  lead?: ReactNode;
  step?: { now: number; of: number };
  lit?: boolean;
  wide?: boolean;
  children: ReactNode;
}) {
  const t = useText();
  usePageTitle(title);
  return (
    <div className="s-threshold">
      <header className="s-threshold-picture">
        <span className="s-brand">
          <HearthMark size={22} />
          Hearth
        </span>
        <HousePicture lit={lit} width={420} land />
      </header>
      <main id="content" className={wide ? "s-threshold-main s-threshold-wide" : "s-threshold-main"}>
        {step && (
          <div className="s-steps" role="img" aria-label={t("first.step", step)}>
            {Array.from({ length: step.of }, (_, index) => (
              <span key={index} className={index < step.now ? "s-step s-step-done" : "s-step"} />
            ))}
          </div>
        )}
        <h1 className="h-title" tabIndex={-1}>
          {title}
        </h1>
        {lead && <p className="s-lead">{lead}</p>}
        {children}
      </main>
    </div>
  );
}

/** The frame of screens inside: a title, perhaps its one action, the rest. */
export function Page({
  title,
  lead,
  above,
  action,
  wide = false,
  children,
}: {
  title: string;
  lead?: ReactNode;
  /** Where one is, when the page lies deeper than the bar tells. */
  above?: ReactNode;
  action?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  usePageTitle(title);
  return (
    <main id="content" className={wide ? "s-page s-page-wide" : "s-page"}>
      {above}
      <header className="s-page-head">
        <div>
          <h1 className="h-title" tabIndex={-1} dir="auto">
            {title}
          </h1>
          {lead && (typeof lead === "string" ? <p className="h-soft">{lead}</p> : lead)}
        </div>
        {action}
      </header>
      {children}
    </main>
  );
}

/** An error in plain words, with what to do next. Nothing when there is none. */
export function Trouble({ error, action }: { error: unknown; action?: ReactNode }) {
  const t = useText();
  const { inside } = useSnapshot();
  if (error === null || error === undefined) return null;
  const trouble = explain(error);
  // Behind the door the bar says already that the box is away.
  if (trouble.code === "offline" && inside?.connection.state === "offline") return null;
  const [title, ...rest] = t(trouble.key, trouble.values).split(/(?<=[.!?؟。])\s+/u);
  return (
    <Notice title={title ?? ""} details={trouble.details} action={action}>
      {rest.join(" ")}
    </Notice>
  );
}

/** Places held while something loads, so that nothing jumps. Shown after a moment, not at once. */
export function Skeleton({ rows = 3 }: { rows?: number }) {
  const t = useText();
  return (
    <div className="s-skeleton" role="status" aria-label={t("app.loading")}>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}
