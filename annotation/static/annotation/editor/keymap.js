/**
 * Which keys an action has: those it brings, unless a person has given it another one. A person's
 * keys stay on the machine where they were set.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {{own: Record<string, string>, hasCharacters: boolean}} Kept
 */

const STORED = "myotrace-keys";

/** Keys that browsers do not hand over. */
const KEPT_BY_BROWSERS = new Set([
  ...["Ctrl+N", "Ctrl+T", "Ctrl+W", "Ctrl+Shift+N", "Ctrl+Shift+T", "Ctrl+Shift+W"],
  ...["Ctrl+R", "Ctrl+Shift+R", "F5", "F11", "F12", "Tab", "Shift+Tab", "Escape"],
]);

/** @param {string} key */
export function isKeptByBrowsers(key) {
  return KEPT_BY_BROWSERS.has(key);
}

/** Whether speech input or a slip of the hand may type it: one letter, digit or sign alone. @param {string} key */
export function isCharacter(key) {
  return key.replace("Shift+", "").length === 1;
}

export class Keymap {
  /** @type {Kept} */
  #kept;
  #storage;
  #place;

  /** @param {Pick<Storage, "getItem" | "setItem">} storage @param {number} user */
  constructor(storage, user) {
    this.#storage = storage;
    this.#place = `${STORED}-${user}`;
    this.#kept = read(storage.getItem(this.#place));
  }

  /** Whether a letter, digit or sign alone is a key. */
  get hasCharacters() {
    return this.#kept.hasCharacters;
  }

  set hasCharacters(value) {
    this.#keep({ ...this.#kept, hasCharacters: value });
  }

  /** The keys that work. @param {Action} action */
  keysOf(action) {
    return this.assignedTo(action).filter((key) => this.hasCharacters || !isCharacter(key));
  }

  /** The keys it has, those that are switched off too. @param {Action} action @returns {string[]} */
  assignedTo({ name, keys = [] }) {
    const own = this.#kept.own[name];
    return own ? [own] : keys;
  }

  /** @param {Action} action @param {string} key in place of all that it had */
  assign({ name }, key) {
    this.#keep({ ...this.#kept, own: { ...this.#kept.own, [name]: key } });
  }

  /** Every action has its own keys again. */
  restore() {
    this.#keep({ own: {}, hasCharacters: true });
  }

  /** Actions that share a key with another of the same moment, though neither was made so. @param {Action[]} actions @returns {Map<string, {key: string, with: Action}>} by name */
  conflicts(actions) {
    /** @type {Map<string, {key: string, with: Action}>} */
    const found = new Map();
    for (const action of actions) {
      for (const other of actions) {
        const key = action === other ? undefined : this.#sharedKey(action, other);
        if (key !== undefined) found.set(action.name, { key, with: other });
      }
    }
    return found;
  }

  /** @param {Action} action @param {Action} other */
  #sharedKey(action, other) {
    if (action.tool && other.tool && action.tool !== other.tool) return undefined;
    return this.assignedTo(action).find(
      (key) =>
        this.assignedTo(other).includes(key) &&
        !(action.keys?.includes(key) && other.keys?.includes(key)),
    );
  }

  /** @param {Kept} kept */
  #keep(kept) {
    this.#kept = kept;
    this.#storage.setItem(this.#place, JSON.stringify(kept));
  }
}

/** What was stored, as far as it can be read. @param {string | null} stored @returns {Kept} */
function read(stored) {
  try {
    const { own, hasCharacters } = JSON.parse(stored ?? "{}");
    const pairs = Object.entries(own ?? {}).filter(([, key]) => typeof key === "string");
    return { own: Object.fromEntries(pairs), hasCharacters: hasCharacters !== false };
  } catch {
    return { own: {}, hasCharacters: true };
  }
}
