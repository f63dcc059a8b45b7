/** One entry: what it says, and what happened to it. */
import {
  Breadcrumbs,
  Button,
  CopyButton,
  Details,
  EmptyState,
  HousePicture,
  IconButton,
  Menu,
  type Crumb,
} from "@hearth/ui";
import type { GraphEdit, GraphNode } from "@hearth/sdk";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { Ellipsis, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ConfirmDialog } from "../dialogs.tsx";
import { explain } from "../model/errors.ts";
import { undoOf } from "../model/graph_edits.ts";
import { inOrder, titleOf } from "../model/graph_values.ts";
import { Page, Skeleton, Trouble, useStatus, useText, useInside } from "../shared.tsx";
import { AddDialog } from "./dialogs.tsx";
import { History } from "./history.tsx";
import {
  isolated,
  keys,
  useCanWrite,
  useChange,
  useFollow,
  useFresh,
  useHistory,
  useNode,
  useSpaces,
} from "./hooks.tsx";
import { PropertyRow } from "./property.tsx";
import { nameOfSpace } from "./spaces.tsx";

/** Crumbs of the way here; older ones are in the browser's history. */
const longestTrail = 6;

export function Entry({
  space,
  soul,
  property,
}: {
  space: string;
  soul: string;
  /** Whose history is asked for. */
  property: string | undefined;
}) {
  const t = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { title: box } = useInside();
  const { state: reach } = useStatus();
  const node = useNode(space, soul);
  const history = useHistory(space, soul);
  const canWrite = useCanWrite(space);
  const trail = useLocation({ select: ({ state }) => state.trail ?? [] });
  const [adding, setAdding] = useState(false);
  useFollow(space, soul, () => {
    void client.invalidateQueries({ queryKey: keys.node(space, soul) });
    void client.invalidateQueries({ queryKey: keys.history(space, soul) });
  });

  const gone = node.error !== null && explain(node.error).code === "not_found";
  // What was read before stays in the cache when the entry is deleted.
  const data = gone ? undefined : node.data;
  const fresh = useFresh(data);
  const title = data ? titleOf(data) : soul;
  const showHistory = (of: string | undefined) =>
    void navigate({
      to: "/data/$space",
      params: { space },
      search: { soul, ...(of === undefined ? {} : { property: of }) },
      state: { trail },
      replace: true,
    }).then(() => of !== undefined && document.getElementById("data-history-part")?.focus());
  const place = { space, trail: [...trail, soul].slice(-longestTrail) };
  const add = canWrite && (
    <Button look={gone ? "primary" : "plain"} icon={Plus} onPress={() => setAdding(true)}>
      {t("data.add")}
    </Button>
  );

  return (
    <Page
      wide
      title={title}
      above={<Trail space={space} trail={trail} title={title} />}
      lead={<SoulLine space={space} soul={soul} isTitle={title === soul} />}
      action={
        data &&
        canWrite && (
          <div className="d-actions">
            {add}
            <EntryMenu space={space} node={data} />
          </div>
        )
      }
    >
      <p className="h-hidden" role="status">
        {[...fresh]
          .slice(0, 3)
          .map((name) => t("data.just_changed", { property: isolated(name || t("data.unnamed")) }))
          .join(" ")}
      </p>
      {!gone && (
        <Trouble
          error={node.error}
          action={<Button onPress={() => void node.refetch()}>{t("app.retry")}</Button>}
        />
      )}
      {node.data === undefined && reach === "offline" ? (
        <EmptyState picture={<HousePicture lit={false} width={220} />} title={t("home.dark")}>
          {t("data.dark_note", { box })}
        </EmptyState>
      ) : (
        <div className="d-entry">
          <section aria-label={t("data.properties_of")} className="d-says">
            {node.isPending && <Skeleton rows={5} />}
            {gone && (
              <EmptyState title={t("data.gone")} action={add}>
                {t(history.data?.length === 0 ? "data.gone_never" : "data.gone_note")}
              </EmptyState>
            )}
            {data?.properties.size === 0 && <p className="h-soft">{t("data.no_properties")}</p>}
            {data && data.properties.size > 0 && (
              <dl className="d-properties">
                {inOrder(data.properties).map(([name, each]) => (
                  <PropertyRow
                    key={name}
                    node={data}
                    name={name}
                    property={each}
                    place={place}
                    history={history.data}
                    canWrite={canWrite}
                    isFresh={fresh.has(name)}
                    onHistory={() => showHistory(name)}
                  />
                ))}
              </dl>
            )}
            {data && <Details text={detailsOf(space, data)} />}
          </section>
          {(node.error === null || (gone && history.data?.length !== 0)) && (
            <History
              space={space}
              soul={soul}
              node={data}
              property={property}
              canWrite={canWrite}
              onAll={() => showHistory(undefined)}
            />
          )}
        </div>
      )}
      {adding && <AddDialog space={space} soul={soul} node={data} onClose={() => setAdding(false)} />}
    </Page>
  );
}

