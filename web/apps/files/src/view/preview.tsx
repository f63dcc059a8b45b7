/** One file, as large as the window allows. Arrows go to the next; Escape goes back. */
import { Button, IconButton, Notice, useTexts } from "@hearth/ui";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ArrowRight, Download, X } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useSave, useSayError, useText } from "../context.tsx";
import { contentUrl, FilesError, type Entry } from "../model/api.ts";
import { lookOf } from "../model/kinds.ts";
import { EntryPicture } from "./entry_picture.tsx";

const Pdf = lazy(() => import("./pdf.tsx"));

export interface PreviewProps {
  entry: Entry;
  onClose: () => void;
  onStep: (by: 1 | -1) => void;
  canStep: { back: boolean; on: boolean };
}

export function Preview({ entry, onClose, onStep, canStep }: PreviewProps) {
  const t = useText();
  const texts = useTexts();
  const save = useSave();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const inside =
        event.target instanceof HTMLElement && event.target.closest("video, audio, input, [data-scrolls]");
      if (inside || event.altKey || event.ctrlKey || event.metaKey) return;
      const forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
      const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
      if (event.key === forward && canStep.on) onStep(1);
      else if (event.key === backward && canStep.back) onStep(-1);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onStep, canStep.on, canStep.back]);
  return (
    <ModalOverlay className="f-preview-veil" isOpen onOpenChange={(open) => !open && onClose()}>
      <Modal className="f-preview">
        <AriaDialog className="f-preview-dialog">
          <header className="f-preview-head">
            <IconButton icon={X} label={t("ui.close")} onPress={onClose} />
            <div className="f-preview-title">
              <Heading slot="title" className="h-truncate">
                <bdi>{entry.name}</bdi>
              </Heading>
              <span className="h-hint h-numbers">
                {[
                  ...(entry.size === undefined ? [] : [texts.size(entry.size)]),
                  texts.date(entry.modified, { dateStyle: "medium", timeStyle: "short" }),
                ].join(" · ")}
              </span>
            </div>
            <IconButton
              icon={ArrowLeft}
              mirror
              label={t("preview.back")}
              isDisabled={!canStep.back}
              onPress={() => onStep(-1)}
            />
            <IconButton
              icon={ArrowRight}
              mirror
              label={t("preview.on")}
              isDisabled={!canStep.on}
              onPress={() => onStep(1)}
            />
            <IconButton icon={Download} label={t("act.download")} onPress={() => save(entry)} />
          </header>
          <div className="f-preview-body" key={entry.path}>
            <Content entry={entry} />
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function Content({ entry }: { entry: Entry }) {
  const t = useText();
  const [failed, setFailed] = useState(false);
  const look = lookOf(entry);
  const url = contentUrl(entry);
  if (failed) return <NoPreview entry={entry} />;
  switch (look) {
    case "image":
      return <img className="f-preview-image" src={url} alt={entry.name} onError={() => setFailed(true)} />;
    case "video":
      return (
        <video
          className="f-preview-video"
          src={url}
          controls
          autoPlay
          playsInline
          onError={() => setFailed(true)}
        >
          {t("preview.none")}
        </video>
      );
    case "audio":
      return (
        <audio className="f-preview-audio" src={url} controls autoPlay onError={() => setFailed(true)} />
      );
    case "pdf":
      return (
        <Suspense fallback={<span className="h-spinner" role="status" aria-label={t("app.loading")} />}>
          <Pdf url={url} onFail={() => setFailed(true)} />
        </Suspense>
      );
    case "text":
      return <TextPreview entry={entry} />;
    default:
      return <NoPreview entry={entry} />;
  }
}

const mostText = 512 * 1024;

function TextPreview({ entry }: { entry: Entry }) {
  const t = useText();
  const sayError = useSayError();
  const cut = (entry.size ?? 0) > mostText;
  const text = useQuery({
    queryKey: ["text", entry.path, entry.etag],
    queryFn: async ({ signal }) => {
      const response = await fetch(contentUrl(entry), {
        signal,
        ...(cut ? { headers: { Range: `bytes=0-${mostText - 1}` } } : {}),
      }).catch((error: unknown) => {
        throw new FilesError("offline", String(error));
      });
      if (!response.ok)
        throw new FilesError(response.status === 404 ? "not_found" : "internal", `HTTP ${response.status}`);
      return response.text();
    },
  });
  if (text.error)
    return (
      <Notice
        title={sayError(text.error)}
        action={<Button onPress={() => void text.refetch()}>{t("app.retry")}</Button>}
      />
    );
  return (
    <div className="f-preview-text" data-scrolls tabIndex={0} role="document" aria-label={entry.name}>
      <pre dir="auto">{text.data}</pre>
      {cut && text.data && <p className="h-soft">{t("preview.cut")}</p>}
    </div>
  );
}

function NoPreview({ entry }: { entry: Entry }) {
  const t = useText();
  const save = useSave();
  return (
    <div className="h-empty">
      <EntryPicture entry={{ ...entry, type: "" }} large />
      <p>{t("preview.none")}</p>
      <Button look="primary" onPress={() => save(entry)}>
        {t("act.download")}
      </Button>
    </div>
  );
}
