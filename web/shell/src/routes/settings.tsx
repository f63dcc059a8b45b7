import {
  Badge,
  Button,
  Choice,
  PasswordField,
  Row,
  Rows,
  TextField,
  localeNames,
  locales,
  type Theme,
} from "@hearth/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog, FormDialog, NameDialog } from "../dialogs.tsx";
import { KeptShellSetting } from "../kept_shell.tsx";
import { passwordTrouble } from "../model/names.ts";
import { flockHost } from "../model/flocks.ts";
import { usePreferences } from "../preferences.tsx";
import { Page, Trouble, useDevices, useInside, useText, useWorld } from "../shared.tsx";
import { RenameDevice } from "./devices.tsx";

/** Settings, as sentences. */
export function Settings() {
  const t = useText();
  const { persona } = useInside();
  const owner = persona.role === "owner";
  return (
    <Page title={t("settings.title")}>
      <div className="s-settings">
        <Appearance />
        <BoxName owner={owner} />
        <Password />
        <Flocks owner={owner} />
        <ThisDevice />
        <KeptShellSetting />
      </div>
    </Page>
  );
}

function Appearance() {
  const t = useText();
  const { preferences, change } = usePreferences();
  const themes: Theme[] = ["system", "light", "dark"];
  return (
    <section className="s-setting">
      <h2 className="h-heading">{t("settings.looks")}</h2>
      <p className="s-sentence">
        {t("settings.theme_before")}{" "}
        <Choice
          label={t("settings.theme")}
          value={preferences.theme}
          options={themes.map((id) => ({ id, text: t(`settings.theme_${id}`) }))}
          onChange={(theme) => change({ theme })}
        />{" "}
        {t("settings.language_before")}{" "}
        <Choice
          label={t("settings.language")}
          value={preferences.locale}
          options={locales.map((id) => ({ id, text: localeNames[id], lang: id }))}
          onChange={(locale) => change({ locale })}
        />
        {t("settings.language_after")}
      </p>
    </section>
  );
}

