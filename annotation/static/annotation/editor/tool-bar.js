/**
 * What belongs to the active tool as buttons over the scan, for hands without a keyboard: the
 * other side, sizes, putting a line in, deleting a point.
 *
 * @typedef {import("#editor/actions.js").Actions} Actions
 * @typedef {import("#editor/tools/tool.js").Tool} Tool
 */
const SIZES = { smaller: "−", larger: "+" };

export class ToolBar {
  #root;
  #actions;

  /** @param {HTMLElement} root @param {Actions} actions */
  constructor(root, actions) {
    this.#root = root;
    this.#actions = actions;
  }

  /** @param {Tool | null} tool */
  show(tool) {
    const own = (tool?.actions ?? []).flatMap(({ name, bar }) => (bar ? [buttonOf(name, bar)] : []));
    const sizes = tool?.resize ? Object.entries(SIZES).map(([name, sign]) => this.#size(name, sign)) : [];
    const ends = tool?.finishes ? [buttonOf("cancel", "Give up")] : [];
    this.#root.replaceChildren(...own, ...sizes, ...ends);
  }

  /** @param {string} name @param {string} sign */
  #size(name, sign) {
    const button = buttonOf(name, sign);
    button.setAttribute("aria-label", this.#actions.named(name)?.label ?? name);
    return button;
  }
}

/** @param {string} name @param {string} text */
function buttonOf(name, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.action = name;
  button.textContent = text;
  return button;
}
