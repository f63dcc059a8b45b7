/** How the listing looks: rows or tiles, and in which order. Kept in the browser. */
import { useMemo, useState } from "react";
import type { Order, SortBy } from "../model/api.ts";

export const orders = ["name", "modified-down", "size-down", "name-down", "modified", "size"] as const;
export type OrderName = (typeof orders)[number];

export type Look = "list" | "grid";

export function useLook(): [Look, (look: Look) => void] {
  return useKept("files.look", ["list", "grid"] as const);
}

export function useOrder(): [Order, (order: Order | OrderName) => void] {
  const [name, setName] = useKept("files.order", orders);
  const order = useMemo<Order>(
    () => ({ by: name.replace("-down", "") as SortBy, down: name.endsWith("-down") }),
    [name],
  );
  return [
    order,
    (next) => setName(typeof next === "string" ? next : next.down ? `${next.by}-down` : next.by),
  ];
}

/** A choice that outlives the page. */
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
