import { Button, ButtonLink, CopyButton, Notice, QrCode } from "@hearth/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Device, NewPairing } from "@hearth/sdk";
import { CircleCheck } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { countdown, newcomers } from "../model/devices.ts";
import { shellOriginFor } from "../model/link.ts";
import { Page, Skeleton, Trouble, useDevices, useInside, useNow, useSession, useText } from "../shared.tsx";

/** A QR code and a link that let one device in, once, within ten minutes. */
export function PairDevice() {
  const t = useText();
  const { api, title } = useInside();
  const { platform } = useSession();
  const client = useQueryClient();
  const devices = useDevices();
  const now = useNow(1000);
  const before = useRef<readonly Device[] | null>(null);
  const [joined, setJoined] = useState<Device | null>(null);
  const make = useMutation({
    mutationFn: () => api.createPairing(),
    gcTime: 0,
    onSuccess: () => {
      before.current = client.getQueryData<Device[]>(["devices"]) ?? null;
      setJoined(null);
    },
  });
  const { mutate } = make;
  useEffect(() => mutate(), [mutate]);

  useEffect(() => {
    if (!devices.data) return;
    before.current ??= devices.data;
    const [newest] = newcomers(before.current, devices.data);
    if (newest) setJoined(newest);
  }, [devices.data]);

  // The event stream tells of newcomers; asking now and then covers for a stream that broke.
  const waiting = make.isSuccess && joined === null;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: ["devices"] }), 4000);
    return () => clearInterval(timer);
  }, [waiting, client]);

  const left = make.data ? make.data.expires * 1000 - now : 0;
  return (
    <Page title={t("pair.title")} lead={t("pair.lead", { box: title })}>
      <Trouble error={make.error} action={<Button onPress={() => make.mutate()}>{t("app.retry")}</Button>} />
      {make.isPending && <Skeleton rows={4} />}
      {joined && (
        <div className="h-stack s-narrow">
          <Notice tone="good" title={t("pair.joined", { name: joined.name })}>
            {t("pair.joined_note")}
          </Notice>
          <div className="h-line">
            <ButtonLink href="/devices" look="primary" icon={CircleCheck}>
              {t("pair.see_devices")}
            </ButtonLink>
            <Button onPress={() => make.mutate()}>{t("pair.another")}</Button>
          </div>
        </div>
      )}
      {make.data && !joined && left <= 0 && (
        <div className="h-stack s-narrow">
          <Notice tone="plain" title={t("pair.expired")}>
            {t("pair.expired_note")}
          </Notice>
          <div>
            <Button look="primary" onPress={() => make.mutate()}>
              {t("pair.new_code")}
            </Button>
          </div>
        </div>
      )}
      {make.data && !joined && left > 0 && (
        <Offer link={linkOf(make.data, platform.formatLink)} left={left} />
      )}
    </Page>
  );
}

function linkOf(
  pairing: NewPairing,
  format: (
    link: Parameters<ReturnType<typeof useSession>["platform"]["formatLink"]>[0],
    origin: string,
  ) => string,
): string {
  return format(
    {
      kind: "pair",
      root: pairing.linkRoot,
      secret: pairing.secret,
      multiaddrs: pairing.multiaddrs,
      ...(pairing.flock === undefined ? {} : { flock: pairing.flock }),
    },
    pairing.shell ?? shellOriginFor(location.origin, pairing.flock),
  );
}

function Offer({ link, left }: { link: string; left: number }) {
  const t = useText();
  return (
    <div className="s-pair">
      <div className="s-pair-code">
        <QrCode text={link} label={t("pair.qr")} />
      </div>
      <div className="h-stack">
        <ol className="s-how">
          <li>{t("pair.step_camera")}</li>
          <li>{t("pair.step_open")}</li>
          <li>{t("pair.step_name")}</li>
        </ol>
        <div className="s-link">
          <input
            className="s-link-text"
            readOnly
            dir="ltr"
            aria-label={t("pair.link")}
            value={link}
            onFocus={(event) => event.target.select()}
          />
          <CopyButton text={link}>{t("pair.copy")}</CopyButton>
        </div>
        <p className="h-soft h-numbers" role="timer" aria-live="off">
          {t("pair.left", { time: countdown(left) })}
        </p>
      </div>
    </div>
  );
}
