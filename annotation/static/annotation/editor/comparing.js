/**
 * Outlines to compare with, one at a time, dotted: the pre-label, another reading, the previous
 * visit. The server sends only what this person may see.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{name: string, title: string, regions: Region[]}} Source
 */
export class Comparing {
  /** @type {Source[]} */
  #sources;
  #at = -1;
  #editor;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    const { suggestion, comparisons } = editor.data;
    const preLabel = suggestion && {
      name: "pre-label",
      title: `Pre-label ${suggestion.version}`,
      regions: suggestion.regions,
    };
    this.#sources = [...(preLabel ? [preLabel] : []), ...comparisons];
    if (this.#sources.length) this.#addAction();
    this.#showButtons();
  }

  #addAction() {
    this.#editor.actions.add({
      name: "compare",
      group: "Look",
      label: "Show the next outline to compare with, or none",
      keys: ["Q"],
      run: () => this.#choose(this.#at + 1 < this.#sources.length ? this.#at + 1 : -1),
    });
  }

  /** The name of what is shown. */
  get shown() {
    return this.#sources[this.#at]?.name ?? null;
  }

  /** Shows one without a word. @param {string | null} name none if null */
  show(name) {
    this.#at = this.#sources.findIndex((source) => source.name === name);
    this.#editor.showOther(this.#sources[this.#at]?.regions ?? []);
    this.#pressButtons();
  }

  /** @param {number} at */
  #choose(at) {
    const source = this.#sources[at];
    this.show(source?.name ?? null);
    this.#editor.say(source ? `${source.title}: dotted.` : "Nothing to compare with is shown.");
  }

  #showButtons() {
    const section = this.#editor.piece("comparisons");
    section.hidden = !this.#sources.length;
    section.append(...this.#sources.map(({ title }, at) => this.#button(title, at)));
  }

  /** @param {string} title @param {number} at */
  #button(title, at) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.dataset.comparison = String(at);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => this.#choose(at === this.#at ? -1 : at));
    return button;
  }

  #pressButtons() {
    for (const button of this.#editor.host.querySelectorAll("[data-comparison]")) {
      const isShown = button.getAttribute("data-comparison") === String(this.#at);
      button.setAttribute("aria-pressed", String(isShown));
    }
  }
}
