/** The spaces that somebody may look into. One alone is opened at once. */
import { Badge, Button, EmptyState, HousePicture, Row, Rows, useTexts } from "@hearth/ui";
import type { GraphSpace } from "@hearth/sdk";
import { Link, useNavigate } from "@tanstack/react-router";
import { House, Library } from "lucide-react";
import { useEffect } from "react";
import { Page, Skeleton, Trouble, useInside, useStatus, useText } from "../shared.tsx";
import { useSpaces } from "./hooks.tsx";

/** The one that every box has is called what it is; others as they were named. */
export function nameOfSpace(space: GraphSpace, t: ReturnType<typeof useText>): string {
  return space.home ? t("data.space_home") : space.name;
}

export function Spaces() {
  const t = useText();
  const texts = useTexts();
  const navigate = useNavigate();
  const { title: box } = useInside();
  const { state } = useStatus();
  const spaces = useSpaces();
  const only = spaces.data?.length === 1 ? spaces.data[0] : undefined;
  const straight = only !== undefined && only.damage === undefined ? only.name : undefined;
  useEffect(() => {
    if (straight !== undefined)
      void navigate({ to: "/data/$space", params: { space: straight }, replace: true });
  }, [navigate, straight]);
  if (spaces.data === undefined && state === "offline")
    return (
      <Page title={t("data.title")}>
        <EmptyState picture={<HousePicture lit={false} width={220} />} title={t("home.dark")}>
          {t("data.dark_note", { box })}
        </EmptyState>
      </Page>
    );
  return (
    <Page title={t("data.title")} lead={t("data.lead", { box })}>
      <Trouble
        error={spaces.error}
        action={<Button onPress={() => void spaces.refetch()}>{t("app.retry")}</Button>}
      />
      {spaces.isPending && <Skeleton rows={2} />}
      {spaces.data?.length === 0 && (
        <EmptyState picture={<HousePicture width={220} />} title={t("data.no_spaces")}>
          {t("data.no_spaces_note", { box })}
        </EmptyState>
      )}
      {spaces.data && spaces.data.length > 0 && (
        <Rows label={t("data.spaces")}>
          {spaces.data.map((space) => (
            <Row
              key={space.id}
              picture={
                <span className="s-device-icon">
                  {space.home ? (
                    <House className="h-icon" aria-hidden />
                  ) : (
                    <Library className="h-icon" aria-hidden />
                  )}
                </span>
              }
              title={
                space.damage === undefined ? (
                  <Link to="/data/$space" params={{ space: space.name }} className="d-space">
                    {nameOfSpace(space, t)}
                  </Link>
                ) : (
                  nameOfSpace(space, t)
                )
              }
              mark={<Badge>{t(`data.role_${space.role}`)}</Badge>}
              note={
                space.damage === undefined
                  ? `${noteOf(space, t, box)} · ${t("data.space_since", { date: texts.date(space.created * 1000) })}`
                  : t("data.space_damaged")
              }
            />
          ))}
        </Rows>
      )}
    </Page>
  );
}

function noteOf(space: GraphSpace, t: ReturnType<typeof useText>, box: string): string {
  if (space.home) return t("data.space_home_note");
  return space.kind === "public" ? t("data.space_public", { box }) : t("data.space_protected");
}
