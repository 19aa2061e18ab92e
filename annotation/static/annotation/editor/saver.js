/**
 * Saves every gesture as a revision: journal first, then the server, one save at a time, repeated
 * until it is confirmed. A save that builds on an outdated revision is a conflict and is held back.
 *
 * @typedef {import("#editor/journal.js").Entry} Entry
 * @typedef {import("#editor/journal.js").Journal} Journal
 * @typedef {import("#editor/journal.js").Work} Work
 * @typedef {import("#editor/journal.js").ScanPlace} ScanPlace
 * @typedef {{status: number, data: any}} Answer
 * @typedef {{kind: "saved", at: number | null}
 *   | {kind: "saving", changes: number}
 *   | {kind: "offline", changes: number}
 *   | {kind: "signed-out", changes: number}
 *   | {kind: "forbidden", message: string, changes: number}
 *   | {kind: "newer", changes: number}
 *   | {kind: "refused", message: string, changes: number}
 *   | {kind: "conflict", head: any, changes: number}} SaveState
 * @typedef {{
 *   journal: Journal, scope: string, place: ScanPlace, revision: number,
 *   send: (entry: Entry, base: number, leaving: boolean) => Promise<Answer>,
 *   onState: (state: SaveState) => void,
 *   onSaved: (answer: any, isLatest: boolean) => void,
 *   now?: () => number,
 * }} SaverOptions `send` rejects when the server was not reached
 */
import { SCHEMA } from "#editor/drawing.js";
import { latestChain, randomKey } from "#editor/journal.js";

/** From the first unsaved gesture to its save. ms */
const SAVE_DELAY = 400;
const RETRY_DELAYS = [1000, 2000, 5000, 10000, 30000];
/** States in which nothing is sent until a person decides. */
const HELD = new Set(["conflict", "refused", "newer"]);

export class Saver {
  /** @type {Entry[]} oldest first; only the last can still take up changes */
  #queue = [];
  #order = 0;
  #failures = 0;
  /** @type {Promise<void> | null} */
  #draining = null;
  #started = false;
  #keepsNothing = false;
  /** @type {Set<string>} keys of entries that the browser had no room for */
  #unkept = new Set();
  #closed = false;
  /** @type {SaveState} */
  #state = { kind: "saved", at: null };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(() => void)[]} */
  #waiters = [];
  #tab = randomKey();
  #options;
  #now;

