/** Putting things right by hand: one value, one count, one new entry at a time. */
import { Choice, Notice, TextField } from "@hearth/ui";
import type { GraphNode, GraphValue } from "@hearth/sdk";
import { useState } from "react";
import { FormDialog } from "../dialogs.tsx";
import { isSoul, kindOf, readNumber, valueFrom, type ValueKind } from "../model/graph_values.ts";
import { useText } from "../shared.tsx";
import { isolated, useChange, useNameOf, useSaid } from "./hooks.tsx";

type TypedKind = Exclude<ValueKind, "bytes">;
const kinds: readonly TypedKind[] = ["text", "number", "flag", "link", "nothing"];

interface Typed {
  kind: TypedKind;
  text: string;
}

function typedFrom(value: GraphValue | undefined): Typed {
  if (value === undefined) return { kind: "text", text: "" };
  const kind = kindOf(value);
  if (kind === "bytes") return { kind: "text", text: "" };
  if (typeof value === "boolean") return { kind, text: value ? "yes" : "no" };
  if (typeof value === "object") return { kind, text: value !== null && "link" in value ? value.link : "" };
  return { kind, text: String(value) };
}

/** What a value is, and the value. */
function ValueFields({
  typed,
  checked,
  autoFocus,
  onChange,
}: {
  typed: Typed;
  /** Says what is wrong with it. */
  checked: boolean;
  autoFocus: boolean;
  onChange: (typed: Typed) => void;
}) {
  const t = useText();
  const { kind, text } = typed;
  const wrong = checked && valueFrom(kind, text) === undefined;
  const change = (next: string) => onChange({ kind, text: next });
  return (
    <>
      <p className="s-sentence">
        {t("data.kind_before")}{" "}
        <Choice
          label={t("data.kind")}
          value={kind}
          options={kinds.map((id) => ({ id, text: t(`data.kind_${id}`) }))}
          onChange={(next) =>
            onChange({ kind: next, text: next === "flag" ? "yes" : kind === "flag" ? "" : text })
          }
        />
        {kind === "flag" && (
          <>
            {". "}
            {t("data.flag_before")}{" "}
            <Choice
              label={t("data.value")}
              value={text === "no" ? "no" : "yes"}
              options={[
                { id: "yes", text: t("data.yes") },
                { id: "no", text: t("data.no") },
              ]}
              onChange={change}
            />
          </>
        )}
        {"."}
      </p>
      {kind === "text" && (
        <TextField
          label={t("data.value")}
          multiline
          autoFocus={autoFocus}
          value={text}
          error={wrong ? t("data.text_wrong") : undefined}
          onChange={change}
        />
      )}
      {kind === "number" && (
        <TextField
          label={t("data.value")}
          inputMode="decimal"
          autoFocus={autoFocus}
          autoComplete="off"
          value={text}
          error={wrong ? t("data.number_wrong") : undefined}
          onChange={change}
        />
      )}
      {kind === "link" && (
        <TextField
          label={t("data.value")}
          description={t("data.link_hint")}
          autoFocus={autoFocus}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck="false"
          value={text}
          error={wrong ? t("data.link_wrong") : undefined}
          onChange={change}
        />
      )}
    </>
  );
}

/** Puts another value in the place of one that is there. */
export function EditDialog({
  space,
  node,
  property,
  onClose,
}: {
  space: string;
  /** As it is now, also while the dialog is open. */
  node: GraphNode;
  property: string;
  onClose: () => void;
}) {
  const t = useText();
  const said = useSaid(space);
  const nameOf = useNameOf();
  const change = useChange(space, { inDialog: true });
  const now = node.properties.get(property);
  const old = now?.kind === "value" ? now : undefined;
  const [opened] = useState(old?.state);
  const [typed, setTyped] = useState(() => typedFrom(old?.value));
  const [checked, setChecked] = useState(false);
  const name = isolated(property || t("data.unnamed"));
  function submit() {
    setChecked(true);
    const value = valueFrom(typed.kind, typed.text);
    if (!value) return;
    change.mutate(
      {
        edit: { op: "put", soul: node.soul, property, value: value.value },
        done: t("data.done_put", { property: name }),
      },
      { onSuccess: onClose },
    );
  }
  return (
    <FormDialog title={property || t("data.unnamed")} doing={change} onSubmit={submit} onClose={onClose}>
      <ValueFields typed={typed} checked={checked} autoFocus onChange={setTyped} />
      {old && old.state !== opened && !change.isPending && (
        <Notice
          tone="warn"
          title={t("data.changed_meanwhile", { name: nameOf(old.by), value: said(old.value) })}
        >
          {t("data.changed_meanwhile_note")}
        </Notice>
      )}
    </FormDialog>
  );
}

