import { Button, Notice } from "@hearth/ui";
import { useEffect, useState } from "react";
import { useText, useWorld } from "../context.tsx";
import { forgetInterrupted, interruptedUploads, type Interrupted } from "../model/tus.ts";

/** Uploads that a reload cut off: only the person can give us the files again. */
export function InterruptedNotice({ onChoose }: { onChoose: () => void }) {
  const t = useText();
  const { now, uploads } = useWorld();
  const [left, setLeft] = useState<Interrupted[]>([]);
  useEffect(() => {
    let wanted = true;
    void interruptedUploads(now()).then((all) => {
      // Asked once, at the start: what is under way now isn't interrupted.
      if (wanted && uploads.snapshot().summary.total === 0) setLeft(all);
    });
    return () => {
      wanted = false;
    };
  }, [now, uploads]);
  useEffect(
    () =>
      uploads.subscribe(() => {
        const under = new Set(uploads.snapshot().shown.map((upload) => `${upload.name} ${upload.size}`));
        setLeft((old) => {
          const rest = old.filter((each) => !under.has(`${each.name} ${each.size}`));
          return rest.length === old.length ? old : rest;
        });
      }),
    [uploads],
  );
  if (left.length === 0) return null;
  return (
    <div className="f-interrupted">
      <Notice
        tone="plain"
        title={t("interrupted.title", { count: left.length, name: left[0]!.name })}
        action={
          <>
            <Button size="small" onPress={onChoose}>
              {t("interrupted.choose")}
            </Button>
            <Button
              size="small"
              look="quiet"
              onPress={() => {
                void forgetInterrupted(left.map((each) => each.key));
                setLeft([]);
              }}
            >
              {t("interrupted.forget")}
            </Button>
          </>
        }
      >
        {t("interrupted.note")}
      </Notice>
    </div>
  );
}
