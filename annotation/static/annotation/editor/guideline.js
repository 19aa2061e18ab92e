/**
 * The site's guideline in the panel: opened and closed by key and kept so from scan to scan; a
 * press on an example shows it large.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 */
const OPEN = "myotrace-guideline-open";

export class Guideline {
  #editor;
  #details;
  #dialog;
  #large;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    this.#details = /** @type {HTMLDetailsElement} */ (editor.piece("guideline"));
    this.#dialog = /** @type {HTMLDialogElement} */ (editor.piece("example"));
    this.#large = editor.piece("large-example");
    this.#details.open = localStorage.getItem(OPEN) === "yes";
    this.#details.addEventListener("toggle", () => this.#keep());
    this.#details.addEventListener("click", ({ target }) => this.#enlarge(target));
    editor.actions.add({
      name: "guideline",
      group: "Look",
      label: "Open or close the guideline",
      keys: ["Shift+G"],
      run: () => this.#toggle(),
    });
  }

  #toggle() {
    const isFolded = this.#editor.host.hasAttribute("data-folded");
    this.#editor.looking.unfold();
    this.#details.open = isFolded || !this.#details.open;
    if (this.#details.open) this.#details.scrollIntoView({ block: "nearest" });
  }

  #keep() {
    localStorage.setItem(OPEN, this.#details.open ? "yes" : "no");
  }

  /** @param {EventTarget | null} target */
  #enlarge(target) {
    const button = target instanceof Element ? target.closest("[data-enlarge]") : null;
    if (!button) return;
    const picture = button.querySelector(".scan");
    const words = button.closest("figure")?.querySelector("figcaption");
    if (!picture || !words) return;
    this.#large.replaceChildren(picture.cloneNode(true), words.cloneNode(true));
    this.#dialog.showModal();
  }
}
