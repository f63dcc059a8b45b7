import {
  Avatar,
  Badge,
  Button,
  IconButton,
  Menu,
  PasswordField,
  Row,
  Rows,
  TextField,
  useTexts,
} from "@hearth/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Persona } from "@hearth/sdk";
import { Ellipsis, Plus } from "lucide-react";
import { useState } from "react";
import { ConfirmDialog, FormDialog } from "../dialogs.tsx";
import { isLoginName, loginNameFrom, passwordTrouble } from "../model/names.ts";
import {
  Page,
  Skeleton,
  Trouble,
  useInside,
  usePersonas,
  useSession,
  useText,
  useWorld,
} from "../shared.tsx";

export function People() {
  const t = useText();
  const texts = useTexts();
  const { persona, title } = useInside();
  const personas = usePersonas();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Persona | null>(null);
  const owner = persona.role === "owner";
  return (
    <Page
      title={t("people.title")}
      lead={t("people.lead", { box: title })}
      action={
        owner && (
          <Button look="primary" icon={Plus} onPress={() => setAdding(true)}>
            {t("people.add")}
          </Button>
        )
      }
    >
      <Trouble
        error={personas.error}
        action={<Button onPress={() => void personas.refetch()}>{t("app.retry")}</Button>}
      />
      {personas.isPending && <Skeleton />}
      {personas.data && (
        <Rows label={t("people.title")}>
          {personas.data.map((each) => (
            <Row
              key={each.id}
              picture={<Avatar name={each.displayName} id={each.id} />}
              title={each.displayName}
              mark={each.id === persona.id ? <Badge tone="ember">{t("people.you")}</Badge> : undefined}
              note={`${t("people.logs_in", { name: each.name })} · ${t(`people.role_${each.role}`)} · ${t(
                "people.since",
                {
                  date: texts.date(each.created * 1000),
                },
              )}`}
              actions={
                owner && each.id !== persona.id ? (
                  <Menu
                    label={t("people.actions", { name: each.displayName })}
                    trigger={
                      <IconButton icon={Ellipsis} label={t("people.actions", { name: each.displayName })} />
                    }
                    groups={[[{ id: "remove", text: t("people.remove"), danger: true }]]}
                    onChoose={() => setRemoving(each)}
                  />
                ) : undefined
              }
            />
          ))}
        </Rows>
      )}
      {personas.data?.length === 1 && <p className="s-after-rows h-soft">{owner ? t("people.alone") : ""}</p>}
      {adding && <AddPerson onClose={() => setAdding(false)} />}
      {removing && <RemovePerson person={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

function AddPerson({ onClose }: { onClose: () => void }) {
  const t = useText();
  const { toasts } = useWorld();
  const session = useSession();
  const { connection } = useInside();
  const client = useQueryClient();
  const [displayName, setDisplayName] = useState("");
  const [typedName, setTypedName] = useState("");
  const [password, setPassword] = useState("");
  const [checked, setChecked] = useState(false);
  const name = typedName || loginNameFrom(displayName);
  const weak = passwordTrouble(password, name);
  const problems = {
    displayName: displayName.trim() === "" ? t("people.name_missing") : undefined,
    name: isLoginName(name) ? undefined : t("owner.login_wrong"),
    password: weak ? t(weak === "short" ? "password.short" : "password.same") : undefined,
  };
  const add = useMutation({
    mutationFn: () =>
      session.platform.addPersona(connection, { name, displayName: displayName.trim(), password }),
    onSuccess: async (persona) => {
      toasts.show({ text: t("people.added", { name: persona.displayName }) });
      await client.invalidateQueries({ queryKey: ["personas"] });
      onClose();
    },
  });
  function submit() {
    setChecked(true);
    if (!Object.values(problems).some(Boolean)) add.mutate();
  }
  return (
    <FormDialog
      title={t("people.add")}
      submit={t("people.add")}
      doing={add}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label={t("people.name")}
        autoFocus
        maxLength={64}
        autoComplete="off"
        value={displayName}
        error={checked ? problems.displayName : undefined}
        onChange={setDisplayName}
      />
      <TextField
        label={t("people.login")}
        maxLength={32}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck="false"
        value={name}
        error={checked && !problems.displayName ? problems.name : undefined}
        onChange={(next) => setTypedName(next.toLowerCase())}
      />
      <PasswordField
        label={t("people.password")}
        description={t("people.password_hint")}
        autoComplete="new-password"
        value={password}
        error={checked ? problems.password : undefined}
        onChange={setPassword}
      />
    </FormDialog>
  );
}

function RemovePerson({ person, onClose }: { person: Persona; onClose: () => void }) {
  const t = useText();
  const { toasts } = useWorld();
  const { api } = useInside();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.removePersona(person.id),
    onSuccess: async () => {
      toasts.show({ text: t("people.removed", { name: person.displayName }) });
      await client.invalidateQueries({ queryKey: ["personas"] });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={t("people.remove_title", { name: person.displayName })}
      action={t("people.remove")}
      doing={remove}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {t("people.remove_explain")}
    </ConfirmDialog>
  );
}
