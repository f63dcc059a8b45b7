/** A long list in the page's own scrolling: only what is in view exists. Arrow keys go from row to row. */
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLocation } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

const rowHeight = 60;

/** Where somebody was in a list that they come back to, by the entry of the browser's history. */
const places = new Map<string, number>();
const mostPlaces = 50;

export function VirtualList({
  label,
  count,
  isWhole,
  keyOf,
  onEnd,
  children,
}: {
  label: string;
  count: number;
  /** False: more may follow `count`. */
  isWhole: boolean;
  keyOf: (index: number) => string;
  /** The last rows are near. */
  onEnd: () => void;
  children: (index: number) => ReactNode;
}) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const element = list.current;
    if (element) setTop(element.getBoundingClientRect().top + scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollMargin: top,
    getItemKey: keyOf,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!isWhole && last >= count - 20) onEnd();
  }, [isWhole, last, count, onEnd]);

  usePlace();

  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const from = (event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index;
    if (step === 0 || from === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = Number(from) + step;
    if (to < 0 || to >= count) return;
    event.preventDefault();
    virtual.scrollToIndex(to);
    list.current?.querySelector<HTMLElement>(`[data-index="${to}"] a`)?.focus({ preventScroll: true });
  }

  return (
    <ul
      ref={list}
      className="d-rows"
      aria-label={label}
      style={{ blockSize: virtual.getTotalSize() }}
      onKeyDown={onKeyDown}
    >
      {items.map((item) => (
        <li
          key={item.key}
          data-index={item.index}
          aria-posinset={item.index + 1}
          aria-setsize={isWhole ? count : -1}
          style={{ transform: `translateY(${item.start - top}px)` }}
        >
          {children(item.index)}
        </li>
      ))}
    </ul>
  );
}

/** Comes back to where somebody was, after the page has begun at its top. */
function usePlace(): void {
  const key = useLocation({ select: ({ state }) => state.__TSR_key ?? "" });
  useEffect(() => {
    const before = places.get(key);
    const frame = before === undefined ? 0 : requestAnimationFrame(() => scrollTo(0, before));
    const note = () => {
      places.delete(key);
      places.set(key, scrollY);
      const [oldest] = places.keys();
      if (places.size > mostPlaces && oldest !== undefined) places.delete(oldest);
    };
    addEventListener("scroll", note, { passive: true });
    return () => {
      removeEventListener("scroll", note);
      cancelAnimationFrame(frame);
    };
  }, [key]);
}
