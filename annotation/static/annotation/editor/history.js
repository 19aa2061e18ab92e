/**
 * Undo and redo over immutable states, one entry a gesture.
 *
 * @template State
 */
export class History {
  /** @type {State[]} */
  #past = [];
  /** @type {State[]} */
  #future = [];
  #limit;

  /** @param {State} present @param {number} limit how many gestures can be undone */
  constructor(present, limit = 200) {
    this.present = present;
    this.#limit = limit;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @param {State} state after a gesture */
  push(state) {
    this.#past.push(this.present);
    if (this.#past.length > this.#limit) this.#past.shift();
    this.#future = [];
    this.present = state;
  }

  /** All moments from the oldest, and the place of the present one. */
  get moments() {
    return {
      states: [...this.#past, this.present, ...this.#future.toReversed()],
      position: this.#past.length,
    };
  }

  /** Takes moments up again. @param {{states: State[], position: number}} moments */
  recall({ states, position }) {
    this.#past = states.slice(0, position);
    this.present = states[position];
    this.#future = states.slice(position + 1).reverse();
  }

  /** The same moment in another form, such as the server's. @param {State} state */
  replace(state) {
    this.present = state;
  }

  /** @returns {boolean} whether there was something to undo */
  undo() {
    return this.#step(this.#past, this.#future);
  }

  /** @returns {boolean} whether there was something to redo */
  redo() {
    return this.#step(this.#future, this.#past);
  }

  /** @param {State[]} from @param {State[]} to */
  #step(from, to) {
    const state = from.pop();
    if (state === undefined) return false;
    to.push(this.present);
    this.present = state;
    return true;
  }
}
