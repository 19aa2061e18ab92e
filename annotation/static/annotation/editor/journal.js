/**
 * The journal keeps every change in the browser until the server has confirmed it, so that neither
 * a crash, nor a lost network, nor an expired session loses work.
 *
 * @typedef {import("#editor/drawing.js").SavedDrawing & {seconds: number,
 *   tools: Record<string, number>, offered_version?: string}} Work what one revision is made of;
 *   `tools`: gestures and ms of each; `offered_version`: of the pre-label that the page showed
 * @typedef {{title: string, page: string, save: string}} ScanPlace
 *   of the scan drawn on: what it is called, and the addresses of its page and of its saves
 * @typedef {{key: string, schema: number, scope: string, tab: string, order: number,
 *   base: number | null, sent: boolean, changes: number, at: number, place: ScanPlace,
 *   work: Work}} Entry
 *   `key` makes repeating a save harmless; `scope` is USER:IMAGE; `base` is the revision it builds
 *   on, null: on the entry before it; `changes` counts gestures
 * @typedef {{put(entry: Entry): Promise<void>, remove(key: string): Promise<void>,
 *   entries(scope: string): Promise<Entry[]>, scopes(user: number): Promise<string[]>,
 *   readonly handover?: import("#editor/handover.js").Handover}} Journal
 */
import { Handover } from "#editor/handover.js";
import { answered, completed, openDatabase } from "#editor/stored.js";

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

  /** @param {number} user */
  async scopes(user) {
    const scopes = [...this.#entries.values()].map(({ scope }) => scope);
    return [...new Set(scopes)].filter((scope) => scope.startsWith(`${user}:`));
  }
}

/**
 * Kept on this computer's disk. Every call is rejected where the browser keeps nothing.
 *
 * @implements {Journal}
 */
export class IndexedJournal {
  /** @type {Promise<IDBDatabase> | null} */
  #opened = null;
  #makeRoom;
  handover = new Handover(localStorage);

  /** @param {() => Promise<void>} makeRoom gives up what is worth less than unsaved work */
  constructor(makeRoom = async () => {}) {
    this.#makeRoom = makeRoom;
  }

  /** @param {Entry} entry */
  async put(entry) {
    const kept = structuredClone(entry);
    const put = () => this.#write((store) => store.put(kept));
    try {
      await put();
    } catch {
      await this.#makeRoom();
      await put();
    }
  }

  /** @param {string} key */
  remove(key) {
    return this.#write((store) => store.delete(key));
  }

  /** @param {string} scope @returns {Promise<Entry[]>} */
  async entries(scope) {
    await this.#takeIn(scope);
    const store = (await this.#database()).transaction(ENTRIES).objectStore(ENTRIES);
    return answered(store.index("scope").getAll(scope));
  }

  /** @param {number} user @returns {Promise<string[]>} the scans with unconfirmed work */
  async scopes(user) {
    for (const scope of this.handover.scopes) await this.#takeIn(scope);
    const store = (await this.#database()).transaction(ENTRIES).objectStore(ENTRIES);
    const ofUser = IDBKeyRange.bound(`${user}:`, `${user};`);
    const entries = await answered(store.index("scope").getAll(ofUser));
    return [...new Set(entries.map(({ scope }) => scope))];
  }

  /** What a page that was left has handed over, newer than what it had kept. @param {string} scope */
  async #takeIn(scope) {
    for (const entry of this.handover.given(scope)) await this.put(entry);
    this.handover.taken(scope);
  }

  /** @param {(store: IDBObjectStore) => void} change */
  async #write(change) {
    const transaction = (await this.#database()).transaction(ENTRIES, "readwrite", {
      durability: "strict",
    });
    change(transaction.objectStore(ENTRIES));
    return completed(transaction);
  }

  /** A database that could not be opened is tried again with the next call. */
  #database() {
    this.#opened ??= openDatabase(DATABASE, (database) => {
      const store = database.createObjectStore(ENTRIES, { keyPath: "key" });
      store.createIndex("scope", "scope");
    });
    this.#opened.catch(() => (this.#opened = null));
    return this.#opened;
  }
}
