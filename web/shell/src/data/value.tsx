/** One value, as people read it. */
import { Button, useTexts } from "@hearth/ui";
import type { GraphValue } from "@hearth/sdk";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { folded, hex, pictureInText, pictureType, timeIn } from "../model/graph_values.ts";
import { useText } from "../shared.tsx";
import { isolated, useTitle, useWords } from "./hooks.tsx";

export interface Place {
  space: string;
  /** The souls from here on back, for links that lead on. */
  trail: readonly string[];
}

/** `name` is that of the property it stands in. */
export function ValueView({ name, value, place }: { name: string; value: GraphValue; place: Place }) {
  const t = useText();
  const words = useWords();
  if (value === null) return <span className="h-soft">{words.nothing}</span>;
  if (typeof value === "boolean") return <span>{value ? words.yes : words.no}</span>;
  if (typeof value === "number") return <NumberView name={name} value={value} />;
  if (typeof value === "string")
    return value === "" ? (
      <span className="h-soft">{t("data.empty_text")}</span>
    ) : (
      <TextView name={name} text={value} />
    );
  if ("link" in value) return <SoulLink soul={value.link} place={place} />;
  return <BytesView name={name} bytes={value.bytes} />;
}

function NumberView({ name, value }: { name: string; value: number }) {
  const texts = useTexts();
  const words = useWords();
  const time = timeIn(name, value);
  return (
    <span className="h-numbers">
      {words.number(value)}
      {time !== undefined && (
        <span className="h-hint">{texts.date(time, { dateStyle: "medium", timeStyle: "short" })}</span>
      )}
    </span>
  );
}

function TextView({ name, text }: { name: string; text: string }) {
  const t = useText();
  const picture = useMemo(() => pictureInText(text), [text]);
  const start = useMemo(() => folded(text), [text]);
  const [open, setOpen] = useState(false);
  if (picture) return <BytesView name={name} bytes={picture} />;
  return (
    <div className="d-text">
      <p dir="auto">{start === undefined || open ? text : `${start} …`}</p>
      {start !== undefined && (
        <Button size="small" look="quiet" aria-expanded={open} onPress={() => setOpen(!open)}>
          {t(open ? "data.show_less" : "data.show_all")}
        </Button>
      )}
    </div>
  );
}

/** Leads on to another entry, by what that calls itself. */
export function SoulLink({ soul, place: { space, trail } }: { soul: string; place: Place }) {
  const t = useText();
  const { title, missing } = useTitle(space, soul);
  return (
    <Link
      to="/data/$space"
      params={{ space }}
      search={{ soul }}
      state={{ trail }}
      className="d-link"
      title={title === soul ? undefined : soul}
    >
      <bdi>{title}</bdi>
      <ArrowRight className="h-icon h-mirror" aria-hidden />
      {missing && <span className="h-hidden">{t("data.gone")}</span>}
    </Link>
  );
}

function useBlobUrl(bytes: Uint8Array<ArrayBuffer>, type: string | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (type === undefined) return;
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  return url;
}

function BytesView({ name, bytes }: { name: string; bytes: Uint8Array<ArrayBuffer> }) {
  const t = useText();
  const texts = useTexts();
  const type = pictureType(bytes);
  const url = useBlobUrl(bytes, type);
  function save() {
    const made = URL.createObjectURL(new Blob([bytes], { type: type ?? "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = made;
    link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, "-") || "data"}.${type?.split("/")[1] ?? "bin"}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(made), 10_000);
  }
  return (
    <div className="d-bytes">
      {url && <img src={url} alt={t("data.picture", { property: isolated(name) })} decoding="async" />}
      <span className="d-bytes-facts">
        <span className="h-hint h-numbers">{texts.size(bytes.length)}</span>
        {type === undefined && (
          <code className="d-hex" dir="ltr">
            {hex(bytes, 16)}
          </code>
        )}
        <Button size="small" look="quiet" onPress={save}>
          {t("data.save_bytes")}
        </Button>
      </span>
    </div>
  );
}
