import { Button, ButtonLink, TextField } from "@hearth/ui";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { classify } from "../model/link.ts";
import { explain } from "../model/errors.ts";
import { Threshold, Trouble, useDeviceName, useSession, useSnapshot, useText } from "../shared.tsx";

/** A pairing link was opened here: say what it does, ask for this device's name, join. */
export function Join() {
  const t = useText();
  const session = useSession();
  const navigate = useNavigate();
  const { link, known } = useSnapshot();
  const [deviceName, setDeviceName] = useState(useDeviceName());
  const [pasted, setPasted] = useState("");
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const linkText = link?.kind === "pair" ? link.text : null;
  const root = linkText?.split(".")[2];
  const box = known.find((each) => each.root === root)?.title;
  const spent = ["expired", "used"].includes(explain(error).code);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const text = linkText ?? classify(pasted);
    if (text === null || (typeof text !== "string" && text.kind !== "pair")) {
      setError(Object.assign(new Error("not a pairing link"), { name: "HearthError", code: "bad_link" }));
      return;
    }
    setPending(true);
    setError(null);
    try {
      await session.join(typeof text === "string" ? text : text.text, deviceName.trim());
      await navigate({ to: "/" });
    } catch (failure) {
      setError(failure);
      setPending(false);
    }
  }

  return (
    <Threshold
      title={box ? t("join.title_at", { box }) : t("join.title")}
      lead={linkText ? t("join.lead") : t("join.lead_paste")}
    >
      <form className="h-stack" onSubmit={(event) => void submit(event)}>
        {!linkText && (
          <TextField
            label={t("join.link")}
            autoFocus
            autoComplete="off"
            value={pasted}
            onChange={setPasted}
          />
        )}
        <TextField
          label={t("join.device")}
          description={t("join.device_hint")}
          autoFocus={linkText !== null}
          maxLength={64}
          value={deviceName}
          onChange={setDeviceName}
        />
        <Trouble error={error} />
        {!spent && (
          <Button look="primary" type="submit" wide isPending={pending}>
            {t("join.submit")}
          </Button>
        )}
        {pending && (
          <p className="h-hint" role="status">
            {t("login.pending")}
          </p>
        )}
        <ButtonLink look="quiet" href="/login" wide>
          {t("join.password_instead")}
        </ButtonLink>
      </form>
    </Threshold>
  );
}
