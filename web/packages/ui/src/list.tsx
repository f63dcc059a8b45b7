import { ChevronRight, Pause, Play, RotateCw, X } from "lucide-react";
import type { ReactNode } from "react";
import {
  Breadcrumb as AriaBreadcrumb,
  Breadcrumbs as AriaBreadcrumbs,
  Button as AriaButton,
  ProgressBar as AriaProgressBar,
  Tab as AriaTab,
  TabList,
  TabPanel,
  Tabs as AriaTabs,
} from "react-aria-components";
import { IconButton } from "./button.tsx";

/** A list of things with a picture, a name, a line about it and what can be done. */
export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className="h-rows" aria-label={label}>
      {children}
    </ul>
  );
}

export function Row({
  picture,
  title,
  mark,
  note,
  actions,
}: {
  picture?: ReactNode;
  title: ReactNode;
  mark?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <li className="h-row">
      {picture}
      <div className="h-row-text">
        <div className="h-row-title">
          <span className="h-truncate" dir="auto">
            {title}
          </span>
          {mark}
        </div>
        {note && <div className="h-hint">{note}</div>}
      </div>
      {actions && <div className="h-row-actions">{actions}</div>}
    </li>
  );
}

export function Badge({
  children,
  tone = "plain",
}: {
  children: ReactNode;
  tone?: "plain" | "ember" | "good";
}) {
  return <span className={`h-badge h-badge-${tone}`}>{children}</span>;
}

export interface Crumb {
  id: string;
  text: string;
}

/** Where one is; every part but the last leads back. */
export function Breadcrumbs({
  label,
  crumbs,
  onGo,
}: {
  label: string;
  crumbs: readonly Crumb[];
  onGo: (id: string) => void;
}) {
  return (
    <nav aria-label={label} className="h-crumbs-nav">
      <AriaBreadcrumbs className="h-crumbs">
        {crumbs.map((crumb, index) => {
          const last = index === crumbs.length - 1;
          return (
            <AriaBreadcrumb key={crumb.id} id={crumb.id} className="h-crumb">
              {index > 0 && <ChevronRight className="h-icon h-mirror" aria-hidden />}
              {last ? (
                <span className="h-crumb-here" aria-current="page" dir="auto">
                  {crumb.text}
                </span>
              ) : (
                <AriaButton className="h-crumb-link" onPress={() => onGo(crumb.id)}>
                  <bdi>{crumb.text}</bdi>
                </AriaButton>
              )}
            </AriaBreadcrumb>
          );
        })}
      </AriaBreadcrumbs>
    </nav>
  );
}

export function ProgressBar({ label, value }: { label: string; value: number | null }) {
  return (
    <AriaProgressBar
      aria-label={label}
      className="h-progress"
      isIndeterminate={value === null}
      value={(value ?? 0) * 100}
    >
      {({ percentage }) => (
        <span
          className={value === null ? "h-progress-fill h-progress-unknown" : "h-progress-fill"}
          style={value === null ? undefined : { inlineSize: `${percentage ?? 0}%` }}
        />
      )}
    </AriaProgressBar>
  );
}

/** Work that takes a while: what, how far, and how to pause or stop it. */
export function ProgressRow({
  name,
  note,
  value,
  state,
  labels,
  onPause,
  onResume,
  onCancel,
}: {
  name: string;
  note: ReactNode;
  value: number | null;
  state: "waiting" | "running" | "paused" | "failed" | "done";
  labels: { pause: string; resume: string; cancel: string; retry: string };
  onPause?: () => void;
  onResume?: () => void;
  onCancel?: () => void;
}) {
  return (
    <li className={`h-progress-row h-progress-${state}`}>
      <div className="h-row-text">
        <div className="h-truncate" dir="auto" title={name}>
          {name}
        </div>
        {state !== "done" && <ProgressBar label={name} value={value} />}
        <div className="h-hint h-numbers">{note}</div>
      </div>
      <div className="h-row-actions">
        {state === "running" && onPause && <IconButton icon={Pause} label={labels.pause} onPress={onPause} />}
        {state === "paused" && onResume && (
          <IconButton icon={Play} label={labels.resume} onPress={onResume} />
        )}
        {state === "failed" && onResume && (
          <IconButton icon={RotateCw} label={labels.retry} onPress={onResume} />
        )}
        {state !== "done" && onCancel && <IconButton icon={X} label={labels.cancel} onPress={onCancel} />}
      </div>
    </li>
  );
}

export interface TabSpec {
  id: string;
  text: string;
  content: ReactNode;
}

export function Tabs({ label, tabs }: { label: string; tabs: readonly TabSpec[] }) {
  return (
    <AriaTabs className="h-tabs">
      <TabList aria-label={label} className="h-tab-list">
        {tabs.map(({ id, text }) => (
          <AriaTab key={id} id={id} className="h-tab">
            {text}
          </AriaTab>
        ))}
      </TabList>
      {tabs.map(({ id, content }) => (
        <TabPanel key={id} id={id} className="h-tab-panel">
          {content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
