import {
  Breadcrumbs,
  Button,
  ContextMenu,
  EmptyState,
  HousePicture,
  IconButton,
  Menu,
  Notice,
  SearchField,
  TextsProvider,
  ToastRegion,
  useTexts,
  type MenuEntry,
  type Texts,
} from "@hearth/ui";
import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  ArrowDownUp,
  ArrowLeft,
  Download,
  Ellipsis,
  FolderInput,
  FolderPlus,
  FolderUp,
  LayoutGrid,
  List,
  Pencil,
  Plus,
  Trash2,
  Upload,
  X,
} from "lucide-react";
import { StrictMode, useCallback, useEffect, useMemo, useRef, useState, type DragEvent } from "react";
import {
  useChanged,
  usePlace,
  useSave,
  useSayError,
  useText,
  useWorld,
  WorldContext,
  type World,
} from "./context.tsx";
import { FilesError, type Entry, type Order, type SortBy } from "./model/api.ts";
import { fromDrop, fromInput, type Collected } from "./model/drop.ts";
import { join, nameOf, parentOf, trail } from "./model/paths.ts";
import { countOf, nothing, only, type Selection } from "./model/selection.ts";
import { forgetInterrupted, interruptedUploads, type Interrupted } from "./model/tus.ts";
import { Browser, type BrowserHandle } from "./view/browser.tsx";
import { MoveDialog, NewFolderDialog, RenameDialog } from "./view/dialogs.tsx";
import { useFolder, useSearch } from "./view/listing.ts";
import { Preview } from "./view/preview.tsx";
import { Trash } from "./view/trash.tsx";
import { UploadsPanel } from "./view/uploads_panel.tsx";

export function App({ world, texts }: { world: World; texts: Texts }) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            networkMode: "always",
            staleTime: 15_000,
            retry: (count, error) =>
              count < 2 && error instanceof FilesError && ["offline", "busy"].includes(error.code),
          },
          mutations: { networkMode: "always" },
        },
      }),
  );
  return (
    <StrictMode>
      <TextsProvider texts={texts}>
        <QueryClientProvider client={client}>
          <WorldContext value={world}>
            <Files />
            <ToastRegion toasts={world.toasts} />
          </WorldContext>
        </QueryClientProvider>
      </TextsProvider>
    </StrictMode>
  );
}

/** Choices that outlive the page: how the listing looks. */
function useKept<T extends string>(key: string, allowed: readonly T[]): [T, (value: T) => void] {
  const [value, set] = useState<T>(() => {
    try {
      const kept = localStorage.getItem(key);
      return allowed.find((each) => each === kept) ?? allowed[0]!;
    } catch {
      return allowed[0]!;
    }
  });
  return [
    value,
    (next) => {
      set(next);
      try {
        localStorage.setItem(key, next);
      } catch {
        // Not kept, then.
      }
    },
  ];
}

const orders = ["name", "modified-down", "size-down", "name-down", "modified", "size"] as const;

