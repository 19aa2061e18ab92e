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
    if (!sameDrawing(moments.states[moments.position], this.#history.present)) return false;
    this.#history.recall(moments);
    return true;
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
