import { Button, Dialog, IconButton, ProgressBar, ProgressRow, useTexts } from "@hearth/ui";
import { ChevronDown, ChevronUp, Pause, Play, X } from "lucide-react";
import { useEffect, useState } from "react";
import { useText, useUploads, useWorld } from "../context.tsx";
import type { Upload } from "../model/uploads.ts";

/** The uploads, at the foot of the page: what, how far, how to pause and stop. Gone when there are none. */
export function UploadsPanel() {
  const t = useText();
  const texts = useTexts();
  const { uploads } = useWorld();
  const { shown, summary } = useUploads();
  const [open, setOpen] = useState(() => matchMedia("(width > 44rem)").matches);
  const [asking, setAsking] = useState(false);
  const { total, done, failed, paused, open: running, bytes, sent, rate } = summary;
  const finished = total > 0 && done === total;

  // When all has arrived there is nothing left to watch.
  useEffect(() => {
    if (finished) setOpen(false);
  }, [finished]);

  // Leaving would cut them off: let the browser ask.
  useEffect(() => {
    if (running === 0) return;
    const hold = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", hold);
    return () => removeEventListener("beforeunload", hold);
  }, [running]);

  if (total === 0) return null;
  const left = rate > 0 ? (bytes - sent) / rate : 0;
  const title = finished
    ? t("uploads.finished", { count: done })
    : running > 0
      ? t("uploads.running", { count: total - done })
      : failed > 0
        ? t("uploads.failed", { count: failed })
        : t("uploads.paused", { count: paused });
  const facts = finished
    ? ""
    : [
        t("uploads.of", { sent: texts.size(sent), all: texts.size(bytes) }),
        ...(running > 0 && left > 1 ? [timeLeft(left, t)] : []),
      ].join(" · ");
  const fraction = bytes === 0 ? (finished ? 1 : 0) : sent / bytes;
  return (
    <section className="f-uploads" aria-label={t("uploads.title")}>
      <p className="h-hidden" role="status">
        {finished
          ? title
          : t("uploads.live", { count: total - done, percent: Math.floor(fraction * 10) * 10 })}
      </p>
      <header className="f-uploads-head">
        <div className="f-uploads-title">
          <strong>{title}</strong>
          {facts !== "" && <span className="h-hint h-numbers">{facts}</span>}
        </div>
        {running > 0 && (
          <IconButton icon={Pause} label={t("uploads.pause_all")} onPress={() => uploads.pauseAll()} />
        )}
        {running === 0 && paused + failed > 0 && (
          <IconButton icon={Play} label={t("uploads.resume_all")} onPress={() => uploads.resumeAll()} />
        )}
        <IconButton
          icon={open ? ChevronDown : ChevronUp}
          label={t(open ? "uploads.less" : "uploads.more")}
          onPress={() => setOpen(!open)}
        />
        <IconButton
          icon={X}
          label={finished ? t("ui.close") : t("uploads.cancel_all")}
          onPress={() => (finished ? uploads.clear() : setAsking(true))}
        />
      </header>
      {!finished && <ProgressBar label={t("uploads.title")} value={fraction} />}
      {open && (
        <ul className="f-uploads-list">
          {shown.map((upload) => (
            <UploadRow key={upload.id} upload={upload} />
          ))}
          {total > shown.length && (
            <li className="h-hint">{t("uploads.others", { count: total - shown.length })}</li>
          )}
        </ul>
      )}
      <Dialog
        role="alertdialog"
        title={t("uploads.cancel_title")}
        open={asking}
        onClose={() => setAsking(false)}
        actions={
          <>
            <Button look="quiet" onPress={() => setAsking(false)}>
              {t("uploads.go_on")}
            </Button>
            <Button
              look="danger"
              onPress={() => {
                setAsking(false);
                uploads.cancelAll();
                uploads.clear();
              }}
            >
              {t("uploads.cancel_all")}
            </Button>
          </>
        }
      >
        <p>{t("uploads.cancel_explain")}</p>
      </Dialog>
    </section>
  );
}

function timeLeft(seconds: number, t: ReturnType<typeof useText>): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return t("uploads.seconds_left", { count: Math.max(1, Math.round(seconds)) });
  if (minutes < 90) return t("uploads.minutes_left", { count: minutes });
  return t("uploads.hours_left", { count: Math.round(minutes / 60) });
}

function UploadRow({ upload }: { upload: Upload }) {
  const t = useText();
  const texts = useTexts();
  const { uploads } = useWorld();
  const { id, name, size, sent, state, error, retrying } = upload;
  const why =
    error === "no_space" || error === "too_large" || error === "denied" || error === "offline"
      ? error
      : "internal";
  const note =
    state === "failed"
      ? t(`error.${why}`)
      : retrying
        ? t("uploads.retrying")
        : state === "waiting"
          ? t("uploads.waiting")
          : state === "done"
            ? t("uploads.done", { size: texts.size(size) })
            : state === "paused"
              ? t("uploads.paused_at", { sent: texts.size(sent), all: texts.size(size) })
              : t("uploads.of", { sent: texts.size(sent), all: texts.size(size) });
  return (
    <ProgressRow
      name={name}
      note={note}
      value={size === 0 ? 0 : sent / size}
      state={state}
      labels={{
        pause: t("uploads.pause", { name }),
        resume: t("uploads.resume", { name }),
        cancel: t("uploads.cancel", { name }),
        retry: t("uploads.retry", { name }),
      }}
      onPause={() => uploads.pause(id)}
      onResume={() => uploads.resume(id)}
      onCancel={() => uploads.cancel(id)}
    />
  );
}
