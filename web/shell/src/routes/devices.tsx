import { Badge, Button, ButtonLink, Menu, IconButton, Row, Rows, useTexts } from "@hearth/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Device } from "@hearth/sdk";
import { Ellipsis, Plus } from "lucide-react";
import { useState } from "react";
import { DeviceMap, deviceIcon } from "../device_map.tsx";
import { ConfirmDialog, NameDialog } from "../dialogs.tsx";
import { inOrder, isOnline } from "../model/devices.ts";
import {
  Page,
  Skeleton,
  Trouble,
  useDevices,
  useInside,
  useNow,
  useStatus,
  useText,
  useWorld,
} from "../shared.tsx";

export function Devices() {
  const t = useText();
  const { title } = useInside();
  const { state } = useStatus();
  const devices = useDevices();
  const [renaming, setRenaming] = useState<Device | null>(null);
  const [removing, setRemoving] = useState<Device | null>(null);
  return (
    <Page
      title={t("devices.title")}
      lead={t("devices.lead", { box: title })}
      action={
        <ButtonLink href="/pair" look="primary" icon={Plus}>
          {t("devices.pair")}
        </ButtonLink>
      }
    >
      <Trouble
        error={devices.error}
        action={<Button onPress={() => void devices.refetch()}>{t("app.retry")}</Button>}
      />
      {devices.isPending && <Skeleton rows={4} />}
      {devices.data && (
        <>
          <div className="s-map-wide">
            <DeviceMap box={title} devices={devices.data} reach={state} />
          </div>
          <Rows label={t("devices.title")}>
            {inOrder(devices.data).map((device) => (
              <DeviceRow key={device.id} device={device} onRename={setRenaming} onRemove={setRemoving} />
            ))}
          </Rows>
        </>
      )}
      {renaming && <RenameDevice device={renaming} onClose={() => setRenaming(null)} />}
      {removing && <Remove device={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

function DeviceRow({
  device,
  onRename,
  onRemove,
}: {
  device: Device;
  onRename: (device: Device) => void;
  onRemove: (device: Device) => void;
}) {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const Icon = deviceIcon(device);
  const seen = isOnline(device, now)
    ? t("devices.here_now")
    : t("devices.last_seen", { when: texts.ago(device.lastSeen * 1000, now) });
  const how = t(`devices.how_${device.how}`, { date: texts.date(device.added * 1000) });
  return (
    <Row
      picture={
        <span className="s-device-icon">
          <Icon className="h-icon" aria-hidden />
        </span>
      }
      title={device.name}
      mark={
        device.current ? (
          <Badge tone="ember">{t("devices.this")}</Badge>
        ) : !device.remembered ? (
          <Badge>{t("devices.not_remembered")}</Badge>
        ) : undefined
      }
      note={`${seen} · ${how}`}
      actions={
        <Menu
          label={t("devices.actions", { name: device.name })}
          trigger={<IconButton icon={Ellipsis} label={t("devices.actions", { name: device.name })} />}
          groups={[
            [{ id: "rename", text: t("devices.rename") }],
            [
              {
                id: "remove",
                text: device.current ? t("devices.forget_this") : t("devices.remove"),
                danger: true,
              },
            ],
          ]}
          onChoose={(id) => (id === "rename" ? onRename(device) : onRemove(device))}
        />
      }
    />
  );
}

export function RenameDevice({ device, onClose }: { device: Device; onClose: () => void }) {
  const t = useText();
  const { api } = useInside();
  const client = useQueryClient();
  return (
    <NameDialog
      title={t("devices.rename")}
      label={t("devices.name")}
      value={device.name}
      save={async (name) => {
        await api.renameDevice(device.id, name);
        await client.invalidateQueries({ queryKey: ["devices"] });
      }}
      onClose={onClose}
    />
  );
}

function Remove({ device, onClose }: { device: Device; onClose: () => void }) {
  const t = useText();
  const { session, toasts } = useWorld();
  const { api } = useInside();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      if (device.current) await session.forgetDevice();
      else await api.removeDevice(device.id);
    },
    onSuccess: async () => {
      toasts.show({ text: t("devices.removed", { name: device.name }) });
      onClose();
      await client.invalidateQueries({ queryKey: ["devices"] });
    },
  });
  return (
    <ConfirmDialog
      title={device.current ? t("devices.forget_this") : t("devices.remove_title", { name: device.name })}
      action={device.current ? t("devices.forget") : t("devices.remove")}
      doing={remove}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {device.current ? t("devices.forget_explain") : t("devices.remove_explain")}
    </ConfirmDialog>
  );
}
