/**
 * Keys of the editor: each runs the action that the registry has for it; a key that is held is
 * told when it goes up.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/actions.js").Actions} Actions
 */
import { isTyping, keyNames } from "#editor/keys.js";

/** A key that stays down longer than this is held, else it was tapped. ms */
const TAP = 300;

export class Keyboard {
  /** @type {Map<string, {action: Action, since: number, isUsed: boolean}>} by the key's place */
  #held = new Map();
  #listeners = new AbortController();
  #actions;
  #onPress;

  /** @param {HTMLElement} host @param {Actions} actions @param {() => void} onPress before an action runs */
  constructor(host, actions, onPress) {
    this.#actions = actions;
    this.#onPress = onPress;
    const { signal } = this.#listeners;
    host.addEventListener("keydown", (event) => this.#down(event), { signal });
    window.addEventListener("keyup", (event) => this.#up(placeOf(event)), { signal });
    window.addEventListener("blur", () => this.#allUp(), { signal });
  }

  close() {
    this.#listeners.abort();
  }

  /** What is held now serves a gesture, however short. */
  use() {
    for (const held of this.#held.values()) held.isUsed = true;
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (event.defaultPrevented || isTyping(event.target, event)) return;
    if (this.#held.has(placeOf(event))) return event.preventDefault();
    const action = this.#actions.forKey(...keyNames(event));
    if (!action) return;
    event.preventDefault();
    if (event.repeat && !action.repeats) return;
    this.#onPress();
    const isTaken = this.#actions.run(action, event.key);
    if (isTaken && action.release) this.#hold(placeOf(event), action);
  }

  /** @param {string} place @param {Action} action */
  #hold(place, action) {
    this.#held.set(place, { action, since: performance.now(), isUsed: false });
  }

  /** @param {string} place */
  #up(place) {
    const held = this.#held.get(place);
    if (!held) return;
    this.#held.delete(place);
    held.action.release?.(held.isUsed || performance.now() - held.since > TAP);
  }

  #allUp() {
    for (const place of [...this.#held.keys()]) this.#up(place);
  }
}

/** Where the key lies; keys on a screen lie nowhere. @param {KeyboardEvent} event */
function placeOf({ code, key }) {
  return code || key;
}