function BoxName({ owner }: { owner: boolean }) {
  const t = useText();
  const { session, toasts } = useWorld();
  const { api, title } = useInside();
  const [open, setOpen] = useState(false);
  return (
    <section className="s-setting">
      <h2 className="h-heading">{t("settings.box")}</h2>
      <div className="s-setting-row">
        <p>{t("settings.box_called", { box: title })}</p>
        {owner && <Button onPress={() => setOpen(true)}>{t("settings.rename_box")}</Button>}
      </div>
      {open && (
        <NameDialog
          title={t("settings.rename_box")}
          label={t("first.box_name")}
          value={title}
          save={async (name) => {
            await api.renameAppliance(name);
            session.setTitle(name);
            toasts.show({ text: t("settings.renamed", { name }) });
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </section>
  );
}

function Password() {
  const t = useText();
  const { persona } = useInside();
  const [open, setOpen] = useState(false);
  return (
    <section className="s-setting">
      <h2 className="h-heading">{t("password.label")}</h2>
      <div className="s-setting-row">
        <p>{t("settings.password_explain", { name: persona.name })}</p>
        <Button onPress={() => setOpen(true)}>{t("settings.password_change")}</Button>
      </div>
      {open && <ChangePassword onClose={() => setOpen(false)} />}
    </section>
  );
}

function ChangePassword({ onClose }: { onClose: () => void }) {
  const t = useText();
  const { session, toasts } = useWorld();
  const { connection, key, persona } = useInside();
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const [checked, setChecked] = useState(false);
  const weak = passwordTrouble(next, persona.name);
  const save = useMutation({
    mutationFn: () => session.platform.changePassword(connection, { key, present, next }),
    onSuccess: () => {
      toasts.show({ text: t("settings.password_changed") });
      onClose();
    },
  });
  function submit() {
    setChecked(true);
    if (!weak && present !== "") save.mutate();
  }
  return (
    <FormDialog title={t("settings.password_change")} doing={save} onSubmit={submit} onClose={onClose}>
      <PasswordField
        label={t("settings.password_present")}
        autoFocus
        autoComplete="current-password"
        value={present}
        error={checked && present === "" ? t("login.password_missing") : undefined}
        onChange={setPresent}
      />
      <PasswordField
        label={t("settings.password_new")}
        description={t("password.hint")}
        autoComplete="new-password"
        value={next}
        error={checked && weak ? t(weak === "short" ? "password.short" : "password.same") : undefined}
        onChange={setNext}
      />
    </FormDialog>
  );
}

function Flocks({ owner }: { owner: boolean }) {
  const t = useText();
  const { api } = useInside();
  const client = useQueryClient();
  const { toasts } = useWorld();
  const flocks = useQuery({ queryKey: ["flocks"], queryFn: ({ signal }) => api.flocks(signal) });
  const [open, setOpen] = useState(false);
  const [address, setAddress] = useState("");
  const done = () => client.invalidateQueries({ queryKey: ["flocks"] });
  const join = useMutation({
    mutationFn: () => api.joinFlock(address.trim()),
    onSuccess: async () => {
      await done();
      setOpen(false);
      setAddress("");
    },
  });
  const leave = useMutation({
    mutationFn: ({ peerId }: { peerId: string; multiaddr: string; name?: string | undefined }) =>
      api.leaveFlock(peerId),
    onSuccess: async (_, left) => {
      await done();
      toasts.show({
        text: t("settings.flock_left", { flock: flockHost(left.multiaddr) }),
        action: { text: t("app.undo"), run: () => void api.joinFlock(left.multiaddr, left.name).then(done) },
      });
    },
  });
  return (
    <section className="s-setting">
      <h2 className="h-heading">{t("settings.flocks")}</h2>
      <p className="h-soft">{t("settings.flocks_explain")}</p>
      <Trouble error={flocks.error} />
      {flocks.data && flocks.data.length > 0 && (
        <Rows label={t("settings.flocks")}>
          {flocks.data.map((flock) => (
            <Row
              key={flock.peerId}
              title={<bdi dir="ltr">{flockHost(flock.multiaddr)}</bdi>}
              mark={
                flock.shell?.offer === "differs" ? (
                  <Badge tone="ember">{t("settings.flock_changed")}</Badge>
                ) : flock.state === "joined" ? (
                  <Badge tone="good">{t("settings.flock_up")}</Badge>
                ) : (
                  <Badge>{t(flock.state === "connecting" ? "ui.connecting" : "settings.flock_down")}</Badge>
                )
              }
              note={
                (flock.shell?.offer === "differs" ? t("settings.flock_changed_note") : flock.error) ??
                (flock.name === undefined ? undefined : t("settings.flock_name", { name: flock.name }))
              }
              actions={
                owner && (
                  <Button look="quiet" size="small" onPress={() => leave.mutate(flock)}>
                    {t("settings.flock_leave")}
                  </Button>
                )
              }
            />
          ))}
        </Rows>
      )}
      {flocks.data?.length === 0 && <p>{t("settings.flocks_none")}</p>}
      {owner && (
        <div>
          <Button onPress={() => setOpen(true)}>{t("settings.flock_add")}</Button>
        </div>
      )}
      {open && (
        <FormDialog
          title={t("settings.flock_add")}
          submit={t("settings.flock_add")}
          doing={join}
          onSubmit={() => address.trim() !== "" && join.mutate()}
          onClose={() => setOpen(false)}
        >
          <TextField
            label={t("settings.flock_address")}
            description={t("settings.flock_address_hint")}
            autoFocus
            autoComplete="off"
            spellCheck="false"
            value={address}
            onChange={setAddress}
          />
        </FormDialog>
      )}
    </section>
  );
}

function ThisDevice() {
  const t = useText();
  const { session, toasts } = useWorld();
  const { title, remembered } = useInside();
  const device = useDevices().data?.find((each) => each.current);
  const [asking, setAsking] = useState<"rename" | "forget">();
  const forget = useMutation({
    mutationFn: () => session.forgetDevice(),
    onSuccess: ({ removedFromBox }) => {
      toasts.show({
        text: t(removedFromBox ? "settings.forgotten" : "settings.forgotten_here", { box: title }),
      });
    },
  });
  return (
    <section className="s-setting">
      <h2 className="h-heading">{t("settings.device")}</h2>
      {device && (
        <div className="s-setting-row">
          <p>{t("settings.device_called", { name: device.name })}</p>
          <Button onPress={() => setAsking("rename")}>{t("devices.rename")}</Button>
        </div>
      )}
      <div className="s-setting-row">
        <p>{t(remembered ? "settings.device_remembered" : "settings.device_guest", { box: title })}</p>
        <Button look="danger" onPress={() => setAsking("forget")}>
          {t("devices.forget_this")}
        </Button>
      </div>
      {asking === "rename" && device && <RenameDevice device={device} onClose={() => setAsking(undefined)} />}
      {asking === "forget" && (
        <ConfirmDialog
          title={t("devices.forget_this")}
          action={t("devices.forget")}
          doing={forget}
          onConfirm={() => forget.mutate()}
          onClose={() => setAsking(undefined)}
        >
          {t("devices.forget_explain")}
        </ConfirmDialog>
      )}
    </section>
  );
}
