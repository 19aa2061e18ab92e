/**
 * What one page tells the next of the same scan without waiting, for a page that is left has no
 * time: what it could not confirm, and the newest revision that this browser has saved. So a page
 * that the server wrote before a save reached it is known to be out of date.
 *
 * @typedef {import("#editor/journal.js").Entry} Entry
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Kept
 */

const HANDED = "myotrace-handed-";
const NEWEST = "myotrace-newest";
/** How many scans' newest revisions are remembered. */
const REMEMBERED = 500;

export class Handover {
  #storage;

  /** @param {Kept} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** Entries of one scan, in their newest form. @param {string} scope @param {Entry[]} entries */
  give(scope, entries) {
    this.#put(HANDED + scope, entries);
  }

  /** @param {string} scope @returns {Entry[]} */
  given(scope) {
    const found = this.#read(HANDED + scope);
    return Array.isArray(found) ? found : [];
  }

  /** They are kept elsewhere now. @param {string} scope */
  taken(scope) {
    this.#storage.removeItem(HANDED + scope);
  }

  /** The scans of which something is handed over. @returns {string[]} */
  get scopes() {
    const names = Array.from({ length: this.#storage.length }, (_, at) => this.#storage.key(at) ?? "");
    return names.filter((name) => name.startsWith(HANDED)).map((name) => name.slice(HANDED.length));
  }

  /** The newest revision that was confirmed. @param {string} scope @param {number} revision */
  confirm(scope, revision) {
    const others = this.#newest.filter(([other]) => other !== scope);
    this.#put(NEWEST, [...others, [scope, revision]].slice(-REMEMBERED));
  }

  /** @param {string} scope @returns {number} 0: none is known */
  confirmed(scope) {
    const [, revision] = this.#newest.find(([other]) => other === scope) ?? [scope, 0];
    return revision;
  }

  /** @returns {[string, number][]} */
  get #newest() {
    const found = this.#read(NEWEST);
    return Array.isArray(found) ? found : [];
  }

  /** Where there is no room, the journal and the server's check of revisions are left. @param {string} name @param {unknown} value */
  #put(name, value) {
    try {
      this.#storage.setItem(name, JSON.stringify(value));
    } catch {
      this.#storage.removeItem(name);
    }
  }

  /** @param {string} name */
  #read(name) {
    try {
      return JSON.parse(this.#storage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  }
}
