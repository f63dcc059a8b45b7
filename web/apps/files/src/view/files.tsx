import { Upload } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { usePlace, useText } from "../context.tsx";
import type { Entry } from "../model/api.ts";
import { fromDrop, type Collected } from "../model/drop.ts";
import { nameOf, parentOf } from "../model/paths.ts";
import type { Place } from "../model/place.ts";
import { countOf, nothing, only, type Selection } from "../model/selection.ts";
import { Bar, SelectionBar } from "./bar.tsx";
import { Browser, type BrowserHandle } from "./browser.tsx";
import { MoveDialog, NewFolderDialog, RenameDialog } from "./dialogs.tsx";
import { EntryMenu, type MenuAt } from "./entry_menu.tsx";
import { FileInput } from "./file_input.tsx";
import { Foot } from "./foot.tsx";
import { InterruptedNotice } from "./interrupted_notice.tsx";
import { useFolder, useSearch } from "./listing.ts";
import { ListingState } from "./listing_state.tsx";
import { OpenPreview } from "./open_preview.tsx";
import { Trash } from "./trash.tsx";
import { UploadsPanel } from "./uploads_panel.tsx";
import { useChosen } from "./use_chosen.ts";
import { useDrop } from "./use_drop.ts";
import { orders, useLook, useOrder, type OrderName } from "./use_look.ts";
import { useUpload } from "./use_upload.ts";

type Asked = { kind: "rename"; entry: Entry } | { kind: "folder" } | { kind: "move"; paths: string[] };

/** The whole window: the place that the address names, and what can be done there. */
export function Files() {
  const t = useText();
  const { place, go } = usePlace();
  const [look, setLook] = useLook();
  const [order, setOrder] = useOrder();
  const [selection, setSelection] = useState<Selection>(nothing);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [menuAt, setMenuAt] = useState<MenuAt | null>(null);
  const browser = useRef<BrowserHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const fileInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);

  const folder = place.view === "folder" ? place.path : "";
  const q = place.view === "search" ? place.q : undefined;
  const inFolder = useFolder(folder, order, place.view === "folder");
  const found = useSearch(q ?? "", place.view === "search");
  const listing = place.view === "search" ? found : inFolder;
  const selected = countOf(selection, listing.total);
  const chosen = useChosen(listing, selection, setSelection, place.view === "folder" ? folder : undefined);
  const upload = useUpload();
  const title = useTitle(place);
  const placeKey =
    place.view === "folder" ? `folder ${place.path}` : place.view === "search" ? "search" : "trash";

  useEffect(() => {
    setSelection(nothing);
    if (document.activeElement === document.body) browser.current?.focus();
  }, [placeKey]);
  useSlash(() => search.current?.focus());

  const enter = (path: string) => go({ view: "folder", path });
  const take = (collected: Collected | Promise<Collected>) => void upload(collected, folder);
  const drop = useDrop((event) => take(fromDrop(event.dataTransfer)), place.view === "folder");
  const opened = place.view !== "trash" ? place.open : undefined;

  function open(entry: Entry) {
    if (entry.kind === "folder") enter(entry.path);
    else if (entry.kind === "file" && place.view !== "trash") go({ ...place, open: entry.path });
  }

  async function trash() {
    await chosen.trash();
    browser.current?.focus();
  }

  function act(id: string) {
    if (id === "open") void chosen.single().then((entry) => entry && open(entry));
    else if (id === "download") void chosen.download();
    else if (id === "rename")
      void chosen.single().then((entry) => entry && setAsked({ kind: "rename", entry }));
    else if (id === "move") void chosen.paths().then((paths) => setAsked({ kind: "move", paths }));
    else if (id === "trash") void trash();
    else if (id === "upload") fileInput.current?.click();
    else if (id === "upload-folder") folderInput.current?.click();
    else if (id === "folder") setAsked({ kind: "folder" });
    else if (id === "show-trash") go({ view: "trash" });
    else if ((orders as readonly string[]).includes(id)) setOrder(id as OrderName);
  }

  return (
    <div className="f-app" {...drop.handlers}>
      <FileInput inputRef={fileInput} label={t("act.upload")} onFiles={take} />
      <FileInput inputRef={folderInput} label={t("act.upload_folder")} folders onFiles={take} />
      {selected > 0 && place.view !== "trash" ? (
        <SelectionBar count={selected} onAct={act} onClear={() => setSelection(nothing)} />
      ) : (
        <Bar
          place={place}
          title={title}
          look={look}
          onLook={setLook}
          onGo={go}
          onAct={act}
          searchRef={search}
          onLeaveSearch={() => browser.current?.focus()}
        />
      )}
      <main className="f-main">
        <h1 className="h-hidden">{title}</h1>
        <InterruptedNotice onChoose={() => fileInput.current?.click()} />
        {place.view === "trash" ? (
          <Trash />
        ) : (
          <ListingState listing={listing} folder={folder} q={q} onTop={() => enter("")} onAct={act} />
        )}
        {place.view !== "trash" && listing.total > 0 && (
          <>
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
                setAsked({ kind: "rename", entry });
              }}
              onTrash={() => void trash()}
              onMenu={(entry, at) => setMenuAt({ ...at, entry })}
              onDropInto={(target) => void chosen.moveInto(target)}
              onUp={() => {
                if (folder !== "") enter(parentOf(folder));
              }}
            />
            <Foot
              total={listing.total}
              shown={place.view === "folder"}
              complete={place.view !== "search" || found.complete}
            />
          </>
        )}
      </main>
      <UploadsPanel />
      {drop.over && (
        <div className="f-drop" aria-hidden>
          <div className="f-drop-box">
            <Upload className="h-icon" />
            {t("drop.here", { folder: title })}
          </div>
        </div>
      )}
      <EntryMenu at={menuAt} selected={selected} onAct={act} onClose={() => setMenuAt(null)} />
      {asked?.kind === "rename" && <RenameDialog entry={asked.entry} onClose={() => setAsked(null)} />}
      {asked?.kind === "folder" && <NewFolderDialog folder={folder} onClose={() => setAsked(null)} />}
      {asked?.kind === "move" && (
        <MoveDialog
          paths={asked.paths}
          from={folder}
          onClose={() => {
            setAsked(null);
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

/** What the place is called; the document, too. */
function useTitle(place: Place): string {
  const t = useText();
  const title =
    place.view === "trash"
      ? t("place.trash")
      : place.view === "search"
        ? t("place.search", { q: place.q })
        : place.path === ""
          ? t("place.top")
          : nameOf(place.path);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return title;
}

/** "/" begins a search, as in many other places; not where somebody writes. */
function useSlash(onSlash: () => void) {
  const latest = useRef(onSlash);
  useEffect(() => {
    latest.current = onSlash;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, [role=dialog]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
