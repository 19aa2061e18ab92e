/**
 * The help overlay: every action that may have a key, under the headings of its group. A key is changed
 * by pressing its button and then the new key.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/actions.js").Actions} Actions
 * @typedef {import("#editor/keymap.js").Keymap} Keymap
 * @typedef {{dialog: HTMLElement, list: HTMLElement, message: HTMLElement,
 *   characters: HTMLElement, restore: HTMLElement}} Pieces
 */
import { isCharacter, isKeptByBrowsers } from "#editor/keymap.js";
import { keyName } from "#editor/keys.js";

const MODIFIERS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock"]);

/** @param {string} name @param {(string | Node)[]} content */
function make(name, ...content) {
  const node = document.createElement(name);
  node.append(...content);
  return node;
}

export class Help {
  /** @type {Action | null} whose new key is waited for */
  #waiting = null;
  #dialog;
  #characters;
  #pieces;
  #actions;
  #keymap;
  #onChange;

  /** @param {Pieces} pieces @param {Actions} actions @param {Keymap} keymap @param {() => void} onChange of keys */
  constructor(pieces, actions, keymap, onChange) {
    this.#pieces = pieces;
    this.#actions = actions;
    this.#keymap = keymap;
    this.#onChange = onChange;
    this.#dialog = /** @type {HTMLDialogElement} */ (pieces.dialog);
    this.#characters = /** @type {HTMLInputElement} */ (pieces.characters);
    this.#dialog.addEventListener("keydown", (event) => this.#press(event));
    this.#dialog.addEventListener("close", () => this.#wait(null));
    this.#characters.addEventListener("change", () => this.#switchCharacters());
    pieces.restore.addEventListener("click", () => this.#restore());
  }

  open() {
    this.#say("");
    this.#show();
    this.#dialog.showModal();
  }

  /** @param {string} text */
  #say(text) {
    this.#pieces.message.textContent = text;
  }

  #show() {
    const all = this.#actions.all.filter(({ keys }) => keys);
    const conflicts = this.#keymap.conflicts(all);
    const groups = [...new Set(all.map(({ group }) => group))];
    this.#characters.checked = this.#keymap.hasCharacters;
    this.#pieces.list.replaceChildren(
      ...groups.map((group) =>
        make(
          "section",
          make("h3", group),
          make(
            "ul",
            ...all
              .filter((action) => action.group === group)
              .map((action) => this.#row(action, conflicts.get(action.name))),
          ),
        ),
      ),
    );
  }

  /** @param {Action} action @param {{key: string, with: Action} | undefined} conflict */
  #row(action, conflict) {
    const row = make("li", this.#keysButton(action), make("span", action.label));
    if (!conflict) return row;
    const also = make("em", `${conflict.key} is also: ${conflict.with.label}`);
    row.append(also);
    row.dataset.conflict = conflict.key;
    return row;
  }

  /** @param {Action} action */
  #keysButton(action) {
    const keys = this.#keymap.assignedTo(action);
    const button = /** @type {HTMLButtonElement} */ (make("button"));
    button.type = "button";
    button.dataset.keysOf = action.name;
    button.setAttribute("aria-label", `${action.label}: ${keys.join(" ") || "no key"}. Change`);
    if (action === this.#waiting) button.textContent = "press a key";
    else button.append(...(keys.length ? keys : ["–"]).flatMap((key) => [this.#keycap(key), " "]));
    button.addEventListener("click", () => this.#wait(action));
    return button;
  }

  /** @param {string} key */
  #keycap(key) {
    const cap = make("kbd", key);
    cap.toggleAttribute("data-off", isCharacter(key) && !this.#keymap.hasCharacters && key !== "–");
    return cap;
  }

  /** @param {Action | null} action */
  #wait(action) {
    const before = this.#waiting;
    this.#waiting = action;
    if (action) this.#say(`Press the new key for: ${action.label}. Escape leaves it as it is.`);
    if (before || action) this.#show();
    this.#focus(action ?? before);
  }

  /** @param {Action | null} action */
  #focus(action) {
    const button = this.#pieces.list.querySelector(`[data-keys-of="${action?.name}"]`);
    if (button instanceof HTMLElement) button.focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const action = this.#waiting;
    if (!action || MODIFIERS.has(event.key)) return;
    if (event.key !== "Tab") event.preventDefault();
    const key = keyName(event);
    if (key === "Escape" || event.key === "Tab") this.#say("");
    else if (isKeptByBrowsers(key)) return this.#say(`The browser keeps ${key} for itself.`);
    else this.#assign(action, key);
    this.#wait(null);
  }

  /** @param {Action} action @param {string} key */
  #assign(action, key) {
    this.#keymap.assign(action, key);
    const conflict = this.#keymap.conflicts(this.#actions.all).get(action.name);
    this.#say(
      conflict
        ? `${key} is now: ${action.label}. It is also: ${conflict.with.label}.`
        : `${key} is now: ${action.label}.`,
    );
    this.#onChange();
  }

  #switchCharacters() {
    this.#keymap.hasCharacters = this.#characters.checked;
    this.#say(
      this.#characters.checked
        ? "Letters, digits and signs alone are keys."
        : "Letters, digits and signs alone do nothing. Buttons and all other keys work.",
    );
    this.#show();
    this.#onChange();
  }

  #restore() {
    this.#keymap.restore();
    this.#say("All keys are as they came.");
    this.#show();
    this.#onChange();
  }
}