/** As the box keeps it: for whoever builds on it. */
function detailsOf(space: string, { soul, properties }: GraphNode): string {
  const lines = [...properties].map(([name, property]) => {
    const state = property.kind === "unknown" || property.state === undefined ? "" : ` at ${property.state}`;
    const author = property.kind === "value" ? ` by ${property.by.author}` : "";
    return `${JSON.stringify(name)}: ${property.kind}${state}${author}`;
  });
  return [`space: ${space}`, `soul: ${soul}`, ...lines].join("\n");
}

/** The way here: the space, the entries whose links were followed, this one. */
function Trail({ space, trail, title }: { space: string; trail: readonly string[]; title: string }) {
  const t = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const spaces = useSpaces();
  const found = spaces.data?.find((each) => each.name === space || each.id === space);
  const crumbs: Crumb[] = [
    // One space alone needs no list of spaces.
    ...(spaces.data?.length === 1 ? [] : [{ id: "spaces", text: t("data.title") }]),
    { id: "space", text: found ? nameOfSpace(found, t) : space },
    ...trail.map((soul, index) => {
      const node = client.getQueryData<GraphNode>(keys.node(space, soul));
      return { id: `${index}`, text: node ? titleOf(node) : soul };
    }),
    { id: "here", text: title },
  ];
  function go(id: string) {
    if (id === "spaces") return void navigate({ to: "/data" });
    if (id === "space") return void navigate({ to: "/data/$space", params: { space } });
    const index = Number(id);
    void navigate({
      to: "/data/$space",
      params: { space },
      search: { soul: trail[index]! },
      state: { trail: trail.slice(0, index) },
    });
  }
  return <Breadcrumbs label={t("data.where")} crumbs={crumbs} onGo={go} />;
}

/** The entry's own name, whose first part leads to its neighbours; to be copied. */
function SoulLine({ space, soul, isTitle }: { space: string; soul: string; isTitle: boolean }) {
  const t = useText();
  const end = soul.lastIndexOf("/", soul.length - 2) + 1;
  return (
    <div className="d-soul">
      {(!isTitle || end > 0) && (
        <span className="d-soul-text" dir="auto">
          {end > 0 && (
            <Link
              to="/data/$space"
              params={{ space }}
              search={{ prefix: soul.slice(0, end) }}
              aria-label={t("data.beginning", { prefix: isolated(soul.slice(0, end)) })}
            >
              {soul.slice(0, end)}
            </Link>
          )}
          {soul.slice(end)}
        </span>
      )}
      <CopyButton text={soul}>{t("data.copy_soul")}</CopyButton>
    </div>
  );
}

/** What is rare. Deleting asks first only where it can't be taken back. */
function EntryMenu({ space, node }: { space: string; node: GraphNode }) {
  const t = useText();
  const change = useChange(space);
  const [asking, setAsking] = useState(false);
  const edit: GraphEdit = { op: "remove", soul: node.soul };
  const remove = () =>
    change.mutate({ edit, done: t("data.done_deleted") }, { onSuccess: () => setAsking(false) });
  return (
    <>
      <Menu
        label={t("data.entry_actions")}
        trigger={<IconButton icon={Ellipsis} label={t("data.entry_actions")} />}
        groups={[[{ id: "delete", text: t("data.delete_entry"), icon: Trash2, danger: true }]]}
        onChoose={() => (undoOf(node, edit) === undefined ? setAsking(true) : remove())}
      />
      {asking && (
        <ConfirmDialog
          title={t("data.delete_forever")}
          action={t("data.delete_entry")}
          doing={change}
          onConfirm={remove}
          onClose={() => setAsking(false)}
        >
          {t("data.delete_forever_note")}
        </ConfirmDialog>
      )}
    </>
  );
}
