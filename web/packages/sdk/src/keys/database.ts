/** One IndexedDB database a shell origin, behind promises. */
import { HearthError } from "../errors.ts";

export type StoreName = "keys" | "appliances";

const databaseName = "hearth";
const version = 1;

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

  /** Reads, changes and writes in one transaction, so that two tabs can't undo each other. */
  async update<T>(store: StoreName, key: string, change: (old: T | undefined) => T): Promise<T> {
    const database = await this.#open();
    return new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(store, "readwrite");
      const objects = transaction.objectStore(store);
      let result: T;
      const read = objects.get(key) as IDBRequest<T | undefined>;
      read.onsuccess = () => {
        try {
          result = change(read.result);
          objects.put(result, key);
        } catch (error) {
          reject(error);
          transaction.abort();
        }
      };
      transaction.oncomplete = () => resolve(result);
      transaction.onerror = transaction.onabort = () => reject(storageError(transaction.error));
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

  #open(): Promise<IDBDatabase> {
    this.#opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      let request: IDBOpenDBRequest;
      try {
        request = indexedDB.open(databaseName, version);
      } catch (error) {
        reject(storageError(error));
        return;
      }
      request.onupgradeneeded = () => {
        for (const store of ["keys", "appliances"] satisfies StoreName[]) {
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
      request.onerror = () => reject(storageError(request.error));
    });
    this.#opened.catch(() => (this.#opened = undefined));
    return this.#opened;
  }
}

function storageError(cause: unknown): HearthError {
  return cause instanceof HearthError
    ? cause
    : new HearthError("storage", "the browser's storage refused", { cause });
}
