import { Button, QrCode, TextField } from "@hearth/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Printer } from "lucide-react";
import { useMemo, useRef, useState, type FormEvent } from "react";
import { chooseTwo } from "../model/recovery.ts";
import { Page, Skeleton, Trouble, useInside, useRecoveryState, useText } from "../shared.tsx";

/**
 * Words, their QR code, then two of them typed again. The words live in this component alone: no cache, no storage;
 * they go when it goes.
 */
export function RecoveryKit({ onDone, onLater }: { onDone: () => void; onLater?: () => void }) {
  const t = useText();
  const { api, title } = useInside();
  const client = useQueryClient();
  const [phase, setPhase] = useState<"closed" | "words" | "check">("closed");
  const reveal = useMutation({
    mutationFn: () => api.revealRecovery(),
    gcTime: 0,
    onSuccess: () => setPhase("words"),
  });
  const words = reveal.data ?? [];

  if (phase === "closed" || words.length === 0) {
    return (
      <div className="h-stack">
        <p className="h-soft">{t("recovery.explain")}</p>
        <Trouble error={reveal.error} />
        <div className="s-actions">
          {onLater && (
            <Button look="quiet" onPress={onLater}>
              {t("recovery.later")}
            </Button>
          )}
          <Button look="primary" autoFocus isPending={reveal.isPending} onPress={() => reveal.mutate()}>
            {t("recovery.show")}
          </Button>
        </div>
      </div>
    );
  }
  if (phase === "words") {
    return (
      <div className="h-stack">
        <div className="s-kit">
          <p className="s-kit-title">{t("recovery.kit_of", { box: title })}</p>
          <ol className="s-words" dir="ltr" lang="en">
            {words.map((word, index) => (
              <li key={index}>
                <span className="s-word-number" aria-hidden>
                  {index + 1}
                </span>
                {word}
              </li>
            ))}
          </ol>
          <QrCode text={words.join(" ")} label={t("recovery.qr")} />
        </div>
        <div className="s-actions">
          <Button look="quiet" icon={Printer} onPress={() => print()}>
            {t("recovery.print")}
          </Button>
          <Button look="primary" autoFocus onPress={() => setPhase("check")}>
            {t("recovery.written")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <CheckWords
      words={words}
      onBack={() => setPhase("words")}
      onDone={() => {
        reveal.reset();
        client.setQueryData(["recovery"], "saved");
        onDone();
      }}
    />
  );
}

function CheckWords({
  words,
  onBack,
  onDone,
}: {
  words: readonly string[];
  onBack: () => void;
  onDone: () => void;
}) {
  const t = useText();
  const { api } = useInside();
  const asked = useMemo(
    () => chooseTwo(words.length, (size) => crypto.getRandomValues(new Uint32Array(size))),
    [words],
  );
  const [typed, setTyped] = useState<readonly string[]>(["", ""]);
  const [wrong, setWrong] = useState<readonly boolean[]>([false, false]);
  const fields = useRef<(HTMLInputElement | null)[]>([]);
  const confirm = useMutation({ mutationFn: api.confirmRecovery.bind(api), onSuccess: onDone });

  function submit(event: FormEvent) {
    event.preventDefault();
    const answers = asked.map((index, at) => ({ index, word: (typed[at] ?? "").trim().toLowerCase() }));
    const missed = answers.map(({ index, word }) => words[index] !== word);
    setWrong(missed);
    const first = missed.indexOf(true);
    if (first >= 0) fields.current[first]?.focus();
    else confirm.mutate(answers);
  }

  return (
    <form className="h-stack" onSubmit={submit}>
      <p className="h-soft">{t("recovery.check")}</p>
      {asked.map((index, at) => (
        <TextField
          key={index}
          label={t("recovery.word", { number: index + 1 })}
          autoFocus={at === 0}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck="false"
          value={typed[at] ?? ""}
          error={wrong[at] ? t("recovery.word_wrong") : undefined}
          inputRef={(element) => {
            fields.current[at] = element;
          }}
          onChange={(value) => {
            setTyped(typed.map((old, each) => (each === at ? value : old)));
            setWrong(wrong.map((old, each) => (each === at ? false : old)));
          }}
        />
      ))}
      <Trouble error={confirm.error} />
      <div className="s-actions">
        <Button look="quiet" onPress={onBack}>
          {t("recovery.again")}
        </Button>
        <Button look="primary" type="submit" isPending={confirm.isPending}>
          {t("recovery.confirm")}
        </Button>
      </div>
    </form>
  );
}

export function RecoveryPage() {
  const t = useText();
  const state = useRecoveryState();
  const [justSaved, setJustSaved] = useState(false);
  const saved = justSaved || state.data === "saved";
  return (
    <Page title={t("recovery.title")} lead={saved ? undefined : t("recovery.lead")}>
      {state.isPending && <Skeleton />}
      <Trouble error={state.error} />
      {saved && (
        <div className="h-stack s-prose">
          <p>{t("recovery.saved")}</p>
          <p className="h-soft">{t("recovery.saved_lost")}</p>
        </div>
      )}
      {state.data === "on_box" && !justSaved && (
        <div className="s-narrow">
          <RecoveryKit onDone={() => setJustSaved(true)} />
        </div>
      )}
    </Page>
  );
}