function Files() {
  const t = useText();
  const { api, uploads, toasts } = useWorld();
  const { place, go } = usePlace();
  const changed = useChanged();
  const sayError = useSayError();
  const save = useSave();
  const client = useQueryClient();
  const [look, setLook] = useKept("files.look", ["list", "grid"] as const);
  const [orderName, setOrderName] = useKept("files.order", orders);
  const order = useMemo<Order>(
    () => ({ by: orderName.replace("-down", "") as SortBy, down: orderName.endsWith("-down") }),
    [orderName],
  );
  const setOrder = (next: Order) => setOrderName(next.down ? `${next.by}-down` : next.by);
  const [selection, setSelection] = useState<Selection>(nothing);
  const [dialog, setDialog] = useState<
    { kind: "rename"; entry: Entry } | { kind: "folder" } | { kind: "move"; paths: string[] } | null
  >(null);
  const [menuAt, setMenuAt] = useState<{ x: number; y: number; entry: Entry } | null>(null);
  const browser = useRef<BrowserHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const fileInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);

  const folder = place.view === "folder" ? place.path : "";
  const q = place.view === "search" ? place.q : "";
  const inFolder = useFolder(folder, order, place.view === "folder");
  const found = useSearch(q, place.view === "search");
  const listing = place.view === "search" ? found : inFolder;
  const selected = countOf(selection, listing.total);
  const placeKey =
    place.view === "folder" ? `folder ${place.path}` : place.view === "search" ? "search" : "trash";

  useEffect(() => {
    setSelection(nothing);
    if (document.activeElement === document.body) browser.current?.focus();
  }, [placeKey]);
  const title =
    place.view === "trash"
      ? t("place.trash")
      : place.view === "search"
        ? t("place.search", { q })
        : folder === ""
          ? t("place.top")
          : nameOf(folder);
  useEffect(() => {
    document.title = title;
  }, [title]);

  const enter = (path: string) => go({ view: "folder", path });
  const up = () => {
    if (place.view === "folder" && place.path !== "") enter(parentOf(place.path));
  };

  const upload = useCallback(
    async (collected: Collected | Promise<Collected>, into: string) => {
      const { files, emptyFolders } = await collected;
      uploads.add(into, files);
      for (const path of emptyFolders) {
        // One that is there already is as good.
        await api.makeFolder(join(into, path)).catch(() => undefined);
      }
      if (emptyFolders.length > 0) await client.invalidateQueries({ queryKey: ["list"] });
    },
    [api, client, uploads],
  );

  /** The paths selected, or the one entry given; everything is listed first when "all" is selected. */
  async function chosen(): Promise<string[]> {
    if (!selection.all) return [...selection.paths];
    const all = await listing.allPaths();
    return all.filter((path) => !selection.except.has(path));
  }

  async function trash() {
    if (selected === 0) return;
    try {
      const paths = await chosen();
      const result = await api.trash(paths);
      setSelection(nothing);
      await changed(
        paths.length === 1
          ? t("done.trashed_one", { name: nameOf(paths[0]!) })
          : t("done.trashed", { count: result.done }),
        result,
      );
      browser.current?.focus();
    } catch (error) {
      toasts.show({ tone: "bad", text: sayError(error) });
    }
  }

  async function download() {
    try {
      const entry = selected === 1 ? await single() : undefined;
      if (entry?.kind === "file") {
        save(entry);
        return;
      }
      const here = place.view === "folder" && folder !== "" ? nameOf(folder) : t("place.top");
      // All of a folder is asked for as the folder, however much it holds.
      const paths =
        place.view === "folder" && selection.all && selection.except.size === 0 ? [folder] : await chosen();
      const archive = await api.archive(paths, entry?.name ?? here);
      if (archive.files === 0) toasts.show({ text: t("download.empty") });
      else save(archive);
    } catch (error) {
      toasts.show({ tone: "bad", text: sayError(error) });
    }
  }

  async function moveInto(target: Entry) {
    try {
      const paths = (await chosen()).filter((path) => path !== target.path);
      const result = await api.move(
        paths.map((path) => ({ from: path, to: join(target.path, nameOf(path)) })),
        "keep_both",
      );
      setSelection(nothing);
      await changed(t("done.moved", { count: result.done, folder: target.name }), result);
    } catch (error) {
      toasts.show({ tone: "bad", text: sayError(error) });
    }
  }

  async function single(): Promise<Entry | undefined> {
    const [path] = await chosen();
    if (path === undefined) return undefined;
    const index = listing.indexOf(path);
    return index >= 0 ? listing.at(index) : api.entry(path);
  }

  function open(entry: Entry) {
    if (entry.kind === "folder") enter(entry.path);
    else if (entry.kind === "file" && place.view !== "trash") go({ ...place, open: entry.path });
  }

  function act(id: string) {
    if (id === "open") void single().then((entry) => entry && open(entry));
    else if (id === "download") void download();
    else if (id === "rename") void single().then((entry) => entry && setDialog({ kind: "rename", entry }));
    else if (id === "move") void chosen().then((paths) => setDialog({ kind: "move", paths }));
    else if (id === "trash") void trash();
    else if (id === "upload") fileInput.current?.click();
    else if (id === "upload-folder") folderInput.current?.click();
    else if (id === "folder") setDialog({ kind: "folder" });
    else if (id === "show-trash") go({ view: "trash" });
    else if ((orders as readonly string[]).includes(id)) setOrderName(id as (typeof orders)[number]);
  }

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, [role=dialog]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onUploaded = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["list"] });
        void client.invalidateQueries({ queryKey: ["stats"] });
      }, 700);
    };
    addEventListener("hearth-uploaded", onUploaded);
    return () => {
      clearTimeout(timer);
      removeEventListener("hearth-uploaded", onUploaded);
    };
  }, [client]);

  const drop = useDrop((event) => void upload(fromDrop(event.dataTransfer), folder), place.view === "folder");
  const opened = place.view !== "trash" ? place.open : undefined;
  const add: MenuEntry[] = [
    { id: "upload", text: t("act.upload"), icon: Upload },
    { id: "upload-folder", text: t("act.upload_folder"), icon: FolderUp },
    { id: "folder", text: t("folder.title"), icon: FolderPlus },
  ];

  return (
    <div className="f-app" {...drop.handlers}>
      <input
        ref={fileInput}
        type="file"
        multiple
        hidden
        aria-label={t("act.upload")}
        onChange={(event) => {
          void upload(fromInput(event.target.files ?? []), folder);
          event.target.value = "";
        }}
      />
      <input
        ref={folderInput}
        type="file"
        hidden
        webkitdirectory=""
        aria-label={t("act.upload_folder")}
        onChange={(event) => {
          void upload(fromInput(event.target.files ?? []), folder);
          event.target.value = "";
        }}
      />
      {selected > 0 && place.view !== "trash" ? (
        <SelectionBar count={selected} onAct={act} onClear={() => setSelection(nothing)} />
      ) : (
        <header className="f-bar">
          <div className="f-bar-place">
            {place.view === "folder" ? (
              <Breadcrumbs
                label={t("place.label")}
                crumbs={trail(folder).map((path) => ({
                  id: path || "/",
                  text: path === "" ? t("place.top") : nameOf(path),
                }))}
                onGo={(id) => enter(id === "/" ? "" : id)}
              />
            ) : (
              <>
                <IconButton icon={ArrowLeft} mirror label={t("place.back")} onPress={() => enter("")} />
                <span className="h-crumb-here" aria-current="page">
                  {title}
                </span>
              </>
            )}
          </div>
          <div className="f-bar-search">
            <SearchField
              label={t("search.label")}
              inputRef={search}
              value={q}
              onChange={(next) => {
                if (next === "") enter("");
                else go({ view: "search", q: next }, place.view === "search");
              }}
              onKeyDown={(event) => {
                if (event.key === "ArrowDown") browser.current?.focus();
              }}
            />
          </div>
          <div className="f-bar-tools">
            <Menu
              label={t("sort.label")}
              trigger={
                <IconButton icon={ArrowDownUp} label={t("sort.label")} isDisabled={place.view !== "folder"} />
              }
              groups={[orders.map((id) => ({ id, text: t(`sort.${id}`) }))]}
              onChoose={act}
            />
            <IconButton
              icon={look === "list" ? LayoutGrid : List}
              label={t(look === "list" ? "look.grid" : "look.list")}
              isDisabled={place.view === "trash"}
              onPress={() => setLook(look === "list" ? "grid" : "list")}
            />
            <Menu
              label={t("ui.more")}
              trigger={<IconButton icon={Ellipsis} label={t("ui.more")} />}
              groups={[[{ id: "show-trash", text: t("place.trash"), icon: Trash2 }]]}
              onChoose={act}
            />
            <Menu
              label={t("act.add")}
              trigger={
                <Button look="primary" size="small" icon={Plus} isDisabled={place.view !== "folder"}>
                  {t("act.add")}
                </Button>
              }
              groups={[add]}
              onChoose={act}
            />
          </div>
        </header>
      )}
      <main className="f-main">
        <h1 className="h-hidden">{title}</h1>
        <InterruptedNotice onChoose={() => fileInput.current?.click()} />
        {place.view === "trash" && <Trash />}
        {place.view !== "trash" && listing.error !== null && listing.total === 0 && (
          <EmptyState
            picture={<HousePicture lit={false} width={200} />}
            title={sayError(listing.error)}
            action={
              <>
                <Button look="primary" onPress={() => listing.retry()}>
                  {t("app.retry")}
                </Button>
                {folder !== "" && <Button onPress={() => enter("")}>{t("place.to_top")}</Button>}
              </>
            }
          />
        )}
        {place.view !== "trash" && listing.isPending && (
          <p className="f-pending h-soft" role="status">
            <span className="h-spinner" />
            {t("app.loading")}
          </p>
        )}
        {place.view === "folder" && !listing.isPending && listing.error === null && listing.total === 0 && (
          <EmptyState
            picture={
              folder === "" ? (
                <HousePicture width={240} />
              ) : (
                <FolderInput className="f-empty-icon" aria-hidden />
              )
            }
            title={folder === "" ? t("empty.top") : t("empty.folder")}
            action={
              <>
                <Button look="primary" icon={Upload} onPress={() => act("upload")}>
                  {t("act.upload")}
                </Button>
                <Button icon={FolderUp} onPress={() => act("upload-folder")}>
                  {t("act.upload_folder")}
                </Button>
              </>
            }
          >
            {t("empty.teach")}
          </EmptyState>
        )}
        {place.view === "search" && !listing.isPending && listing.error === null && (
          <p className={listing.total === 0 ? "f-pending h-soft" : "h-hidden"} role="status">
            {t("search.found", { count: listing.total, q })}
          </p>
        )}
        {place.view !== "trash" && listing.total > 0 && (
          <Browser
            key={placeKey}
            ref={browser}
            label={title}
            listing={listing}
            look={look}
            order={place.view === "folder" ? order : null}
            showFolder={place.view === "search"}
            selection={selection}
            onSelect={setSelection}
            onOrder={setOrder}
            onOpen={open}
            onRename={(entry) => {
              setSelection(only(entry.path));
              setDialog({ kind: "rename", entry });
            }}
            onTrash={() => void trash()}
            onMenu={(entry, at) => setMenuAt({ ...at, entry })}
            onDropInto={(target) => void moveInto(target)}
            onUp={up}
          />
        )}
        {place.view !== "trash" && listing.total > 0 && (
          <Foot
            total={listing.total}
            shown={place.view === "folder"}
            complete={place.view !== "search" || found.complete}
          />
        )}
      </main>
      <UploadsPanel />
      {drop.over && (
        <div className="f-drop" aria-hidden>
          <div className="f-drop-box">
            <Upload className="h-icon" />
            {t("drop.here", { folder: folder === "" ? t("place.top") : nameOf(folder) })}
          </div>
        </div>
      )}
      <ContextMenu
        at={menuAt}
        label={menuAt?.entry.name ?? ""}
        onClose={() => setMenuAt(null)}
        groups={[
          [
            { id: "open", text: t("act.open"), keys: "⏎", disabled: selected > 1 },
            { id: "download", text: t("act.download"), icon: Download },
          ],
          [
            { id: "rename", text: t("rename.title"), icon: Pencil, keys: "F2", disabled: selected > 1 },
            { id: "move", text: t("act.move"), icon: FolderInput },
          ],
          [{ id: "trash", text: t("act.trash"), icon: Trash2, keys: "⌦", danger: true }],
        ]}
        onChoose={(id) => {
          setMenuAt(null);
          act(id);
        }}
      />
      {dialog?.kind === "rename" && <RenameDialog entry={dialog.entry} onClose={() => setDialog(null)} />}
      {dialog?.kind === "folder" && <NewFolderDialog folder={folder} onClose={() => setDialog(null)} />}
      {dialog?.kind === "move" && (
        <MoveDialog
          paths={dialog.paths}
          from={folder}
          onClose={() => {
            setDialog(null);
            setSelection(nothing);
          }}
        />
      )}
      {opened !== undefined && place.view !== "trash" && (
        <OpenPreview
          path={opened}
          listing={listing}
          onClose={() => {
            const { open: _, ...rest } = place;
            go(rest, true);
          }}
          onStep={(path) => go({ ...place, open: path }, true)}
        />
      )}
      <span className="h-hidden" role="status">
        {selected > 0 ? t("select.count", { count: selected }) : ""}
      </span>
    </div>
  );
}

