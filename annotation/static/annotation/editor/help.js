/**
 * The help overlay: every action that has a key, under the headings of its group.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/actions.js").Actions} Actions
 */

/** @param {string} name @param {(string | Node)[]} content */
function make(name, ...content) {
  const node = document.createElement(name);
  node.append(...content);
  return node;
}

export class Help {
  #dialog;
  #list;
  #actions;

  /** @param {HTMLElement} dialog @param {HTMLElement} list in it @param {Actions} actions */
  constructor(dialog, list, actions) {
    this.#dialog = /** @type {HTMLDialogElement} */ (dialog);
    this.#list = list;
    this.#actions = actions;
  }

  open() {
    const shown = this.#actions.all.filter((action) => this.#actions.keysOf(action).length);
    const groups = [...new Set(shown.map(({ group }) => group))];
    this.#list.replaceChildren(
      ...groups.map((group) => this.#section(group, shown.filter((one) => one.group === group))),
    );
    this.#dialog.showModal();
  }

  /** @param {string} group @param {Action[]} actions */
  #section(group, actions) {
    const rows = actions.flatMap((action) => {
      const keys = this.#actions.keysOf(action).flatMap((key) => [make("kbd", key), " "]);
      return [make("dt", ...keys), make("dd", action.label)];
    });
    return make("section", make("h3", group), make("dl", ...rows));
  }
}
