/** One IndexedDB database a shell origin, behind promises. */
import { HearthError } from "../errors.ts";

/** `terms`: of leadership among tabs (tabs/fence.ts), by box. */
export type StoreName = "keys" | "appliances" | "terms";

const stores: readonly StoreName[] = ["keys", "appliances", "terms"];
const databaseName = "hearth";
const version = 2;

/** The term that a change was to be made under is over. */
export class TermOver extends Error {
  override readonly name = "TermOver";
}

export class Database {
  #opened: Promise<IDBDatabase> | undefined;

  async get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return this.#run<T | undefined>(store, "readonly", (objects) => objects.get(key));
  }

  async all<T>(store: StoreName): Promise<T[]> {
    return this.#run<T[]>(store, "readonly", (objects) => objects.getAll());
  }

  async put(store: StoreName, key: string, value: unknown): Promise<void> {
    await this.#run(store, "readwrite", (objects) => objects.put(value, key));
  }

  async remove(store: StoreName, key: string): Promise<void> {
    await this.#run(store, "readwrite", (objects) => objects.delete(key));
  }

  /**
   * Reads, changes and writes in one transaction, so that two tabs can't undo each other; what changes to `undefined`
   * is not written. With `term`, only while that is the term in force under the same key: else rejects with TermOver.
   */
  async update<T>(
    store: StoreName,
    key: string,
    change: (old: T | undefined) => T,
    term: number | undefined = undefined,
  ): Promise<T> {
    const database = await this.#open();
    return new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(term === undefined ? store : [store, "terms"], "readwrite");
      const objects = transaction.objectStore(store);
      let result: T;
      const attempt = (work: () => void) => (): void => {
        try {
          work();
        } catch (error) {
          reject(error as Error);
          transaction.abort();
        }
      };
      const begin = (): void => {
        const read = objects.get(key) as IDBRequest<T | undefined>;
        read.onsuccess = attempt(() => {
          result = change(read.result);
          if (result !== undefined) objects.put(result, key);
        });
      };
      if (term === undefined) begin();
      else {
        const current = transaction.objectStore("terms").get(key) as IDBRequest<number | undefined>;
        current.onsuccess = attempt(() => {
          if (current.result !== term) throw new TermOver();
          begin();
        });
      }
      transaction.oncomplete = () => resolve(result);
      transaction.onerror = transaction.onabort = () => reject(storageError(transaction.error));
    });
  }

  /** Calls `look` within the transaction that reads: until it returns, nobody writes to `store`. */
  async look<T>(store: StoreName, key: string, look: (value: T | undefined) => void): Promise<void> {
    await this.#run(store, "readonly", (objects) => {
      const read = objects.get(key) as IDBRequest<T | undefined>;
      read.onsuccess = () => look(read.result);
      return read;
    });
  }

  async #run<T>(
    store: StoreName,
    mode: IDBTransactionMode,
    start: (objects: IDBObjectStore) => IDBRequest,
  ): Promise<T> {
    const database = await this.#open();
    return new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(store, mode);
      const request = start(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result as T);
      transaction.onerror = transaction.onabort = () => reject(storageError(transaction.error));
    });
  }

  #request(wanted: number | undefined): Promise<IDBDatabase> {
    return new Promise<IDBDatabase>((resolve, reject) => {
      let request: IDBOpenDBRequest;
      try {
        request = indexedDB.open(databaseName, wanted);
      } catch (error) {
        reject(storageError(error));
        return;
      }
      request.onupgradeneeded = () => {
        for (const store of stores) {
          if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
        }
      };
      request.onsuccess = () => {
        const database = request.result;
        // Another tab with a newer version must not wait for us.
        database.onversionchange = () => {
          database.close();
          this.#opened = undefined;
        };
        database.onclose = () => (this.#opened = undefined);
        resolve(database);
      };
      request.onerror = () => {
        // A newer shell has been here: what we know of is in its database, too.
        if (request.error?.name === "VersionError" && wanted !== undefined) resolve(this.#request(undefined));
        else reject(storageError(request.error));
      };
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opened ??= this.#request(version);
    this.#opened.catch(() => (this.#opened = undefined));
    return this.#opened;
  }
}

function storageError(cause: unknown): HearthError {
  return cause instanceof HearthError
    ? cause
    : new HearthError("storage", "the browser's storage refused", { cause });
}
