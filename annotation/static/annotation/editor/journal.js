/**
 * The journal keeps every change in the browser until the server has confirmed it, so that neither
 * a crash, nor a lost network, nor an expired session loses work.
 *
 * @typedef {{regions: import("#editor/geometry.js").Region[], origin: string,
 *   suggestion_version: string, decision: string, reason: string, seconds: number,
 *   tools: Record<string, number>}} Work what one revision is made of; `tools`: gestures and ms of each
 * @typedef {{key: string, scope: string, tab: string, order: number, base: number | null,
 *   sent: boolean, changes: number, at: number, work: Work}} Entry
 *   `key` makes repeating a save harmless; `base` is the revision it builds on, null: on the entry
 *   before it; `changes` counts gestures
 * @typedef {{put(entry: Entry): Promise<void>, remove(key: string): Promise<void>,
 *   entries(scope: string): Promise<Entry[]>}} Journal
 */

const DATABASE = "myotrace-journal";
const ENTRIES = "entries";

/** A random UUID; `crypto.randomUUID` is missing on plain http. @returns {string} */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** Unconfirmed entries of the tab that wrote last, oldest first. @param {Entry[]} entries */
export function latestChain(entries) {
  const ordered = entries.slice().sort((a, b) => a.at - b.at || a.order - b.order);
  const tab = ordered.at(-1)?.tab;
  return ordered.filter((entry) => entry.tab === tab).sort((a, b) => a.order - b.order);
}

/** @implements {Journal} */
export class MemoryJournal {
  /** @type {Map<string, Entry>} */
  #entries = new Map();

  /** @param {Entry} entry */
  async put(entry) {
    this.#entries.set(entry.key, structuredClone(entry));
  }

  /** @param {string} key */
  async remove(key) {
    this.#entries.delete(key);
  }

  /** @param {string} scope */
  async entries(scope) {
    return [...this.#entries.values()].filter((entry) => entry.scope === scope);
  }
}

/**
 * Kept on this computer's disk. Every call is rejected where the browser keeps nothing.
 *
 * @implements {Journal}
 */
export class IndexedJournal {
  #database = openDatabase();

  /** @param {Entry} entry */
  put(entry) {
    const kept = structuredClone(entry);
    return this.#write((store) => store.put(kept));
  }

  /** @param {string} key */
  remove(key) {
    return this.#write((store) => store.delete(key));
  }

  /** @param {string} scope @returns {Promise<Entry[]>} */
  async entries(scope) {
    const store = (await this.#database).transaction(ENTRIES).objectStore(ENTRIES);
    return answered(store.index("scope").getAll(scope));
  }

  /** Resolves when the change is on the disk. @param {(store: IDBObjectStore) => void} change @returns {Promise<void>} */
  async #write(change) {
    const database = await this.#database;
    const transaction = database.transaction(ENTRIES, "readwrite", { durability: "strict" });
    change(transaction.objectStore(ENTRIES));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
async function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(ENTRIES, { keyPath: "key" });
    store.createIndex("scope", "scope");
  };
  return answered(request);
}
