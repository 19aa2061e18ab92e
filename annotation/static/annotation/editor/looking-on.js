/**
 * Looking on at work that must not be changed in this window: another window works on it, or a
 * newer version of this page has written it.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/editor.js").Mode} Mode
 */
import { openScan } from "#editor/navigation.js";
import { WorkLock } from "#editor/work-lock.js";

const WHY = {
  elsewhere: {
    title: "Open in another window",
    text: "You outline this scan in another window. Here you can look at it.",
    button: "Work here instead",
  },
  newer: {
    title: "Made with a newer version",
    text: "A newer version of this page has written these outlines. They are safe. Reload the page to go on.",
    button: "Reload",
  },
  outdated: {
    title: "Older than what you saved",
    text: "The server was asked for what you saved last and is not reached. It is safe there. Reload the page to go on.",
    button: "Reload",
  },
};

/** @implements {Mode} */
export class LookingOn {
  editable = false;
  saved = Promise.resolve();
  #editor;
  #why;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    this.#why = editor.data.closed ?? "newer";
    editor.setEditable(false);
    editor.host.setAttribute("data-looking-on", "");
    const { title, text, button } = WHY[this.#why];
    editor.piece("closed").hidden = false;
    editor.piece("closed-title").textContent = title;
    editor.piece("closed-text").textContent = text;
    editor.piece("closed-button").textContent = button;
    editor.piece("save-state").textContent = "";
    editor.actions.add({
      name: "work-here",
      group: "Scan",
      label: button,
      run: () => this.#workHere(),
    });
  }

  changed() {}

  close() {}

  async leave() {
    return true;
  }

  async #workHere() {
    if (this.#why !== "elsewhere") return location.reload();
    const { user, image } = this.#editor.data;
    this.#editor.say("Waiting for the other window.");
    await new WorkLock(`${user}:${image.id}`).askFor();
    await openScan(location.href, { remember: false });
  }
}
