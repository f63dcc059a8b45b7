/** What stands above the listing: where one is, looking for something, and what can be done here. */
import { Breadcrumbs, Button, IconButton, Menu, SearchField, type MenuEntry } from "@hearth/ui";
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
import type { RefObject } from "react";
import { useText } from "../context.tsx";
import { nameOf, trail } from "../model/paths.ts";
import type { Place } from "../model/place.ts";
import { orders, type Look } from "./use_look.ts";

export function Bar({
  place,
  title,
  look,
  onLook,
  onGo,
  onAct,
  searchRef,
  onLeaveSearch,
}: {
  place: Place;
  title: string;
  look: Look;
  onLook: (look: Look) => void;
  onGo: (place: Place, replace?: boolean) => void;
  onAct: (id: string) => void;
  searchRef: RefObject<HTMLInputElement | null>;
  onLeaveSearch: () => void;
}) {
  const t = useText();
  const inFolder = place.view === "folder";
  const enter = (path: string) => onGo({ view: "folder", path });
  const add: MenuEntry[] = [
    { id: "upload", text: t("act.upload"), icon: Upload },
    { id: "upload-folder", text: t("act.upload_folder"), icon: FolderUp },
    { id: "folder", text: t("folder.title"), icon: FolderPlus },
  ];
  return (
    <header className="f-bar">
      <div className="f-bar-place">
        {place.view === "folder" ? (
          <Breadcrumbs
            label={t("place.label")}
            crumbs={trail(place.path).map((path) => ({
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
          inputRef={searchRef}
          value={place.view === "search" ? place.q : ""}
          onChange={(next) => {
            if (next === "") enter("");
            else onGo({ view: "search", q: next }, place.view === "search");
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") onLeaveSearch();
          }}
        />
      </div>
      <div className="f-bar-tools">
        <Menu
          label={t("sort.label")}
          trigger={<IconButton icon={ArrowDownUp} label={t("sort.label")} isDisabled={!inFolder} />}
          groups={[orders.map((id) => ({ id, text: t(`sort.${id}`) }))]}
          onChoose={onAct}
        />
        <IconButton
          icon={look === "list" ? LayoutGrid : List}
          label={t(look === "list" ? "look.grid" : "look.list")}
          isDisabled={place.view === "trash"}
          onPress={() => onLook(look === "list" ? "grid" : "list")}
        />
        <Menu
          label={t("ui.more")}
          trigger={<IconButton icon={Ellipsis} label={t("ui.more")} />}
          groups={[[{ id: "show-trash", text: t("place.trash"), icon: Trash2 }]]}
          onChoose={onAct}
        />
        <Menu
          label={t("act.add")}
          trigger={
            <Button look="primary" size="small" icon={Plus} isDisabled={!inFolder}>
              {t("act.add")}
            </Button>
          }
          groups={[add]}
          onChoose={onAct}
        />
      </div>
    </header>
  );
}

/** Stands in the bar's place while something is selected. */
export function SelectionBar({
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