function SelectionBar({
  count,
  onAct,
  onClear,
}: {
  count: number;
  onAct: (id: string) => void;
  onClear: () => void;
}) {
  const t = useText();
  return (
    <header className="f-bar f-bar-selection">
      <IconButton icon={X} label={t("select.clear")} onPress={onClear} />
      <span className="f-bar-place h-numbers">
        <strong>{t("select.count", { count })}</strong>
      </span>
      <div className="f-bar-tools">
        <IconButton icon={Download} label={t("act.download")} onPress={() => onAct("download")} />
        <IconButton
          icon={Pencil}
          label={t("rename.title")}
          isDisabled={count > 1}
          onPress={() => onAct("rename")}
        />
        <IconButton icon={FolderInput} label={t("act.move")} onPress={() => onAct("move")} />
        <IconButton icon={Trash2} label={t("act.trash")} onPress={() => onAct("trash")} />
      </div>
    </header>
  );
}

function Foot({ total, shown, complete }: { total: number; shown: boolean; complete: boolean }) {
  const t = useText();
  const texts = useTexts();
  const { api } = useWorld();
  const stats = useQuery({
    queryKey: ["stats"],
    queryFn: ({ signal }) => api.stats(signal),
    staleTime: 60_000,
  });
  return (
    <footer className="f-foot h-hint h-numbers">
      <span>{complete ? t("foot.count", { count: total }) : t("foot.first", { count: total })}</span>
      {shown && stats.data && <span>{t("foot.free", { size: texts.size(stats.data.free) })}</span>}
    </footer>
  );
}

