import { Button, ButtonLink, PasswordField, TextField } from "@hearth/ui";
import { useReducer, useState, type FormEvent } from "react";
import { explain } from "../model/errors.ts";
import { isLoginName, loginNameFrom, passwordTrouble, readSetupCode } from "../model/names.ts";
import { Threshold, Trouble, useDeviceName, useSession, useSnapshot, useText } from "../shared.tsx";
import { RecoveryKit } from "./recovery.tsx";

type Step = "welcome" | "box" | "owner" | "recovery" | "done";
const order: readonly Step[] = ["welcome", "box", "owner", "recovery", "done"];

interface Form {
  code: string;
  boxName: string;
  displayName: string;
  /** Empty: made of the display name. */
  name: string;
  password: string;
}

export function FirstRun() {
  const { inside } = useSnapshot();
  const [step, setStep] = useState<Step>(inside ? "recovery" : "welcome");
  const [form, change] = useReducer((old: Form, next: Partial<Form>): Form => ({ ...old, ...next }), {
    code: "",
    boxName: "",
    displayName: "",
    name: "",
    password: "",
  });
  const shared = { form, change, go: setStep };
  switch (step) {
    case "welcome":
      return <Welcome {...shared} />;
    case "box":
      return <NameBox {...shared} />;
    case "owner":
      return <MakeOwner {...shared} />;
    case "recovery":
      return <SaveKit go={setStep} />;
    case "done":
      return <Done />;
  }
}

interface StepProps {
  form: Form;
  change: (next: Partial<Form>) => void;
  go: (step: Step) => void;
}

function stepOf(step: Step) {
  return { now: order.indexOf(step) + 1, of: order.length };
}

function Welcome({ form, change, go }: StepProps) {
  const t = useText();
  const { link } = useSnapshot();
  const needsCode = link?.kind !== "setup";
  const [error, setError] = useState<string>();
  function submit(event: FormEvent) {
    event.preventDefault();
    if (needsCode && readSetupCode(form.code) === null) {
      setError(t("first.code_wrong"));
      return;
    }
    go("box");
  }
  return (
    <Threshold title={t("first.welcome")} lead={t("first.welcome_lead")} step={stepOf("welcome")}>
      <form className="h-stack" onSubmit={submit}>
        {needsCode && (
          <TextField
            label={t("first.code")}
            description={t("first.code_hint")}
            placeholder="7K3M-9QWT"
            mono
            autoFocus
            autoComplete="off"
            spellCheck="false"
            value={form.code}
            error={error}
            onChange={(code) => {
              change({ code });
              setError(undefined);
            }}
          />
        )}
        <Button look="primary" type="submit" wide autoFocus={!needsCode}>
          {t("first.begin")}
        </Button>
      </form>
    </Threshold>
  );
}

function NameBox({ form, change, go }: StepProps) {
  const t = useText();
  const { local } = useSnapshot();
  const [error, setError] = useState<string>();
  const value = form.boxName;
  return (
    <Threshold title={t("first.name_box")} lead={t("first.name_box_lead")} step={stepOf("box")}>
      <form
        className="h-stack"
        onSubmit={(event) => {
          event.preventDefault();
          const name = value.trim() || local?.name || "";
          if (name === "") {
            setError(t("first.name_box_missing"));
            return;
          }
          change({ boxName: name });
          go("owner");
        }}
      >
        <TextField
          label={t("first.box_name")}
          placeholder={local?.name || t("first.box_example")}
          autoFocus
          maxLength={64}
          autoComplete="off"
          value={value}
          error={error}
          onChange={(boxName) => {
            change({ boxName });
            setError(undefined);
          }}
        />
        <Actions onBack={() => go("welcome")} next={t("app.continue")} />
      </form>
    </Threshold>
  );
}

function MakeOwner({ form, change, go }: StepProps) {
  const t = useText();
  const session = useSession();
  const deviceName = useDeviceName();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [checked, setChecked] = useState(false);
  const name = form.name || loginNameFrom(form.displayName);
  const weak = passwordTrouble(form.password, name);
  const problems = {
    displayName: form.displayName.trim() === "" ? t("owner.name_missing") : undefined,
    name: isLoginName(name) ? undefined : t("owner.login_wrong"),
    password: weak && t(weak === "short" ? "password.short" : "password.same"),
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (problems.displayName ?? problems.name ?? problems.password) return;
    setPending(true);
    setError(null);
    try {
      await session.setup({
        code: form.code === "" ? null : readSetupCode(form.code),
        displayName: form.displayName.trim(),
        name,
        password: form.password,
        boxName: form.boxName,
        deviceName,
      });
      go("recovery");
    } catch (failure) {
      setError(failure);
      if (explain(failure).code === "wrong_code") change({ code: "" });
    } finally {
      setPending(false);
    }
  }

  return (
    <Threshold title={t("owner.title")} lead={t("owner.lead")} step={stepOf("owner")}>
      <form className="h-stack" onSubmit={(event) => void submit(event)}>
        <TextField
          label={t("owner.name")}
          autoFocus
          autoComplete="name"
          maxLength={64}
          value={form.displayName}
          error={checked ? problems.displayName : undefined}
          onChange={(displayName) => change({ displayName })}
        />
        <TextField
          label={t("owner.login")}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck="false"
          maxLength={32}
          value={name}
          error={checked && !problems.displayName ? problems.name : undefined}
          onChange={(next) => change({ name: next.toLowerCase() })}
        />
        <PasswordField
          label={t("password.label")}
          description={t("password.hint")}
          autoComplete="new-password"
          value={form.password}
          error={checked ? (problems.password ?? undefined) : undefined}
          onChange={(password) => change({ password })}
        />
        <Trouble error={error} />
        <Actions onBack={() => go("box")} next={t("owner.make")} pending={pending} />
        {pending && (
          <p className="h-hint" role="status">
            {t("owner.pending")}
          </p>
        )}
      </form>
    </Threshold>
  );
}

function SaveKit({ go }: { go: (step: Step) => void }) {
  const t = useText();
  return (
    <Threshold title={t("recovery.title")} lead={t("recovery.lead")} step={stepOf("recovery")} wide>
      <RecoveryKit onDone={() => go("done")} onLater={() => go("done")} />
    </Threshold>
  );
}

function Done() {
  const t = useText();
  const { inside } = useSnapshot();
  return (
    <Threshold
      title={t("first.done", { box: inside?.title ?? "" })}
      lead={t("first.done_lead")}
      step={stepOf("done")}
    >
      <div className="h-stack">
        <ButtonLink look="primary" href="/apps/files" wide autoFocus>
          {t("first.open_files")}
        </ButtonLink>
        <ButtonLink href="/pair" wide>
          {t("first.pair_phone")}
        </ButtonLink>
        <ButtonLink look="quiet" href="/" wide>
          {t("first.go_home")}
        </ButtonLink>
      </div>
    </Threshold>
  );
}

function Actions({ onBack, next, pending = false }: { onBack: () => void; next: string; pending?: boolean }) {
  const t = useText();
  return (
    <div className="s-actions">
      <Button look="quiet" onPress={onBack} isDisabled={pending}>
        {t("app.back")}
      </Button>
      <Button look="primary" type="submit" isPending={pending}>
        {next}
      </Button>
    </div>
  );
}
