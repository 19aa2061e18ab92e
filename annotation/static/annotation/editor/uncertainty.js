/**
 * Where the model is unsure, laid over the scan: the map, and dotted the outline of each network of
 * an ensemble. The server sends it only to whom it shows the pre-label.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{map: string, members: Region[][]}} Sources `map`: the picture's address
 */
import { pathOfParts } from "#editor/overlay.js";
import { element } from "#editor/svg.js";

const KEPT = "myotrace-uncertainty";

export class Uncertainty {
  #isOn = false;
  #editor;
  #sources;

  /** @param {Editor} editor @param {Sources} sources */
  constructor(editor, sources) {
    this.#editor = editor;
    this.#sources = sources;
    editor.actions.add({
      name: "uncertainty",
      group: "Look",
      label: "Show where the model is unsure, or not",
      keys: ["Shift+U"],
      pressed: () => this.#isOn,
      run: () => this.#toggle(),
    });
    this.#slider.addEventListener("input", () => this.#fade());
    if (localStorage.getItem(KEPT) === "on") this.#show(true);
  }

  get #slider() {
    return /** @type {HTMLInputElement} */ (this.#editor.piece("uncertainty-opacity"));
  }

  #toggle() {
    this.#show(!this.#isOn);
    localStorage.setItem(KEPT, this.#isOn ? "on" : "off");
    this.#editor.say(
      this.#isOn ? "The lighter, the less sure the model is." : "The map of uncertainty is hidden.",
    );
    this.#editor.draw();
  }

  /** @param {boolean} isOn */
  #show(isOn) {
    this.#isOn = isOn;
    this.#editor.piece("uncertainty-legend").hidden = !isOn;
    this.#editor.stage.overlay.showUnder(isOn ? [this.#picture(), ...this.#outlines()] : []);
    this.#fade();
  }

  #fade() {
    const { container } = this.#editor.stage;
    container.style.setProperty("--uncertainty-opacity", String(Number(this.#slider.value) / 100));
  }

  #picture() {
    const { width, height } = this.#editor.data.image;
    const href = this.#sources.map;
    return element("image", { href, width, height, preserveAspectRatio: "none", class: "uncertainty" });
  }

  #outlines() {
    return this.#sources.members.map((regions) =>
      element("path", { d: regions.map(({ parts }) => pathOfParts(parts)).join(""), class: "member" }),
    );
  }
}
