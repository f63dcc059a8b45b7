/** Terms of leadership, in IndexedDB: what a replaced leader still tries to commit is refused. */
import type { Root } from "../connection.ts";
import { Database } from "../keys/database.ts";

export interface Fence {
  /** The term in force; 0 before the first. */
  current(): Promise<number>;
  /** Takes the next one: from here on nothing is committed under another. */
  next(): Promise<number>;
  /** Runs `change`, which must not wait for anything, while no other term can be taken. False: it was not run. */
  hold(term: number, change: () => void): Promise<boolean>;
}

export function fenceOf(root: Root, database: Database = new Database()): Fence {
  return {
    current: async () => (await database.get<number>("terms", root)) ?? 0,
    next: () => database.update<number>("terms", root, (old) => (old ?? 0) + 1),
    hold: async (term, change) => {
      let held = false;
      await database.look<number>("terms", root, (current) => {
        held = current === term;
        if (held) change();
      });
      return held;
    },
  };
}
