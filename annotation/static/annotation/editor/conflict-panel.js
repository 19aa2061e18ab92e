/**
 * A conflict in the panel and on the scan: for each structure mine or theirs; what is not chosen
 * is dashed. Choosing is a change like any other and can be undone.
 *
 * @typedef {import("#editor/drawing.js").Drawing} Drawing
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { differingLabels, isAboutDecision, ofLabel, withLabelFrom } from "#editor/conflict.js";
import { sameRegions } from "#editor/drawing.js";

const WHOLE = "";

export class ConflictPanel {
  #editor;
  /** @type {Drawing} */
  #mine;
  #theirs;
  /** @type {string[]} */
  #structures;

  /** @param {Editor} editor @param {Drawing} theirs */
  constructor(editor, theirs) {
    this.#editor = editor;
    this.#mine = editor.history.present;
    this.#theirs = theirs;
    this.#structures = isAboutDecision(this.#mine, theirs)
      ? [WHOLE]
      : differingLabels(this.#mine.regions, theirs.regions);
    editor.host.setAttribute("data-conflict", "");
    editor.piece("choices").replaceChildren(...this.#structures.map((name) => this.#row(name)));
    this.show();
  }

  close() {
    this.#editor.host.removeAttribute("data-conflict");
    this.#editor.piece("choices").replaceChildren();
  }

  /** Whether nothing of this window's version is left. */
  get isAllTheirs() {
    return this.#structures.every((name) => this.#isTheirs(name));
  }

  /** What is shown has changed: an edited structure is mine. */
  changed() {
    const { present } = this.#editor.history;
    for (const name of this.#structures) {
      if (this.#isTheirs(name)) continue;
      this.#mine =
        name === WHOLE
          ? present
          : { ...this.#mine, regions: withLabelFrom(this.#mine.regions, name, present.regions) };
    }
    this.show();
  }

  show() {
    for (const button of this.#editor.piece("choices").querySelectorAll("button")) {
      const isTheirs = this.#isTheirs(button.dataset.structure ?? WHOLE);
      button.setAttribute("aria-pressed", String(isTheirs === (button.value === "theirs")));
    }
    this.#editor.showOther(this.#structures.flatMap((name) => this.#notChosen(name)));
  }

  /** @param {string} name @returns {Region[]} */
  #notChosen(name) {
    const { regions } = this.#isTheirs(name) ? this.#mine : this.#theirs;
    return name === WHOLE ? regions : ofLabel(regions, name);
  }

  /** @param {string} name */
  #isTheirs(name) {
    const { present } = this.#editor.history;
    if (name === WHOLE) {
      return !isAboutDecision(present, this.#theirs);
    }
    return sameRegions(ofLabel(present.regions, name), ofLabel(this.#theirs.regions, name));
  }

  /** @param {string} name @param {Drawing} version */
  #choose(name, version) {
    const { present } = this.#editor.history;
    const chosen =
      name === WHOLE
        ? version
        : { regions: withLabelFrom(present.regions, name, version.regions) };
    const whose = version === this.#theirs ? "The other version" : "Your version";
    this.#editor.change(chosen, "choose", `${whose} is chosen.`);
  }

  /** @param {string} name */
  #row(name) {
    const row = document.createElement("div");
    row.className = "row";
    const title = document.createElement("b");
    title.textContent = name === WHOLE ? "Whole scan" : this.#editor.titleOf(name);
    row.append(
      title,
      this.#button(name, "mine", "Mine", () => this.#choose(name, this.#mine)),
      this.#button(name, "theirs", "Theirs", () => this.#choose(name, this.#theirs)),
    );
    return row;
  }

  /** @param {string} name @param {string} value @param {string} text @param {() => void} run */
  #button(name, value, text, run) {
    const button = document.createElement("button");
    button.type = "button";
    button.value = value;
    button.dataset.structure = name;
    button.textContent = text;
    button.addEventListener("click", run);
    return button;
  }
}
