/** What this browser keeps of Hearth itself: a warning when the address offers something else, and a line in the settings. */
import { Button, Notice, useTexts } from "@hearth/ui";
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { flockHost } from "./model/flocks.ts";
import type { KeptShell } from "./model/kept_shell.ts";
import { useInside, useNow, useText, useWorld } from "./shared.tsx";

function useKeptShell(): KeptShell | null {
  const { shell } = useWorld();
  return useSyncExternalStore(shell.subscribe, shell.snapshot);
}

/** A version is the second of its making, or a little more. */
const made = (version: number) => version * 1000;

/** Stands above everything while what the address offers was refused. */
export function RefusedShell() {
  const t = useText();
  const texts = useTexts();
  const { shell } = useWorld();
  const kept = useKeptShell();
  if (!kept?.refused) return null;
  const { reason, version, path, at } = kept.refused;
  const details = [
    `reason: ${reason}${path === undefined ? "" : ` ${path}`}`,
    `kept: ${kept.version}`,
    ...(version === undefined ? [] : [`offered: ${version}`]),
    ...kept.keys.map((key) => `key: ${key}`),
    `found: ${new Date(at).toISOString()}`,
  ].join("\n");
  return (
    <div className="s-offline s-refused">
      <Notice
        tone="warn"
        title={t("shell.refused", { host: location.host })}
        details={details}
        action={
          <Button size="small" onPress={() => shell.check()}>
            {t("shell.look_again")}
          </Button>
        }
      >
        {t(`shell.refused_${reason}`, { date: texts.date(made(kept.version)) })} {t("shell.refused_advice")}
      </Notice>
    </div>
  );
}

/** For owners: the box found that one of its flocks serves its visitors something else. */
export function ChangedFlocks() {
  const t = useText();
  const { api, persona } = useInside();
  const flocks = useQuery({
    queryKey: ["flocks"],
    queryFn: ({ signal }) => api.flocks(signal),
    enabled: persona.role === "owner",
  });
  const changed = (flocks.data ?? []).filter((flock) => flock.shell?.offer === "differs");
  return changed.map(({ peerId, multiaddr, shell }) => (
    <Notice
      key={peerId}
      title={t("home.flock_changed", { flock: flockHost(multiaddr) })}
      details={[multiaddr, shell?.origin, shell?.why, ...(shell?.files ?? [])]
        .filter((line) => line !== undefined)
        .join("\n")}
    >
      {t("home.flock_changed_advice")}
    </Notice>
  ));
}

export function KeptShellSetting() {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const { shell } = useWorld();
  const kept = useKeptShell();
  if (kept === null) return null;
  return (
    <section className="s-setting">
      <h2 className="h-heading">{t("shell.title")}</h2>
      <div className="s-setting-row">
        <p>
          {t("shell.kept", {
            date: texts.date(made(kept.version)),
            host: location.host,
            when: texts.ago(kept.checked, now),
          })}
        </p>
        <Button onPress={() => shell.check()}>{t("shell.look")}</Button>
      </div>
    </section>
  );
}
