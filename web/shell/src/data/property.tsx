/** One property of an entry: its name, what it holds, who wrote that and when, and what can be done. */
import { Button, IconButton, Menu, useTexts, type MenuEntry } from "@hearth/ui";
import type { GraphNode, GraphProperty, GraphUpdate, GraphValue } from "@hearth/sdk";
import { Copy, Ellipsis, History as Past, ListPlus, Pencil, Trash2, X } from "lucide-react";
import { useState } from "react";
import { kindOf } from "../model/graph_values.ts";
import { useNow, useText } from "../shared.tsx";
import { CountDialog, EditDialog, ElementDialog } from "./dialogs.tsx";
import { isolated, lastOf, useChange, useNameOf, useSaid } from "./hooks.tsx";
import { ValueView, type Place } from "./value.tsx";

/** Elements shown at first, and with each press for more. */
const fewElements = 24;
const moreElements = 100;

export function PropertyRow({
  node,
  name,
  property,
  place,
  history,
  canWrite,
  isFresh,
  onHistory,
}: {
  node: GraphNode;
  name: string;
  property: GraphProperty;
  place: Place;
  history: readonly GraphUpdate[] | undefined;
  canWrite: boolean;
  /** It changed while somebody looked. */
  isFresh: boolean;
  onHistory: () => void;
}) {
  const t = useText();
  const [dialog, setDialog] = useState<"edit" | "count" | "element" | null>(null);
  const { space } = place;
  const change = useChange(space);
  const shownName = isolated(name || t("data.unnamed"));
  const copied = property.kind === "value" ? copyOf(property.value) : undefined;
  const editing = canWrite ? entriesFor(property, t) : [];
  const close = () => setDialog(null);
  function choose(id: string) {
    if (id === "edit" || id === "count" || id === "element") setDialog(id);
    else if (id === "history") onHistory();
    else if (id === "copy") void navigator.clipboard.writeText(copied ?? "").catch(() => undefined);
    else if (id === "delete")
      change.mutate({
        edit: { op: "remove", soul: node.soul, property: name },
        done: t("data.done_removed", { property: shownName }),
      });
  }
  return (
    <div className="d-property" data-fresh={isFresh || undefined}>
      <dt className="d-name">
        <bdi>{name || t("data.unnamed")}</bdi>
      </dt>
      <dd className="d-value">
        <Held node={node} name={name} property={property} place={place} canWrite={canWrite} />
        <Written property={property} history={history} name={name} />
      </dd>
      <dd className="d-do">
        <Menu
          label={t("data.property_actions", { property: shownName })}
          trigger={<IconButton icon={Ellipsis} label={t("data.property_actions", { property: shownName })} />}
          groups={[
            [
              ...editing,
              ...(copied === undefined ? [] : [{ id: "copy", text: t("data.copy_value"), icon: Copy }]),
              { id: "history", text: t("data.history_property"), icon: Past },
            ],
            canWrite ? [{ id: "delete", text: t("data.delete_property"), icon: Trash2, danger: true }] : [],
          ]}
          onChoose={choose}
        />
        {dialog === "edit" && <EditDialog space={space} node={node} property={name} onClose={close} />}
        {dialog === "count" && <CountDialog space={space} node={node} property={name} onClose={close} />}
        {dialog === "element" && <ElementDialog space={space} node={node} property={name} onClose={close} />}
      </dd>
    </div>
  );
}

function copyOf(value: GraphValue): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== "object") return String(value);
  return "link" in value ? value.link : undefined;
}

function entriesFor(property: GraphProperty, t: ReturnType<typeof useText>): MenuEntry[] {
  switch (property.kind) {
    case "value":
      return kindOf(property.value) === "bytes" ? [] : [{ id: "edit", text: t("data.edit"), icon: Pencil }];
    case "counter":
      return [{ id: "count", text: t("data.count_change"), icon: Pencil }];
    case "set":
    case "list":
      return [{ id: "element", text: t("data.element_add"), icon: ListPlus }];
    case "unknown":
      return [];
  }
}