/** A property that isn't there yet. */
export function AddDialog({
  space,
  soul,
  node,
  onClose,
}: {
  space: string;
  soul: string;
  node: GraphNode | undefined;
  onClose: () => void;
}) {
  const t = useText();
  const change = useChange(space, { inDialog: true });
  const [property, setProperty] = useState("");
  const [typed, setTyped] = useState<Typed>({ kind: "text", text: "" });
  const [checked, setChecked] = useState(false);
  const name = property.trim();
  const trouble =
    name === "" || !isSoul(name)
      ? t("data.property_missing")
      : node?.properties.has(name)
        ? t("data.property_taken")
        : undefined;
  function submit() {
    setChecked(true);
    const value = valueFrom(typed.kind, typed.text);
    if (trouble !== undefined || !value) return;
    change.mutate(
      {
        edit: { op: "put", soul, property: name, value: value.value },
        done: t("data.done_added", { property: isolated(name) }),
      },
      { onSuccess: onClose },
    );
  }
  return (
    <FormDialog title={t("data.add")} doing={change} onSubmit={submit} onClose={onClose}>
      <TextField
        label={t("data.property")}
        description={t("data.property_hint")}
        autoFocus
        autoComplete="off"
        value={property}
        error={checked ? trouble : undefined}
        onChange={setProperty}
      />
      <ValueFields typed={typed} checked={checked} autoFocus={false} onChange={setTyped} />
    </FormDialog>
  );
}

/** One more element of a set, or one more line at the end of a list. */
export function ElementDialog({
  space,
  node,
  property,
  onClose,
}: {
  space: string;
  node: GraphNode;
  property: string;
  onClose: () => void;
}) {
  const t = useText();
  const said = useSaid(space);
  const change = useChange(space, { inDialog: true });
  const [typed, setTyped] = useState<Typed>({ kind: "text", text: "" });
  const [checked, setChecked] = useState(false);
  const now = node.properties.get(property);
  function submit() {
    setChecked(true);
    const value = valueFrom(typed.kind, typed.text)?.value;
    if (value === undefined) return;
    const where = { soul: node.soul, property };
    change.mutate(
      {
        edit:
          now?.kind === "list"
            ? { op: "insert", ...where, at: now.values.length, values: [value] }
            : { op: "include", ...where, value },
        done: t("data.done_element", {
          property: isolated(property || t("data.unnamed")),
          value: said(value),
        }),
      },
      { onSuccess: onClose },
    );
  }
  return (
    <FormDialog
      title={t("data.element_add")}
      submit={t("app.save")}
      doing={change}
      onSubmit={submit}
      onClose={onClose}
    >
      <ValueFields typed={typed} checked={checked} autoFocus onChange={setTyped} />
    </FormDialog>
  );
}

/** Counters are added to, so that nobody's counting is lost. */
export function CountDialog({
  space,
  node,
  property,
  onClose,
}: {
  space: string;
  node: GraphNode;
  property: string;
  onClose: () => void;
}) {
  const t = useText();
  const said = useSaid(space);
  const change = useChange(space, { inDialog: true });
  const [text, setText] = useState("1");
  const [checked, setChecked] = useState(false);
  const now = node.properties.get(property);
  const value = now?.kind === "counter" ? now.value : 0;
  const by = readNumber(text);
  const fine = by !== undefined && by !== 0 && Number.isSafeInteger(by);
  function submit() {
    setChecked(true);
    if (!fine) return;
    change.mutate(
      {
        edit: { op: "add", soul: node.soul, property, by },
        done: t("data.done_count", {
          property: isolated(property || t("data.unnamed")),
          value: said(value + by),
        }),
      },
      { onSuccess: onClose },
    );
  }
  return (
    <FormDialog title={property || t("data.unnamed")} doing={change} onSubmit={submit} onClose={onClose}>
      <TextField
        label={t("data.count_by")}
        description={t("data.count_hint", { value: said(value) })}
        inputMode="numeric"
        autoFocus
        autoComplete="off"
        value={text}
        error={checked && !fine ? t("data.count_wrong") : undefined}
        onChange={setText}
      />
    </FormDialog>
  );
}

/** The name of an entry to be: its page opens, where the first property is written. */
export function NewEntryDialog({
  start,
  onOpen,
  onClose,
}: {
  start: string;
  onOpen: (soul: string) => void;
  onClose: () => void;
}) {
  const t = useText();
  const [soul, setSoul] = useState(start);
  const [checked, setChecked] = useState(false);
  const wrong = checked && !isSoul(soul.trim());
  return (
    <FormDialog
      title={t("data.new_entry")}
      submit={t("data.go_on")}
      doing={{ isPending: false, error: null }}
      onSubmit={() => {
        setChecked(true);
        if (isSoul(soul.trim())) onOpen(soul.trim());
      }}
      onClose={onClose}
    >
      <TextField
        label={t("data.new_soul")}
        description={t("data.new_soul_hint")}
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck="false"
        value={soul}
        error={wrong ? t("data.soul_wrong") : undefined}
        onChange={setSoul}
      />
    </FormDialog>
  );
}
