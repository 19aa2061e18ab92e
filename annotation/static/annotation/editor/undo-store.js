/**
 * Undo and redo over reloads. Every moment is written once, when it first appears; what belongs to
 * a scan is a list of moments and the place of the present one in it.
 *
 * @typedef {import("#editor/drawing.js").Drawing} Drawing
 * @typedef {{states: Drawing[], position: number}} Moments
 * @typedef {{scope: string, numbers: number[], position: number, at: number}} Place
 * @typedef {{scope: string, number: number, drawing: Drawing}} Moment
 * @typedef {{
 *   read(scope: string): Promise<{place: Place, moments: Moment[]} | null>,
 *   write(place: Place, added: Moment[], dropped: number[]): Promise<void>,
 *   clear(scope: string): Promise<void>,
 * }} UndoStore
 */
import { answered, completed, openDatabase } from "#editor/stored.js";

const DATABASE = "myotrace-undo";
/** Older undo lists are let go. ms */
const LONGEST = 14 * 24 * 3600_000;

export class UndoKeeper {
  /** @type {WeakMap<Drawing, number>} */
  #numbers = new WeakMap();
  /** @type {Set<number>} */
  #written = new Set();
  #last = 0;
  #store;
  #scope;
  #now;

  /** @param {UndoStore} store @param {string} scope @param {() => number} now ms */
  constructor(store, scope, now = Date.now) {
    this.#store = store;
    this.#scope = scope;
    this.#now = now;
  }

  /** @returns {Promise<Moments | null>} what was kept last, and is kept on */
  async recall() {
    const found = await this.#store.read(this.#scope);
    if (!found) return null;
    const byNumber = new Map(found.moments.map(({ number, drawing }) => [number, drawing]));
    const states = found.place.numbers.flatMap((number) => byNumber.get(number) ?? []);
    if (states.length !== found.place.numbers.length) return null;
    states.forEach((state, index) => this.#numbers.set(state, found.place.numbers[index]));
    this.#written = new Set(found.place.numbers);
    this.#last = Math.max(0, ...this.#written);
    return { states, position: found.place.position };
  }

  /** @param {Moments} moments as they are now */
  async keep({ states, position }) {
    const numbers = states.map((state) => this.#numberOf(state));
    const added = states.flatMap((drawing, index) =>
      this.#written.has(numbers[index])
        ? []
        : [{ scope: this.#scope, number: numbers[index], drawing }],
    );
    const dropped = [...this.#written].filter((number) => !numbers.includes(number));
    this.#written = new Set(numbers);
    const place = { scope: this.#scope, numbers, position, at: this.#now() };
    await this.#store.write(place, added, dropped);
  }

  /** The work is done: nothing of it will be undone. */
  async forget() {
    this.#written.clear();
    await this.#store.clear(this.#scope);
  }

  /** @param {Drawing} state */
  #numberOf(state) {
    const number = this.#numbers.get(state) ?? (this.#last += 1);
    this.#numbers.set(state, number);
    return number;
  }
}

/** @implements {UndoStore} */
export class IndexedUndoStore {
  #database = openDatabase(DATABASE, (database) => {
    database.createObjectStore("places", { keyPath: "scope" });
    database.createObjectStore("moments", { keyPath: ["scope", "number"] });
  });

  /** @param {string} scope */
  async read(scope) {
    await this.#letGoOld();
    const stores = (await this.#database).transaction(["places", "moments"]);
    const [place, moments] = await Promise.all([
      answered(stores.objectStore("places").get(scope)),
      answered(stores.objectStore("moments").getAll(momentsOf(scope))),
    ]);
    return place ? { place, moments } : null;
  }

  /** @param {Place} place @param {Moment[]} added @param {number[]} dropped */
  write(place, added, dropped) {
    return this.#change(({ places, moments }) => {
      places.put(place);
      for (const moment of added) moments.put(moment);
      for (const number of dropped) moments.delete([place.scope, number]);
    });
  }

  /** @param {string} scope */
  clear(scope) {
    return this.#change(({ places, moments }) => {
      places.delete(scope);
      moments.delete(momentsOf(scope));
    });
  }

  /** Makes room: unsaved work is worth more than undo. */
  clearAll() {
    return this.#change(({ places, moments }) => {
      places.clear();
      moments.clear();
    });
  }

  async #letGoOld() {
    const stores = (await this.#database).transaction("places");
    /** @type {Place[]} */
    const places = await answered(stores.objectStore("places").getAll());
    for (const { scope, at } of places) if (at < Date.now() - LONGEST) await this.clear(scope);
  }

  /** @param {(stores: {places: IDBObjectStore, moments: IDBObjectStore}) => void} change */
  async #change(change) {
    const transaction = (await this.#database).transaction(["places", "moments"], "readwrite");
    change({
      places: transaction.objectStore("places"),
      moments: transaction.objectStore("moments"),
    });
    await completed(transaction);
  }
}

/** @param {string} scope every [scope, number] lies between these */
function momentsOf(scope) {
  return IDBKeyRange.bound([scope], [scope, []]);
}
