/** Who wrote what when. */
import { Avatar, Button, Details, useTexts } from "@hearth/ui";
import type { GraphNode, GraphOperation, GraphUpdate } from "@hearth/sdk";
import { useState } from "react";
import { sameValue } from "../model/graph_values.ts";
import { Skeleton, Trouble, useNow, usePersonas, useText } from "../shared.tsx";
import { isolated, useChange, useHistory, useNameOf, useSaid } from "./hooks.tsx";

const fewOperations = 6;

export function History({
  space,
  node,
  soul,
  property,
  canWrite,
  onAll,
}: {
  space: string;
  /** As it is now. */
  node: GraphNode | undefined;
  soul: string;
  /** Only what touched this. */
  property: string | undefined;
  canWrite: boolean;
  onAll: () => void;
}) {
  const t = useText();
  const history = useHistory(space, soul);
  const touches = (operation: GraphOperation) =>
    property === undefined || operation.property === undefined || operation.property === property;
  const updates = (history.data ?? []).filter(
    ({ operations }) => operations?.some(touches) ?? property === undefined,
  );
  return (
    <section className="d-history" aria-labelledby="data-history" tabIndex={-1} id="data-history-part">
      <header className="d-section-head">
        <h2 id="data-history" className="h-heading">
          {property === undefined
            ? t("data.history")
            : t("data.history_of", { property: isolated(property || t("data.unnamed")) })}
        </h2>
        {property !== undefined && (
          <Button size="small" look="quiet" onPress={onAll}>
            {t("data.history_all")}
          </Button>
        )}
      </header>
      <Trouble
        error={history.error}
        action={<Button onPress={() => void history.refetch()}>{t("app.retry")}</Button>}
      />
      {history.isPending && <Skeleton rows={3} />}
      {history.isSuccess && updates.length === 0 && !history.hasNextPage && (
        <p className="h-soft">{t("data.history_none")}</p>
      )}
      <ol className="d-updates">
        {updates.map((update) => (
          <Update
            key={update.id}
            space={space}
            soul={soul}
            node={node}
            update={update}
            touches={touches}
            canWrite={canWrite}
          />
        ))}
      </ol>
      {history.hasNextPage && (
        <Button
          size="small"
          isPending={history.isFetchingNextPage}
          onPress={() => void history.fetchNextPage()}
        >
          {t("data.older")}
        </Button>
      )}
      {updates.length > 0 && <Details text={updates.map(detailsOf).join("\n\n")} />}
    </section>
  );
}

/** As the box keeps it: for whoever builds on it. */
function detailsOf({ id, seq, state, by }: GraphUpdate): string {
  return [
    ["update", id],
    ["seq", String(seq)],
    ["state", String(state)],
    ["author", by.author],
    ["persona", by.persona],
    ["app", by.app],
  ]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

function Update({
  space,
  soul,
  node,
  update,
  touches,
  canWrite,
}: {
  space: string;
  soul: string;
  node: GraphNode | undefined;
  update: GraphUpdate;
  touches: (operation: GraphOperation) => boolean;
  canWrite: boolean;
}) {
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const nameOf = useNameOf();
  const { data: personas } = usePersonas();
  const [all, setAll] = useState(false);
  const { by, state, counts } = update;
  const operations = update.operations?.filter(touches);
  const shown = all ? operations : operations?.slice(0, fewOperations);
  const persona = personas?.find((each) => each.id === by.persona);
  return (
    <li className={counts ? "d-update" : "d-update d-update-void"}>
      <Avatar name={persona?.displayName ?? nameOf(by)} id={by.persona ?? by.author} size="small" />
      <div className="d-update-body">
        <p className="d-update-head">
          <strong>
            <bdi>{nameOf(by)}</bdi>
          </strong>
          <time
            className="h-hint"
            dateTime={new Date(state).toISOString()}
            title={texts.date(state, { dateStyle: "long", timeStyle: "medium" })}
          >
            {texts.ago(state, now)}
          </time>
        </p>
        <ul>
          {shown?.map((operation, index) => (
            <li key={index} className="d-operation">
              <Operation space={space} operation={operation} />
              {canWrite && <PutBack space={space} soul={soul} node={node} operation={operation} />}
            </li>
          ))}
          {update.operations === undefined && <li className="h-soft">{t("data.did_forgotten")}</li>}
        </ul>
        {!all && operations && operations.length > fewOperations && (
          <Button size="small" look="quiet" onPress={() => setAll(true)}>
            {t("data.more_of_it", { count: operations.length - fewOperations })}
          </Button>
        )}
        {!counts && (
          <p className="h-hint">
            {state > now
              ? t("data.later", { when: texts.date(state, { dateStyle: "medium", timeStyle: "short" }) })
              : t("data.does_not_count")}
          </p>
        )}
      </div>
    </li>
  );
}

function Operation({ space, operation }: { space: string; operation: GraphOperation }) {
  const t = useText();
  const texts = useTexts();
  const said = useSaid(space);
  const property = isolated(operation.property || t("data.unnamed"));
  const value = operation.value === undefined ? "" : said(operation.value);
  switch (operation.op) {
    case "put":
      return <span>{t("data.did_put", { property, value })}</span>;
    case "add": {
      const by = operation.by ?? 0;
      return (
        <span>
          {t(by < 0 ? "data.did_take" : "data.did_add", { property, by: texts.number(Math.abs(by)) })}
        </span>
      );
    }
    case "include":
      return <span>{t("data.did_include", { property, value })}</span>;
    case "exclude":
      return <span>{t("data.did_exclude", { property, value })}</span>;
    case "insert": {
      const [first, ...rest] = operation.values ?? [];
      return (
        <span>
          {first !== undefined && rest.length === 0
            ? t("data.did_insert", { property, value: said(first) })
            : t("data.did_insert_many", { property, count: rest.length + 1 })}
        </span>
      );
    }
    case "erase":
      return <span>{t("data.did_erase", { property, count: operation.count ?? 1 })}</span>;
    case "remove":
      return (
        <span>
          {operation.property === undefined ? t("data.did_remove_all") : t("data.did_remove", { property })}
        </span>
      );
    case "unknown":
      return <span className="h-soft">{t("data.did_unknown")}</span>;
  }
}

/** An old value, in the place of the one that is there now. */
function PutBack({
  space,
  soul,
  node,
  operation,
}: {
  space: string;
  soul: string;
  node: GraphNode | undefined;
  operation: GraphOperation;
}) {
  const t = useText();
  const change = useChange(space);
  const { op, property, value } = operation;
  if (op !== "put" || property === undefined || value === undefined) return null;
  const now = node?.properties.get(property);
  if (now !== undefined && (now.kind !== "value" || sameValue(now.value, value))) return null;
  return (
    <Button
      size="small"
      look="quiet"
      isPending={change.isPending}
      onPress={() =>
        change.mutate({
          edit: { op: "put", soul, property, value },
          done: t("data.restored", { property: isolated(property || t("data.unnamed")) }),
        })
      }
    >
      {t("data.put_back")}
    </Button>
  );
}
