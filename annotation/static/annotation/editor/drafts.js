/**
 * Lines that are started and not put in yet: one a tool, with undo and redo by point. Another tool
 * parks them; they are kept in the browser over reloads, at once and without waiting, so that not
 * even a page that is killed forgets a click.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {{label: string, points: Point[], legs?: (Point[] | null)[], hand?: number | null}} Draft
 *   `label`: the structure that it is for; `points`: where was clicked, or drawn free-hand. Of a
 *   wire `legs` are the lines between two points, null where one is still to be worked out, and
 *   `hand` is the side on which it is bright, once that is decided
 * @typedef {{states: (Draft | null)[], position: number}} Moments
 * @typedef {import("#editor/handover.js").Kept} Kept
 */
import { History } from "#editor/history.js";

const STORED = "myotrace-draft";
/** How many steps come back after a reload, and the largest text that is kept of them. */
const KEPT_STEPS = 60;
const KEPT_TEXT = 500_000;
/** When the scans with lines were seen last: a text apart, for the lines themselves are long. */
const SEEN = "myotrace-drafts";
/** Older lines are let go. ms */
const LONGEST = 14 * 24 * 3600_000;

export class Drafts {
  /** @type {Map<string, History<Draft | null>>} by the tool's name */
  #lines = new Map();
  #storage;
  #place;
  #onChange;

  /** @param {Kept} storage @param {string} scope @param {() => void} onChange @param {() => number} now ms */
  constructor(storage, scope, onChange, now = Date.now) {
    this.#storage = storage;
    this.#onChange = onChange;
    this.#place = `${STORED}-${scope}`;
    letGoOld(storage, this.#place, now());
    for (const [tool, moments] of read(storage.getItem(this.#place))) this.#line(tool).recall(moments);
  }

  /** @param {string} tool @returns {Draft | null} */
  of(tool) {
    return this.#lines.get(tool)?.present ?? null;
  }

  /** The tools with something unfinished. */
  get unfinished() {
    return [...this.#lines].flatMap(([tool, { present }]) => (present ? [tool] : []));
  }

  /** One step of work on the line; null gives it up. @param {string} tool @param {Draft | null} draft */
  put(tool, draft) {
    this.#line(tool).push(draft);
    this.#keep();
  }

  /** The same moment in another form, such as with a leg that has been worked out. @param {string} tool @param {Draft} draft */
  settle(tool, draft) {
    this.#line(tool).replace(draft);
    this.#keep();
  }

  /** The line is put in. @param {string} tool */
  end(tool) {
    this.#lines.delete(tool);
    this.#keep();
  }

  /** Undo goes back to what was done since lines were given up, and not to these. */
  endGivenUp() {
    for (const [tool, { present, canUndo }] of this.#lines) if (!present && canUndo) this.end(tool);
  }

  /** @param {string} tool */
  canUndo(tool) {
    return this.#lines.get(tool)?.canUndo ?? false;
  }

  /** @param {string} tool */
  canRedo(tool) {
    return this.#lines.get(tool)?.canRedo ?? false;
  }

  /** @param {string} tool */
  undo(tool) {
    this.#line(tool).undo();
    this.#keep();
  }

  /** @param {string} tool */
  redo(tool) {
    this.#line(tool).redo();
    this.#keep();
  }

  /** The work is done. */
  forget() {
    this.#lines.clear();
    this.#keep();
  }

  /** @param {string} tool */
  #line(tool) {
    const known = this.#lines.get(tool);
    if (known) return known;
    /** @type {History<Draft | null>} */
    const line = new History(null);
    this.#lines.set(tool, line);
    return line;
  }

  /** Without room for it the line ends with the page. */
  #keep() {
    this.#onChange();
    try {
      const lines = [...this.#lines].filter(([, { present, canUndo }]) => present || canUndo);
      if (lines.length) this.#storage.setItem(this.#place, written(lines));
      else this.#storage.removeItem(this.#place);
    } catch {
      this.#storage.removeItem(this.#place);
    }
  }
}

/** A line's time begins with the next scan that is opened, and anew with its own. @param {Kept} storage @param {string} opened @param {number} now ms */
function letGoOld(storage, opened, now) {
  const before = seen(storage);
  const names = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
  /** @type {Record<string, number>} */
  const after = {};
  for (const name of names.filter((one) => one.startsWith(`${STORED}-`))) {
    const at = before[name] ?? now;
    if (at < now - LONGEST) storage.removeItem(name);
    else after[name] = name === opened ? now : at;
  }
  try {
    storage.setItem(SEEN, JSON.stringify(after));
  } catch {
    storage.removeItem(SEEN);
  }
}

/** @param {Kept} storage @returns {Record<string, number>} */
function seen(storage) {
  try {
    return JSON.parse(storage.getItem(SEEN) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** The newest steps, or only the present one where they are long. @param {[string, History<Draft | null>][]} lines */
function written(lines) {
  const text = JSON.stringify(lines.map(([tool, line]) => [tool, newest(line.moments, KEPT_STEPS)]));
  if (text.length <= KEPT_TEXT) return text;
  return JSON.stringify(lines.map(([tool, line]) => [tool, newest(line.moments, 0)]));
}

/** @param {Moments} moments @param {number} steps @returns {Moments} */
function newest({ states, position }, steps) {
  const first = Math.max(0, position - steps);
  return { states: states.slice(first, position + steps + 1), position: position - first };
}

/** What was stored, as far as it can be read. @param {string | null} text @returns {[string, Moments][]} */
function read(text) {
  try {
    const found = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(([, moments]) => moments.position in moments.states) : [];
  } catch {
    return [];
  }
}