/** The preview of a path, wherever it came from; steps through the files around it. */
function OpenPreview({
  path,
  listing,
  onClose,
  onStep,
}: {
  path: string;
  listing: ReturnType<typeof useFolder>;
  onClose: () => void;
  onStep: (path: string) => void;
}) {
  const { api, toasts } = useWorld();
  const sayError = useSayError();
  const index = listing.indexOf(path);
  const listed = index >= 0 ? listing.at(index) : undefined;
  const asked = useQuery({
    queryKey: ["entry", path],
    queryFn: ({ signal }) => api.entry(path, signal),
    enabled: listed === undefined,
  });
  const failure = asked.error;
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    if (!failure) return;
    toasts.show({ tone: "bad", text: sayError(failure) });
    close.current();
  }, [failure, sayError, toasts]);
  const entry = listed ?? asked.data;
  const neighbour = (by: 1 | -1): Entry | undefined => {
    if (index < 0) return undefined;
    for (let at = index + by; at >= 0 && at < listing.total; at += by) {
      const each = listing.at(at);
      if (!each) return undefined;
      if (each.kind === "file") return each;
    }
    return undefined;
  };
  if (!entry) return null;
  return (
    <Preview
      entry={entry}
      onClose={onClose}
      canStep={{ back: neighbour(-1) !== undefined, on: neighbour(1) !== undefined }}
      onStep={(by) => {
        const next = neighbour(by);
        if (next) onStep(next.path);
      }}
    />
  );
}

