/** The one thin bar: where one is, how the box is reached, who one is. */
import { Avatar, Button, Details, HearthMark, Menu, Notice, ReachMark, useTexts } from "@hearth/ui";
import { useIsFetching } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronRight, KeyRound, Library, Settings as Cog, Smartphone, Users } from "lucide-react";
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";
import { useInside, useNow, useStatus, useText } from "./shared.tsx";

export function Bar({ here }: { here?: string | undefined }) {
  const t = useText();
  const navigate = useNavigate();
  const { persona, title } = useInside();
  const owner = persona.role === "owner";
  const items = [
    { id: "/devices", text: t("devices.title"), icon: Smartphone },
    { id: "/people", text: t("people.title"), icon: Users },
    { id: "/data", text: t("data.title"), icon: Library },
    ...(owner ? [{ id: "/recovery", text: t("recovery.menu"), icon: KeyRound }] : []),
    { id: "/settings", text: t("settings.title"), icon: Cog },
  ];
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
        groups={[items]}
        onChoose={(to) => void navigate({ to })}
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
            {state === "offline" && status.lastSeen !== undefined
              ? t("reach.last_seen", { when: texts.ago(status.lastSeen, now) })
              : t(`reach.${state}_note`, { relay: status.relay ?? "" })}
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

/** Under the bar while the box can't be reached. What is on the screen stays. */
export function OfflineNotice() {
  const t = useText();
  const texts = useTexts();
  const now = useNow(5_000);
  const { connection, title } = useInside();
  const status = useStatus();
  if (status.state !== "offline") return null;
  const wait = status.nextAttempt === undefined ? 0 : Math.ceil((status.nextAttempt - now) / 1000);
  return (
    <div className="s-offline">
      <Notice
        tone="warn"
        title={t("offline.title", { box: title })}
        action={
          <Button size="small" onPress={() => connection.retry()}>
            {t("app.retry")}
          </Button>
        }
      >
        {status.lastSeen !== undefined && t("offline.last_seen", { when: texts.ago(status.lastSeen, now) })}{" "}
        {t(status.reason === "flock_unreachable" ? "offline.flock" : "offline.hint")}{" "}
        {wait > 1 && t("offline.again", { seconds: wait })}
      </Notice>
    </div>
  );
}
