/**
 * The listing: a virtual grid of rows, or of tiles. One tab stop; arrows move, Enter opens, Space selects, typing
 * jumps to a name. Only what is in view exists in the page.
 */
import { useTexts } from "@hearth/ui";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type MouseEvent,
  type Ref,
} from "react";
import { useNow, useText } from "../context.tsx";
import type { Entry, Order, SortBy } from "../model/api.ts";
import { parentOf } from "../model/paths.ts";
import { add, everything, has, nothing, only, these, toggle, type Selection } from "../model/selection.ts";
import { EntryPicture } from "./entry_picture.tsx";
import type { Listing } from "./listing.ts";

export interface BrowserHandle {
  focus(): void;
}

export interface BrowserProps {
  label: string;
  listing: Listing;
  look: "list" | "grid";
  order: Order | null;
  /** Shows where each entry lies: for search. */
  showFolder: boolean;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onOrder: (order: Order) => void;
  onOpen: (entry: Entry, index: number) => void;
  onRename: (entry: Entry) => void;
  onTrash: () => void;
  onMenu: (entry: Entry, at: { x: number; y: number }) => void;
  /** Entries dragged onto a folder. */
  onDropInto: (folder: Entry) => void;
  onUp: () => void;
  ref?: Ref<BrowserHandle>;
}

const rowHeight = 52;
const tileMinimum = 152;
const tileGap = 12;
const dragType = "application/x-hearth-entries";

export function Browser(props: BrowserProps) {
  const { listing, look, selection, onSelect, ref } = props;
  const t = useText();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [cursor, setCursor] = useState(0);
  const [anchor, setAnchor] = useState(0);
  const [focused, setFocused] = useState(false);
  const typed = useRef({ text: "", at: 0 });

  useImperativeHandle(ref, () => ({ focus: () => scroller.current?.focus({ preventScroll: true }) }), []);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const columns =
    look === "grid"
      ? Math.max(2, Math.floor((width - 16 + tileGap) / ((width > 700 ? 190 : tileMinimum) + tileGap)))
      : 1;
  const tileWidth = (Math.max(width, 320) - 32 - tileGap * (columns - 1)) / columns;
  const lineHeight = look === "grid" ? Math.round(tileWidth * 0.75) + 56 + tileGap : rowHeight;
  const lines = Math.ceil(listing.total / columns);
  const virtual = useVirtualizer({
    count: lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => lineHeight,
    overscan: look === "grid" ? 3 : 12,
    paddingEnd: 96,
    scrollPaddingStart: look === "list" ? 44 : 8,
    scrollPaddingEnd: 24,
  });
  useEffect(() => virtual.measure(), [virtual, lineHeight, columns]);
  const items = virtual.getVirtualItems();
  const firstIndex = (items[0]?.index ?? 0) * columns;
  const lastIndex = ((items.at(-1)?.index ?? 0) + 1) * columns - 1;
  const { show } = listing;
  useEffect(
    () => show(firstIndex, Math.max(firstIndex, Math.min(lastIndex, listing.total - 1))),
    [show, firstIndex, lastIndex, listing.total],
  );

  const here = Math.min(cursor, Math.max(0, listing.total - 1));
  const entryId = (index: number) => `${id}-${index}`;

  function moveTo(index: number, event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) {
    const next = Math.max(0, Math.min(listing.total - 1, index));
    setCursor(next);
    virtual.scrollToIndex(Math.floor(next / columns));
    if (event.shiftKey) void selectRange(anchor, next);
    else if (!event.ctrlKey && !event.metaKey) {
      setAnchor(next);
      const entry = listing.at(next);
      if (entry) onSelect(only(entry.path));
      else void listing.range(next, next).then(([found]) => found && onSelect(only(found.path)));
    }
  }

  async function selectRange(from: number, to: number) {
    const entries = await listing.range(Math.min(from, to), Math.max(from, to));
    onSelect(these(entries.map((entry) => entry.path)));
  }

  function onKeyDown(event: KeyboardEvent) {
    const command = event.ctrlKey || event.metaKey;
    const forward = getComputedStyle(event.currentTarget).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / lineHeight) - 1) * columns;
    const entry = listing.at(here);
    const key = event.key;
    if (key === "ArrowDown" && event.altKey) entry && props.onOpen(entry, here);
    else if (key === "ArrowUp" && event.altKey) props.onUp();
    else if (key === "ArrowDown") moveTo(here + columns, event);
    else if (key === "ArrowUp") moveTo(here - columns, event);
    else if (key === forward && look === "grid") moveTo(here + 1, event);
    else if (key === backward && look === "grid") moveTo(here - 1, event);
    else if (key === "Home") moveTo(0, event);
    else if (key === "End") moveTo(listing.total - 1, event);
    else if (key === "PageDown") moveTo(here + page, event);
    else if (key === "PageUp") moveTo(here - page, event);
    else if (key === "Enter") entry && props.onOpen(entry, here);
    else if (key === "F2") entry && props.onRename(entry);
    else if (key === "Delete") props.onTrash();
    else if (key === "Backspace") props.onUp();
    else if (key === " ")
      entry &&
        onSelect(
          event.ctrlKey
            ? toggle(selection, entry.path)
            : has(selection, entry.path)
              ? toggle(selection, entry.path)
              : add(selection, [entry.path]),
        );
    else if (key === "Escape") onSelect(nothing);
    else if (command && key.toLowerCase() === "a") onSelect(everything);
    else if (key === "ContextMenu" || (key === "F10" && event.shiftKey)) {
      const box = document.getElementById(entryId(here))?.getBoundingClientRect();
      if (entry && box) props.onMenu(entry, { x: box.left + 48, y: box.bottom });
    } else if (key.length === 1 && !command && !event.altKey && key !== "/") {
      jump(key, event.timeStamp);
    } else return;
    event.preventDefault();
  }

  /** Typing goes to the next loaded name that begins so. */
  function jump(key: string, at: number) {
    const old = typed.current;
    typed.current = { text: at - old.at < 800 ? old.text + key : key, at };
    const wanted = typed.current.text.toLocaleLowerCase();
    const start = wanted.length === 1 ? here + 1 : here;
    for (let step = 0; step < listing.total; step += 1) {
      const index = (start + step) % listing.total;
      if (listing.at(index)?.name.toLocaleLowerCase().startsWith(wanted)) {
        moveTo(index, { shiftKey: false, ctrlKey: false, metaKey: false });
        return;
      }
    }
  }

  function onPress(event: MouseEvent, entry: Entry, index: number) {
    setCursor(index);
    if (event.shiftKey) void selectRange(anchor, index);
    else {
      setAnchor(index);
      onSelect(event.ctrlKey || event.metaKey ? toggle(selection, entry.path) : only(entry.path));
    }
  }

  const shared = { ...props, here: focused ? here : -1, entryId, onPress, tileWidth, columns };
  const common = {
    ref: scroller,
    tabIndex: 0,
    className: `f-scroller f-scroller-${look}`,
    "aria-label": props.label,
    "aria-multiselectable": true,
    "aria-activedescendant": listing.total > 0 && items.length > 0 ? entryId(here) : undefined,
    onKeyDown,
    onFocus: () => setFocused(true),
    onBlur: () => setFocused(false),
  };
  // The active entry must exist for screen readers, also when it is scrolled out of view.
  const missing = here < firstIndex || here > lastIndex;

  if (look === "list")
    return (
      <div {...common} role="grid" aria-rowcount={listing.total + 1} aria-colcount={3}>
        <Head {...props} />
        <div role="rowgroup" className="f-canvas" style={{ blockSize: virtual.getTotalSize() }}>
          {missing && listing.total > 0 && <Line {...shared} index={here} top={here * rowHeight} />}
          {items.map((item) => (
            <Line key={item.index} {...shared} index={item.index} top={item.start} />
          ))}
        </div>
      </div>
    );
  return (
    <div {...common} role="listbox" aria-orientation="horizontal">
      <div role="presentation" className="f-canvas" style={{ blockSize: virtual.getTotalSize() }}>
        {items.flatMap((item) =>
          Array.from({ length: columns }, (_, column) => item.index * columns + column)
            .filter((index) => index < listing.total)
            .map((index) => (
              <Tile key={index} {...shared} index={index} top={item.start} column={index % columns} />
            )),
        )}
      </div>
      <span className="h-hidden">{t("list.tiles_help")}</span>
    </div>
  );
}

