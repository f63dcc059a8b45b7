import { Avatar, Button, Checkbox, PasswordField, TextField } from "@hearth/ui";
import type { KnownAppliance, LocalAppliance } from "@hearth/sdk";
import { useState, type FormEvent } from "react";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { classify } from "../model/link.ts";
import { titleOf } from "../model/names.ts";
import { Threshold, Trouble, useDeviceName, useSession, useSnapshot, useText } from "../shared.tsx";

/** The box that an address names, as `hearth open` writes it: /login?box=casa. */
const askedFor = () => (new URLSearchParams(window.location.search).get("box") ?? "").trim().slice(0, 200);

export function Login() {
  const t = useText();
  const session = useSession();
  const navigate = useNavigate();
  const deviceName = useDeviceName();
  const { known: all, local, flock, inside } = useSnapshot();
  const { searchStr } = useLocation();
  // One more box, beside those that this browser is in already: they are in the menu.
  const another = inside !== null && new URLSearchParams(searchStr).has("another");
  const known = another ? all.filter((each) => !each.persona) : all;
  const [asked] = useState(askedFor);
  const [chosen, setChosen] = useState<KnownAppliance | LocalAppliance | null>(
    asked !== ""
      ? (known.find((each) => each.name === asked) ?? null)
      : another
        ? null
        : (local ?? known[0] ?? null),
  );
  const [box, setBox] = useState(asked);
  const [name, setName] = useState(chosen && "personaName" in chosen ? (chosen.personaName ?? "") : "");
  const [password, setPassword] = useState("");
  const [remember, setRemember] = useState(another);
  const [pending, setPending] = useState(false);
  const [checked, setChecked] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const link = classify(box);
    if (!chosen && (link?.kind === "setup" || link?.kind === "pair")) {
      session.useLink(link);
      await navigate({ to: link.kind === "pair" ? "/join" : "/welcome" });
      return;
    }
    setChecked(true);
    if ((!chosen && box.trim() === "") || name.trim() === "" || password === "") return;
    setPending(true);
    setError(null);
    try {
      await session.login({
        box: chosen ?? box.trim(),
        name: name.trim().toLowerCase(),
        password,
        deviceName,
        remember,
      });
      if (another) await navigate({ to: "/", replace: true });
    } catch (failure) {
      setError(failure);
      setPending(false);
    }
  }

  const title = chosen ? titleOf(chosen) : "";
  return (
    <Threshold
      title={chosen ? t("login.title_at", { box: title }) : t(another ? "bar.add_box" : "login.title")}
      lead={chosen ? undefined : t("login.lead")}
      lit={chosen !== null}
    >
      <form className="h-stack" onSubmit={(event) => void submit(event)}>
        {!chosen && known.length > 0 && (
          <ul className="s-known" aria-label={t("login.known")}>
            {known.slice(0, 4).map((each) => (
              <li key={each.root}>
                <Button
                  look="plain"
                  wide
                  onPress={() => {
                    setChosen(each);
                    setName(each.personaName ?? "");
                  }}
                >
                  <span className="s-known-box">
                    <Avatar name={titleOf(each)} id={each.root} size="small" />
                    <bdi>{titleOf(each)}</bdi>
                  </span>
                </Button>
              </li>
            ))}
          </ul>
        )}
        {!chosen && (
          <TextField
            label={t("login.box")}
            description={flock ? t("login.box_hint_flock") : t("login.box_hint")}
            autoFocus={asked === ""}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck="false"
            value={box}
            error={checked && box.trim() === "" ? t("login.box_missing") : undefined}
            onChange={setBox}
          />
        )}
        <TextField
          label={t("login.name")}
          autoFocus={(chosen !== null || asked !== "") && name === ""}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck="false"
          maxLength={64}
          value={name}
          error={checked && name.trim() === "" ? t("login.name_missing") : undefined}
          onChange={setName}
        />
        <PasswordField
          label={t("password.label")}
          autoFocus={chosen !== null && name !== ""}
          autoComplete="current-password"
          value={password}
          error={checked && password === "" ? t("login.password_missing") : undefined}
          onChange={setPassword}
        />
        <Checkbox
          isSelected={remember}
          onChange={setRemember}
          description={remember ? t("login.remember_on") : t("login.remember_off")}
        >
          {t("login.remember")}
        </Checkbox>
        <Trouble error={error} />
        <Button look="primary" type="submit" wide isPending={pending}>
          {t("login.submit")}
        </Button>
        {pending && (
          <p className="h-hint" role="status">
            {t("login.pending")}
          </p>
        )}
        {chosen && (
          <Button look="quiet" wide isDisabled={pending} onPress={() => setChosen(null)}>
            {t("login.other_box")}
          </Button>
        )}
        {another && (
          <Button look="quiet" wide isDisabled={pending} onPress={() => void navigate({ to: "/" })}>
            {t("login.back", { box: inside.title })}
          </Button>
        )}
      </form>
    </Threshold>
  );
}
