/**
 * Looking only: the page says why nothing can be changed. Submitted work can be taken back.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/editor.js").Mode} Mode
 */
import { call } from "#editor/connection.js";
import { openScan } from "#editor/navigation.js";

/** @implements {Mode} */
export class Reading {
  editable = false;
  saved = Promise.resolve();
  #editor;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    const { issues, urls } = editor.data;
    editor.actions.add({
      name: "next",
      group: "Scan",
      label: "Open the next scan",
      keys: ["Enter"],
      run: () => openScan(urls.next),
    });
    editor.setEditable(false);
    if (editor.data.compared_first) editor.comparing.show(editor.data.compared_first);
    editor.showPins(issues.map((issue, i) => ({ ...issue, number: i + 1 })));
    if (urls.take_back) {
      editor.actions.add({
        name: "take-back",
        group: "Scan",
        label: "Take it back",
        keys: ["Ctrl+Backspace"],
        run: () => this.#takeBack(urls.take_back),
      });
    }
  }

  changed() {}

  async leave() {
    return true;
  }

  close() {}

  /** @param {string} url */
  async #takeBack(url) {
    try {
      const { status, data } = await call("POST", url, {});
      if (status === 200) await openScan(location.href);
      else this.#editor.say(data?.detail ?? `The server answered ${status}.`);
    } catch {
      this.#editor.say("The server is not reached. Try again.");
    }
  }
}