interface PartProps extends BrowserProps {
  index: number;
  top: number;
  here: number;
  entryId: (index: number) => string;
  onPress: (event: MouseEvent, entry: Entry, index: number) => void;
  tileWidth: number;
}

function useEntryProps(props: PartProps, entry: Entry | undefined) {
  const { index, here, entryId, selection, onSelect, onPress, onOpen, onMenu, onDropInto } = props;
  const [over, setOver] = useState(false);
  const selected = entry !== undefined && has(selection, entry.path);
  const canDrop = entry?.kind === "folder" && !selected;
  return {
    selected,
    attributes: {
      id: entryId(index),
      "aria-selected": selected,
      "data-here": index === here || undefined,
      "data-over": over || undefined,
      draggable: entry !== undefined,
      onMouseDown: (event: MouseEvent) => {
        // Keeps the focus on the listing and text unselected on Shift.
        if (event.shiftKey) event.preventDefault();
      },
      onClick: (event: MouseEvent) => {
        if (!entry) return;
        if (event.detail > 1) return;
        onPress(event, entry, index);
      },
      onDoubleClick: () => entry && onOpen(entry, index),
      onContextMenu: (event: MouseEvent) => {
        if (!entry) return;
        event.preventDefault();
        if (!selected) onPress(event, entry, index);
        onMenu(entry, { x: event.clientX, y: event.clientY });
      },
      onDragStart: (event: React.DragEvent) => {
        if (!entry) return;
        if (!selected) onSelect(only(entry.path));
        event.dataTransfer.setData(dragType, entry.path);
        event.dataTransfer.effectAllowed = "move";
      },
      onDragOver: (event: React.DragEvent) => {
        if (!canDrop || !event.dataTransfer.types.includes(dragType)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "move";
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: React.DragEvent) => {
        setOver(false);
        if (!canDrop || !event.dataTransfer.types.includes(dragType)) return;
        event.preventDefault();
        event.stopPropagation();
        onDropInto(entry);
      },
    },
  };
}

function Line(props: PartProps) {
  const { listing, index, top, showFolder } = props;
  const t = useText();
  const texts = useTexts();
  const now = useNow();
  const entry = listing.at(index);
  const { attributes, selected } = useEntryProps(props, entry);
  return (
    <div
      {...attributes}
      role="row"
      aria-rowindex={index + 2}
      className="f-line"
      style={{ transform: `translateY(${top}px)` }}
    >
      {entry ? (
        <>
          <div role="gridcell" className="f-cell-name">
            <Tick selected={selected} onToggle={() => props.onSelect(toggle(props.selection, entry.path))} />
            <EntryPicture entry={entry} />
            <span className="f-name">
              <bdi className="h-truncate" title={entry.name}>
                {entry.name}
              </bdi>
              {showFolder && (
                <span className="h-hint h-truncate">
                  <bdi>
                    {parentOf(entry.path) === ""
                      ? t("place.top")
                      : parentOf(entry.path).split("/").join(" / ")}
                  </bdi>
                </span>
              )}
            </span>
            {entry.kind === "folder" && <span className="h-hidden">{t("list.folder")}</span>}
          </div>
          <div role="gridcell" className="f-cell-date h-numbers">
            {entry.kind === "folder" && entry.modified === 0 ? "" : texts.ago(entry.modified, now)}
          </div>
          <div role="gridcell" className="f-cell-size h-numbers">
            {entry.size === undefined ? "–" : texts.size(entry.size)}
          </div>
        </>
      ) : (
        <div role="gridcell" aria-colspan={3} className="f-cell-name">
          <span className="f-wait" />
          <span className="h-hidden">{t("app.loading")}</span>
        </div>
      )}
    </div>
  );
}

/** For fingers and pointers; the keyboard selects with Space. */
function Tick({ selected, onToggle }: { selected: boolean; onToggle: () => void }) {
  return (
    <span
      className={selected ? "f-tick f-tick-on" : "f-tick"}
      aria-hidden
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <svg viewBox="0 0 16 16" fill="none">
        <path
          d="m3.5 8.5 3 3 6-7"
          stroke="currentColor"
          strokeWidth="2.2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </span>
  );
}

function Tile(props: PartProps & { column: number }) {
  const { listing, index, top, column, tileWidth } = props;
  const t = useText();
  const texts = useTexts();
  const entry = listing.at(index);
  const { attributes, selected } = useEntryProps(props, entry);
  return (
    <div
      {...attributes}
      role="option"
      aria-posinset={index + 1}
      aria-setsize={listing.total}
      className="f-tile"
      style={{
        insetInlineStart: 16 + column * (tileWidth + tileGap),
        inlineSize: tileWidth,
        transform: `translateY(${top}px)`,
      }}
    >
      {entry ? (
        <>
          <span className="f-tile-picture" style={{ blockSize: Math.round(tileWidth * 0.75) }}>
            <EntryPicture entry={entry} large />
            <Tick selected={selected} onToggle={() => props.onSelect(toggle(props.selection, entry.path))} />
          </span>
          <bdi className="f-tile-name h-truncate" title={entry.name}>
            {entry.name}
          </bdi>
          <span className="h-hint h-truncate h-numbers">
            {entry.kind === "folder"
              ? t("list.folder")
              : entry.size === undefined
                ? ""
                : texts.size(entry.size)}
          </span>
        </>
      ) : (
        <>
          <span className="f-tile-picture f-wait-tile" style={{ blockSize: Math.round(tileWidth * 0.75) }} />
          <span className="h-hidden">{t("app.loading")}</span>
        </>
      )}
    </div>
  );
}

function Head({ order, onOrder }: BrowserProps) {
  const t = useText();
  const columns: { by: SortBy; text: string; className: string }[] = [
    { by: "name", text: t("list.name"), className: "f-cell-name" },
    { by: "modified", text: t("list.modified"), className: "f-cell-date" },
    { by: "size", text: t("list.size"), className: "f-cell-size" },
  ];
  return (
    <div role="rowgroup" className="f-head">
      <div role="row" aria-rowindex={1} className="f-head-row">
        {columns.map(({ by, text, className }) => {
          const mine = order?.by === by;
          const Arrow = order?.down ? ArrowDown : ArrowUp;
          return (
            <div
              key={by}
              role="columnheader"
              className={className}
              aria-sort={mine ? (order.down ? "descending" : "ascending") : "none"}
            >
              {order === null ? (
                text
              ) : (
                <button
                  type="button"
                  tabIndex={-1}
                  className="f-sort"
                  onClick={() => onOrder(mine ? { by, down: !order.down } : { by, down: by !== "name" })}
                >
                  {text}
                  {mine && <Arrow className="h-icon" aria-hidden />}
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
