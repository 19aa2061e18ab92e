/**
 * The toolbar: a button for each action that has one, a line between groups. One stop of the Tab
 * key; the arrow keys go from button to button.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/actions.js").Actions} Actions
 */
const STEPS = /** @type {Record<string, number>} */ ({
  ArrowDown: 1,
  ArrowRight: 1,
  ArrowUp: -1,
  ArrowLeft: -1,
});

export class Toolbar {
  #root;

  /** @param {HTMLElement} root @param {Actions} actions */
  constructor(root, actions) {
    this.#root = root;
    root.replaceChildren(...groupedButtons(actions.all.filter(({ button }) => button)));
    this.#stop(this.#buttons[0]);
    root.addEventListener("keydown", (event) => this.#walk(event));
    root.addEventListener("focusin", ({ target }) => this.#stop(target));
  }

  get #buttons() {
    return [...this.#root.querySelectorAll("button")];
  }

  /** The one button that Tab reaches. @param {EventTarget | null} button */
  #stop(button) {
    for (const one of this.#buttons) one.tabIndex = one === button ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const buttons = this.#buttons;
    const at = buttons.findIndex((button) => button === event.target);
    const to =
      event.key === "Home"
        ? 0
        : event.key === "End"
          ? buttons.length - 1
          : (at + (STEPS[event.key] ?? 0) + buttons.length) % buttons.length;
    if (at < 0 || to === at) return;
    event.preventDefault();
    buttons[to].focus();
  }
}

/** @param {Action[]} actions */
function groupedButtons(actions) {
  const groups = [...new Set(actions.map(({ group }) => group))];
  return groups.flatMap((group, index) => [
    ...(index ? [document.createElement("hr")] : []),
    ...actions.filter((action) => action.group === group).map(buttonOf),
  ]);
}

/** @param {Action} action */
function buttonOf({ name, button }) {
  const node = document.createElement("button");
  node.type = "button";
  node.dataset.action = name;
  const sign = document.createElement(button?.sign ? "span" : "kbd");
  sign.textContent = button?.sign ?? "";
  sign.setAttribute("aria-hidden", "true");
  const text = document.createElement("small");
  text.textContent = button?.text ?? "";
  node.append(sign, text);
  return node;
}