/** Who wrote it and when, in one quiet line. */
function Written({
  property,
  history,
  name,
}: {
  property: GraphProperty;
  history: readonly GraphUpdate[] | undefined;
  name: string;
}) {
  const texts = useTexts();
  const now = useNow();
  const nameOf = useNameOf();
  if (property.kind === "unknown" || property.state === undefined) return null;
  const by = property.kind === "value" ? property.by : lastOf(history, name)?.by;
  const { state } = property;
  return (
    <p className="d-written h-hint">
      {by && (
        <>
          <bdi>{nameOf(by)}</bdi>
          {" · "}
        </>
      )}
      <time
        dateTime={new Date(state).toISOString()}
        title={texts.date(state, { dateStyle: "long", timeStyle: "medium" })}
      >
        {texts.ago(state, now)}
      </time>
    </p>
  );
}

function Held({
  node,
  name,
  property,
  place,
  canWrite,
}: {
  node: GraphNode;
  name: string;
  property: GraphProperty;
  place: Place;
  canWrite: boolean;
}) {
  const t = useText();
  const texts = useTexts();
  const said = useSaid(place.space);
  const change = useChange(place.space);
  const [most, setMost] = useState(fewElements);
  const where = { soul: node.soul, property: name };
  const takeOut = (value: GraphValue, at: number) =>
    change.mutate({
      edit:
        property.kind === "list"
          ? { op: "erase", ...where, at, count: 1 }
          : { op: "exclude", ...where, value },
      done: t("data.done_element_removed", {
        property: isolated(name || t("data.unnamed")),
        value: said(value),
      }),
    });
  const remover = (value: GraphValue, at: number) =>
    canWrite && (
      <IconButton
        icon={X}
        label={t("data.element_remove", { value: said(value) })}
        isDisabled={change.isPending}
        onPress={() => takeOut(value, at)}
      />
    );
  const more = (count: number) =>
    count > most && (
      <Button size="small" look="quiet" onPress={() => setMost(most + moreElements)}>
        {t("data.show_more_of", { count: Math.min(moreElements, count - most) })}
      </Button>
    );
  switch (property.kind) {
    case "value":
      return <ValueView name={name} value={property.value} place={place} />;
    case "counter":
      return <span className="d-count h-numbers">{texts.number(property.value)}</span>;
    case "set": {
      const { elements } = property;
      if (elements.length === 0) return <span className="h-soft">{t("data.empty_set")}</span>;
      return (
        <>
          <ul className="d-set">
            {elements.slice(0, most).map(({ value, fields }, index) => (
              <li key={index} className={fields.size > 0 ? "d-element d-element-wide" : "d-element"}>
                <div className="d-element-value">
                  <ValueView name={name} value={value} place={place} />
                  {remover(value, index)}
                </div>
                {fields.size > 0 && (
                  <dl className="d-fields">
                    {[...fields].map(([field, held]) => (
                      <div key={field}>
                        <dt>
                          <bdi>{field || t("data.unnamed")}</bdi>
                        </dt>
                        <dd>
                          <ValueView name={field} value={held} place={place} />
                        </dd>
                      </div>
                    ))}
                  </dl>
                )}
              </li>
            ))}
          </ul>
          {more(elements.length)}
        </>
      );
    }
    case "list": {
      const { values } = property;
      if (values.length === 0) return <span className="h-soft">{t("data.empty_list")}</span>;
      return (
        <>
          <ol className="d-list">
            {values.slice(0, most).map((value, index) => (
              <li key={index}>
                <div className="d-element-value">
                  <ValueView name={name} value={value} place={place} />
                  {remover(value, index)}
                </div>
              </li>
            ))}
          </ol>
          {more(values.length)}
        </>
      );
    }
    case "unknown":
      return <span className="h-soft">{t("data.unknown")}</span>;
  }
}
