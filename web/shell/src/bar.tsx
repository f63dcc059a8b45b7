/** The one thin bar: where one is, how the box is reached, who one is. */
import type { HearthErrorCode } from "@hearth/sdk";
import { Avatar, Button, Details, HearthMark, Menu, Notice, ReachMark, useTexts } from "@hearth/ui";
import { useIsFetching } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import {
  ChevronRight,
  House,
  KeyRound,
  Library,
  Plus,
  Settings as Cog,
  Smartphone,
  Users,
} from "lucide-react";
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";
import { titleOf } from "./model/names.ts";
import { useInside, useNow, useSession, useSnapshot, useStatus, useText } from "./shared.tsx";

export function Bar({ here }: { here?: string | undefined }) {
  const t = useText();
  const navigate = useNavigate();
  const session = useSession();
  const { known } = useSnapshot();
  const { connection, persona, title } = useInside();
  const owner = persona.role === "owner";
  const items = [
    { id: "/devices", text: t("devices.title"), icon: Smartphone },
    { id: "/people", text: t("people.title"), icon: Users },
    { id: "/data", text: t("data.title"), icon: Library },
    ...(owner ? [{ id: "/recovery", text: t("recovery.menu"), icon: KeyRound }] : []),
    { id: "/settings", text: t("settings.title"), icon: Cog },
  ];
  const others = known.filter((box) => box.persona && box.root !== connection.root);
  const boxes = [
    ...others.map((box) => ({ id: box.root, text: t("bar.go_to_box", { box: titleOf(box) }), icon: House })),
    { id: "/login?another", text: t("bar.add_box"), icon: Plus },
  ];
  const choose = async (id: string) => {
    if (id.startsWith("/")) return navigate({ to: id });
    await navigate({ to: "/" });
    await session.switchTo(id);
  };
  return (
    <header className="s-bar">
      <nav className="s-bar-place" aria-label={t("bar.place")}>
        <Link to="/" className="s-bar-home" aria-label={t("bar.home", { box: title })}>
          <HearthMark size={22} />
          <bdi className="h-truncate">{title || "Hearth"}</bdi>
        </Link>
        {here !== undefined && (
          <>
            <ChevronRight className="h-icon h-mirror s-bar-arrow" aria-hidden />
            <span className="s-bar-here h-truncate" aria-current="page">
              {here}
            </span>
          </>
        )}
      </nav>
      <Reach />
      <Menu
        label={t("bar.menu")}
        trigger={
          <AriaButton
            className="s-bar-me"
            aria-label={t("bar.me", { name: persona.displayName || persona.name })}
          >
            <Avatar name={persona.displayName || persona.name || "?"} id={persona.id} size="small" />
          </AriaButton>
        }
        groups={[items, boxes]}
        onChoose={(id) => void choose(id)}
      />
      <Busy />
    </header>
  );
}

/** A thin line while anything is being fetched; css shows it only after 300 ms. */
function Busy() {
  const busy = useIsFetching() > 0;
  return <span className={busy ? "s-busy s-busy-on" : "s-busy"} aria-hidden />;
}

/** How the box is reached and verified: one small mark, the truth one press away. */
function Reach() {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const { connection, title, pinnedSince } = useInside();
  const status = useStatus();
  const state = status.state;
  const lie = lieIn(status);
  const details = [
    ["state", state],
    ["transport", status.transport],
    ["address", status.address],
    ["relay", status.relay],
    ["direct path", status.upgrading ? "trying" : status.directFailure],
    ["reason", status.reason],
    ["root", connection.root],
    ["host", connection.peerId],
    ["device", connection.device],
  ]
    .filter((line): line is [string, string] => line[1] !== undefined && line[1] !== "")
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
  return (
    <DialogTrigger>
      <AriaButton className="s-reach" aria-label={t("reach.button", { state: t(`ui.${state}`) })}>
        <ReachMark reach={state} />
        <span className="s-reach-word">{t(`ui.${state}`)}</span>
      </AriaButton>
      <Popover className="h-popover s-reach-popover" placement="bottom end" offset={6}>
        <Dialog className="s-reach-dialog">
          <Heading slot="title" className="h-heading">
            {t(`reach.${state}`, { box: title })}
          </Heading>
          <p>
            {state !== "offline"
              ? t(`reach.${state}_note`, { relay: status.relay ?? "" })
              : lie !== undefined
                ? t(lie, { box: title })
                : status.lastSeen !== undefined
                  ? t("reach.last_seen", { when: texts.ago(status.lastSeen, now) })
                  : t("reach.offline_note")}
          </p>
          <p className="h-soft">{t("reach.verified", { box: title, date: texts.date(pinnedSince) })}</p>
          {state !== "direct" && (
            <div>
              <Button size="small" onPress={() => connection.retry()}>
                {t(state === "offline" ? "app.retry" : "reach.try_direct")}
              </Button>
            </div>
          )}
          <Details text={details} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** What the meeting place said of this box that can't be so; nothing when it said no such thing. */
function lieIn({ reason }: { reason?: HearthErrorCode }): "offline.elsewhere" | "offline.older" | undefined {
  if (reason === "root_changed") return "offline.elsewhere";
  if (reason === "superseded" || reason === "bad_record") return "offline.older";
  return undefined;
}

/** Under the bar while the box can't be reached. What is on the screen stays. */
export function OfflineNotice() {
  const t = useText();
  const texts = useTexts();
  const now = useNow(5_000);
  const { connection, title } = useInside();
  const status = useStatus();
  if (status.state !== "offline") return null;
  const lie = lieIn(status);
  const wait = status.nextAttempt === undefined ? 0 : Math.ceil((status.nextAttempt - now) / 1000);
  return (
    <div className="s-offline">
      <Notice
        tone="warn"
        title={t(lie === "offline.elsewhere" ? "offline.elsewhere_title" : "offline.title", { box: title })}
        action={
          <Button size="small" onPress={() => connection.retry()}>
            {t("app.retry")}
          </Button>
        }
      >
        {status.lastSeen !== undefined && t("offline.last_seen", { when: texts.ago(status.lastSeen, now) })}{" "}
        {t(lie ?? (status.reason === "flock_unreachable" ? "offline.flock" : "offline.hint"), { box: title })}{" "}
        {wait > 1 && t("offline.again", { seconds: wait })}
      </Notice>
    </div>
  );
}
