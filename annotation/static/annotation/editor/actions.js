/**
 * The registry of actions: all that can be done in the editor, each thing once. Toolbar, buttons,
 * keys and the help overlay are made from it.
 *
 * @typedef {{text: string, sign?: string}} Button a word, and a sign in place of the key
 *
 * @typedef {{
 *   name: string,
 *   group: string,
 *   label: string,
 *   keys?: string[],
 *   button?: Button,
 *   bar?: string,
 *   tool?: string,
 *   repeats?: boolean,
 *   duringStroke?: boolean,
 *   decides?: boolean,
 *   mayEcho?: boolean,
 *   otherwise?: string,
 *   applies?(): boolean,
 *   enabled?(): boolean,
 *   pressed?(): boolean,
 *   run(): void,
 *   release?(wasHeld: boolean): void,
 * }} Action
 *   `group`: its heading in the help; `label`: what it does, as the help says it;
 *   `keys`: its shortcuts until a person changes them, as `keys.js` spells them; without, it gets
 *   none;
 *   `button`: it has one in the toolbar; `bar`: a tool's own has one over the scan where there are
 *   fingers or a pen, with this word; `tool`: the tool that brings it along, and during which
 *   its keys go before all others; `repeats`: a key that stays down runs it again;
 *   `duringStroke`: it can be done while the pointer is down; `decides`: it hands the scan in, or
 *   decides on it, and needs a scan that was seen; `mayEcho`: as with these, a key of it that comes
 *   at once shows nothing of the kind;
 *   `otherwise`: what is said where it applies and is not enabled;
 *   `applies`: false as long as it is as good as not there; `enabled`: whether it can be run now;
 *   `pressed`: whether its button looks held down; `release`: its key goes up again, after it was
 *   held for a while or used in a gesture, or after a mere tap
 */

export class Actions {
  /** @type {Map<string, Action>} */
  #actions = new Map();
  #keymap;
  #say;
  #refusal;

  /** @param {import("#editor/keymap.js").Keymap} keymap @param {(text: string) => void} say @param {(action: Action, how: string) => string} refusal why nothing of its kind is done at this moment, else empty */
  constructor(keymap, say, refusal = () => "") {
    this.#keymap = keymap;
    this.#say = say;
    this.#refusal = refusal;
  }

  /** @param {Action[]} actions */
  add(...actions) {
    for (const action of actions) {
      if (this.#actions.has(action.name)) throw new Error(`two actions are named ${action.name}`);
      this.#actions.set(action.name, action);
    }
  }

  /** All of them, in the order in which they were added. */
  get all() {
    return [...this.#actions.values()];
  }

  /** @param {string} name */
  named(name) {
    return this.#actions.get(name) ?? null;
  }

  /** The keys that work for it. @param {Action} action */
  keysOf(action) {
    return this.#keymap.keysOf(action);
  }

  /** The text with the first key of each action that stands in it, as in `{undo} brings it back`. @param {string} text */
  withKeys(text) {
    return text.replace(/\{([a-z-]+)\}/g, (whole, name) => {
      const action = this.named(name);
      if (!action) return whole;
      return this.keysOf(action)[0] ?? `“${action.button?.text ?? action.label}”`;
    });
  }

  /** What a key means now, by the first of its names that means something. @param {string[]} keys */
  forKey(...keys) {
    for (const key of keys) {
      const found = this.#forName(key);
      if (found) return found;
    }
    return null;
  }

  /** The active tool's own before all others, what can be run before what cannot. @param {string} key */
  #forName(key) {
    const meant = this.all.filter((action) => applies(action) && this.keysOf(action).includes(key));
    const ordered = [...meant.filter(({ tool }) => tool), ...meant.filter(({ tool }) => !tool)];
    return ordered.find(canRun) ?? ordered[0] ?? null;
  }

  /** Keys and buttons alike. @param {Action} action @param {string} how the key, or `press` @returns {boolean} whether it was not refused */
  run(action, how = "press") {
    const refusal = this.#refusal(action, how);
    if (refusal) this.#say(refusal);
    else if (canRun(action)) action.run();
    else if (applies(action) && action.otherwise) this.#say(action.otherwise);
    return !refusal;
  }
}

/** @param {Action} action */
function applies(action) {
  return action.applies?.() ?? true;
}

/** @param {Action} action */
export function canRun(action) {
  return applies(action) && (action.enabled?.() ?? true);
}