/** Uploads that a reload cut off: only the person can give us the files again. */
function InterruptedNotice({ onChoose }: { onChoose: () => void }) {
  const t = useText();
  const { now, uploads } = useWorld();
  const [left, setLeft] = useState<Interrupted[]>([]);
  useEffect(() => {
    let wanted = true;
    void interruptedUploads(now()).then((all) => {
      // Asked once, at the start: what is under way now isn't interrupted.
      if (wanted && uploads.snapshot().summary.total === 0) setLeft(all);
    });
    return () => {
      wanted = false;
    };
  }, [now, uploads]);
  useEffect(
    () =>
      uploads.subscribe(() => {
        const under = new Set(uploads.snapshot().shown.map((upload) => `${upload.name} ${upload.size}`));
        setLeft((old) => {
          const rest = old.filter((each) => !under.has(`${each.name} ${each.size}`));
          return rest.length === old.length ? old : rest;
        });
      }),
    [uploads],
  );
  if (left.length === 0) return null;
  return (
    <div className="f-interrupted">
      <Notice
        tone="plain"
        title={t("interrupted.title", { count: left.length, name: left[0]!.name })}
        action={
          <>
            <Button size="small" onPress={onChoose}>
              {t("interrupted.choose")}
            </Button>
            <Button
              size="small"
              look="quiet"
              onPress={() => {
                void forgetInterrupted(left.map((each) => each.key));
                setLeft([]);
              }}
            >
              {t("interrupted.forget")}
            </Button>
          </>
        }
      >
        {t("interrupted.note")}
      </Notice>
    </div>
  );
}

/** Files dragged over the window; nested elements make enter and leave come in pairs, so they are counted. */
function useDrop(onDrop: (event: DragEvent) => void, enabled: boolean) {
  const [depth, setDepth] = useState(0);
  const carriesFiles = (event: DragEvent) => enabled && event.dataTransfer.types.includes("Files");
  return {
    over: depth > 0,
    handlers: {
      onDragEnter: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDepth((old) => old + 1);
      },
      onDragOver: (event: DragEvent) => {
        if (carriesFiles(event)) event.preventDefault();
      },
      onDragLeave: (event: DragEvent) => {
        if (carriesFiles(event)) setDepth((old) => Math.max(0, old - 1));
      },
      onDrop: (event: DragEvent) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setDepth(0);
        onDrop(event);
      },
    },
  };
}