  /** @param {SaverOptions} options */
  constructor(options) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.revision = options.revision;
  }

  get state() {
    return this.#state;
  }

  /** Whether the browser could not keep the changes itself. */
  get journalFailed() {
    return this.#keepsNothing || this.#unkept.size > 0;
  }

  /** Resolves when nothing is unsaved. @returns {Promise<void>} */
  get saved() {
    if (!this.#queue.length) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Takes up what an earlier page left unconfirmed, and begins to save. What a newer page left is
   * not touched, and nothing is saved then.
   *
   * @returns {Promise<Work | null>} the newest of it, where nothing was drawn here meanwhile
   */
  async start() {
    const { journal, scope } = this.#options;
    const entries = await journal.entries(scope).catch(() => this.#onlyHandedOver());
    const left = latestChain(entries.filter(({ tab }) => tab !== this.#tab));
    if (entries.some(({ schema }) => schema > SCHEMA)) {
      this.#hold({ kind: "newer", changes: left.reduce((sum, { changes }) => sum + changes, 0) });
      return null;
    }
    const newest = left.length && !this.#queue.length ? left[left.length - 1].work : null;
    await this.#adopt(left);
    this.#started = true;
    if (!this.#queue.length) return null;
    this.#setState({ kind: "saving", changes: this.#changes() });
    this.#saveIn(0);
    return newest;
  }

  /** An unsent entry gets a new key: its first page may live and still change it. @param {Entry[]} left */
  async #adopt(left) {
    const drawnHere = this.#queue;
    const adopted = left.map((entry) => ({
      ...entry,
      key: entry.sent ? entry.key : randomKey(),
      tab: this.#tab,
    }));
    this.#queue = [...adopted, ...drawnHere];
    if (left.length && drawnHere.length) drawnHere[0].base = null;
    this.#queue.forEach((entry, index) => (entry.order = index + 1));
    this.#order = this.#queue.length;
    for (const entry of this.#queue) await this.#keep(entry);
    const keys = adopted.map(({ key }) => key);
    for (const { key } of left) if (!keys.includes(key)) await this.#forget(key);
  }

  /** What the page before has handed over, where the browser keeps nothing else. @returns {Entry[]} */
  #onlyHandedOver() {
    this.#keepsNothing = true;
    const { journal, scope } = this.#options;
    return journal.handover?.given(scope) ?? [];
  }

  /** @param {Work} work after a gesture; its seconds and tools are those of this gesture alone */
  change(work) {
    const last = this.#queue.at(-1);
    if (this.#state.kind === "refused" && last) this.#replaceRefused(work);
    else if (last && !last.sent) this.#extend(last, work);
    else this.#append(work, last ? null : this.revision);
    if (this.#failures === 0 && this.#state.kind !== "conflict") {
      this.#setState({ kind: "saving", changes: this.#changes() });
      if (!this.#timer) this.#saveIn(SAVE_DELAY);
    } else {
      this.#setState({ .../** @type {any} */ (this.#state), changes: this.#changes() });
    }
  }

  /** @param {Work} work @param {number | null} base @param {number} changes */
  #append(work, base, changes = 1) {
    this.#order += 1;
    const entry = {
      key: randomKey(),
      schema: SCHEMA,
      place: this.#options.place,
      scope: this.#options.scope,
      tab: this.#tab,
      order: this.#order,
      base,
      sent: false,
      changes,
      at: this.#now(),
      work,
    };
    this.#queue.push(entry);
    return this.#keep(entry);
  }

  /** @param {Entry} entry @param {Work} work */
  #extend(entry, work) {
    entry.work = merged(entry.work, work);
    entry.changes += 1;
    entry.at = this.#now();
    this.#keep(entry);
  }

  /** The server will never take the refused work: what follows it stands in its place. @param {Work} work */
  #replaceRefused(work) {
    const refused = this.#queue;
    this.#queue = [];
    const newest = refused.reduce((sum, entry) => merged(sum, entry.work), noWork());
    const changes = refused.reduce((sum, entry) => sum + entry.changes, 1);
    this.#append(merged(newest, work), refused[0].base, changes).then(() =>
      refused.forEach((entry) => this.#forget(entry.key)),
    );
    this.#failures = 0;
  }

  /** Saves what waits without delay. @param {boolean} leaving the page is being left */
  flush(leaving = false) {
    const drained = this.#drain(leaving);
    if (leaving && this.#queue.length) this.#options.journal.handover?.give(this.#options.scope, this.#queue);
    return drained;
  }

  /** Asks the server no more; what is not confirmed stays in the journal. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** After a conflict: the work of this window becomes a new revision on top of the other. @param {Work} work */
  async keepMine(work) {
    if (this.#state.kind !== "conflict") return;
    this.revision = this.#state.head.revision;
    const refused = this.#queue;
    this.#queue = [];
    await this.#append(work, this.revision);
    for (const entry of refused) await this.#forget(entry.key);
    this.#setState({ kind: "saving", changes: this.#changes() });
    await this.#drain(false);
  }

  /** After a conflict: the work of this window is let go. @returns {Promise<any>} the other's */
  async takeTheirs() {
    if (this.#state.kind !== "conflict") return null;
    const { head } = this.#state;
    this.revision = head.revision;
    for (const entry of this.#queue) await this.#forget(entry.key);
    this.#queue = [];
    this.#settle(null);
    return head;
  }

  #changes() {
    return this.#queue.reduce((sum, entry) => sum + entry.changes, 0);
  }

  /** @param {number} delay ms */
  #saveIn(delay) {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#drain(false), delay);
  }

  /** @param {boolean} leaving @returns {Promise<void>} when all is saved, or cannot be for now */
  #drain(leaving) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#started || HELD.has(this.#state.kind)) return Promise.resolve();
    this.#draining ??= this.#saveAll(leaving).finally(() => (this.#draining = null));
    return this.#draining;
  }

  /** @param {boolean} leaving */
  async #saveAll(leaving) {
    while (!this.#closed && this.#queue.length && (await this.#saveFirst(leaving))) leaving = false;
  }

  /** @param {boolean} leaving @returns {Promise<boolean>} whether it was confirmed */
  async #saveFirst(leaving) {
    const entry = this.#queue[0];
    entry.base ??= this.revision;
    entry.sent = true;
    const kept = this.#keep(entry);
    if (!leaving) await kept;
    try {
      const answer = await this.#options.send(entry, entry.base, leaving);
      return await this.#take(entry, answer);
    } catch {
      return this.#retry("offline");
    }
  }

  /** @param {Entry} entry @param {Answer} answer */
  async #take(entry, { status, data }) {
    const isNext = data?.revision === /** @type {number} */ (entry.base) + 1;
    if (status >= 200 && status < 300 && isNext) {
      await this.#confirm(entry, data);
      return true;
    }
    if (status === 412 || status === 200) return this.#hold(this.#conflict(data));
    if (status === 401 || (status === 403 && /^CSRF/.test(data?.detail ?? ""))) {
      return this.#retry("signed-out");
    }
    if (status === 403 || status === 404) return this.#retry("forbidden", data?.detail);
    if (status >= 500 || status === 429 || status === 408) return this.#retry("offline");
    const message = data?.detail ?? `the server answered ${status}`;
    return this.#hold({ kind: "refused", message, changes: this.#changes() });
  }

  /** A repeated save whose revision is no longer the newest is a conflict, too. @param {any} head @returns {SaveState} */
  #conflict(head) {
    return {
      kind: "conflict",
      head: { ...head, revision: head?.revision ?? 0, regions: head?.regions ?? [] },
      changes: this.#changes(),
    };
  }

  /** @param {Entry} entry @param {any} data */
  async #confirm(entry, data) {
    this.#failures = 0;
    this.revision = data.revision;
    this.#options.journal.handover?.confirm(this.#options.scope, this.revision);
    this.#queue.shift();
    const next = this.#queue[0];
    if (next) {
      next.base = this.revision;
      await this.#keep(next);
    }
    await this.#forget(entry.key);
    this.#options.onSaved(data, this.#queue.length === 0);
    if (!this.#queue.length) this.#settle(this.#now());
  }

  /** @param {number | null} at */
  #settle(at) {
    const { journal, scope } = this.#options;
    journal.handover?.taken(scope);
    this.#setState({ kind: "saved", at });
    this.#waiters.splice(0).forEach((resolve) => resolve());
  }

  /** @param {"offline" | "signed-out" | "forbidden"} kind @param {string} message the server's */
  #retry(kind, message = "") {
    const delay = RETRY_DELAYS[Math.min(this.#failures, RETRY_DELAYS.length - 1)];
    this.#failures += 1;
    this.#setState(
      kind === "forbidden"
        ? { kind, message, changes: this.#changes() }
        : { kind, changes: this.#changes() },
    );
    this.#saveIn(delay);
    return false;
  }

  /** @param {SaveState} state in which nothing more is sent until a person decides */
  #hold(state) {
    this.#setState(state);
    return false;
  }

  /** A full or forbidden journal must not keep the server from being asked. @param {Entry} entry */
  async #keep(entry) {
    try {
      await this.#options.journal.put(entry);
      this.#unkept.delete(entry.key);
    } catch {
      this.#unkept.add(entry.key);
    }
  }

  /** What stays behind in the journal is repeated under its key and answered as before. @param {string} key */
  async #forget(key) {
    this.#unkept.delete(key);
    await this.#options.journal.remove(key).catch(() => {});
  }

  /** @param {SaveState} state */
  #setState(state) {
    this.#state = state;
    this.#options.onState(state);
  }
}

/** @returns {Work} */
function noWork() {
  return {
    regions: [],
    origin: "drawn",
    suggestion_version: "",
    decision: "",
    reason: "",
    based_on: null,
    seconds: 0,
    tools: {},
  };
}

/** The later work with the time and the gestures of both, and the pre-label of the page where it began. @param {Work} earlier @param {Work} later @returns {Work} */
function merged(earlier, later) {
  const tools = { ...earlier.tools };
  for (const [name, amount] of Object.entries(later.tools)) tools[name] = (tools[name] ?? 0) + amount;
  const based_on = later.based_on ?? earlier.based_on;
  const offered_version = earlier.offered_version ?? later.offered_version;
  const seconds = earlier.seconds + later.seconds;
  return { ...later, based_on, offered_version, seconds, tools };
}
