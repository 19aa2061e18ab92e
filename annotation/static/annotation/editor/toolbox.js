/**
 * The tools, one of which is active. A tool brings its actions along; it can be borrowed for as
 * long as its key is held.
 *
 * @typedef {import("#editor/actions.js").Actions} Actions
 * @typedef {import("#editor/tools/tool.js").Tool} Tool
 * @typedef {{
 *   readonly mode: {readonly editable: boolean},
 *   readonly input: {readonly isBusy: boolean, cancel(): boolean},
 *   toolChanged(): void,
 * }} Owner
 */
export class Toolbox {
  /** @type {Tool | null} */
  active = null;
  /** @type {Map<string, Tool>} */
  #tools = new Map();
  /** @type {string | null} the tool that comes back after a borrowed one */
  #own = null;
  #isDue = false;
  #owner;
  #actions;

  /** @param {Owner} owner @param {Actions} actions */
  constructor(owner, actions) {
    this.#owner = owner;
    this.#actions = actions;
  }

  /** @param {Tool} tool */
  add(tool) {
    this.#tools.set(tool.name, tool);
    if (tool.offer) this.#actions.add(this.#choice(tool.name, tool.offer));
    for (const action of tool.actions ?? []) {
      const applies = () => this.#owner.mode.editable && this.active === tool;
      this.#actions.add({ ...action, tool: tool.name, applies });
    }
  }

  close() {
    for (const tool of this.#tools.values()) tool.close?.();
  }

  /** @param {string} name */
  has(name) {
    return this.#tools.has(name);
  }

  /** @param {string} name @param {import("#editor/tools/tool.js").Offer} offer */
  #choice(name, offer) {
    return {
      name,
      group: "Tools",
      ...offer,
      applies: () => this.#owner.mode.editable,
      pressed: () => this.active?.name === name,
      run: () => this.borrow(name),
      release: (/** @type {boolean} */ wasHeld) => (wasHeld ? this.giveBack() : this.keep()),
    };
  }

  /** @param {string | null} name */
  use(name) {
    this.#take(name);
    this.keep();
  }

  /** Takes a tool and remembers the one before. @param {string} name */
  borrow(name) {
    const before = this.active?.name ?? null;
    if (before === name) return;
    this.#take(name);
    this.#own = before;
  }

  /** The borrowed tool stays. */
  keep() {
    this.#own = null;
    this.#isDue = false;
  }

  /** Back to the tool before the borrowed one, once the gesture is over. */
  giveBack() {
    this.#isDue = this.#own !== null;
    this.settle();
  }

  /** To be told when a gesture is over. */
  settle() {
    if (this.#isDue && !this.#owner.input.isBusy) this.use(this.#own);
  }

  /** @param {string | null} name */
  #take(name) {
    if (name !== null && !this.#tools.has(name)) return;
    this.#owner.input.cancel();
    this.active?.leave?.();
    this.active = name === null ? null : (this.#tools.get(name) ?? null);
    this.#owner.toolChanged();
  }
}
