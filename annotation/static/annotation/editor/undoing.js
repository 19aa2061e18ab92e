/**
 * Undo and redo of one scan, kept over reloads as long as nobody has changed the work elsewhere.
 *
 * @typedef {import("#editor/drawing.js").Drawing} Drawing
 * @typedef {import("#editor/history.js").History<Drawing>} History
 */
import { sameDrawing } from "#editor/drawing.js";
import { UndoKeeper } from "#editor/undo-store.js";

export class Undoing {
  #history;
  #keeper;
  #isReady = false;

  /** @param {History} history @param {import("#editor/undo-store.js").UndoStore} store @param {string} scope */
  constructor(history, store, scope) {
    this.#history = history;
    this.#keeper = new UndoKeeper(store, scope);
  }

  /** @returns {Promise<boolean>} whether earlier moments can be undone or redone again */
  async recall() {
    const untouched = this.#history.moments.states.length === 1;
    const moments = await this.#keeper.recall().catch(() => null);
    this.#isReady = true;
    if (!moments || !untouched || this.#history.canUndo || this.#history.canRedo) return false;
    const position = this.#placeIn(moments);
    if (position < 0) return false;
    this.#history.recall({ ...moments, position });
    return true;
  }

  /** A page that was left may have had no time to keep its last step. @param {import("#editor/undo-store.js").Moments} moments */
  #placeIn({ states, position }) {
    const isPresent = (/** @type {Drawing} */ state) => sameDrawing(state, this.#history.present);
    return isPresent(states[position]) ? position : states.findLastIndex(isPresent);
  }

  /** Without room for it, undo ends with the page; the work itself is safe. */
  keep() {
    if (this.#isReady) this.#keeper.keep(this.#history.moments).catch(() => {});
  }

  forget() {
    this.#isReady = false;
    return this.#keeper.forget().catch(() => {});
  }
}
