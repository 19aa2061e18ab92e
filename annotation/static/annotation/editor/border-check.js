/**
 * Says in the panel where structures overlap or leave a gap, a moment after each change.
 *
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { borderFindings, findingWords } from "#editor/borders.js";

const PAUSE_MS = 250;

export class BorderCheck {
  #words;
  #data;
  /** @type {Region[] | null} */
  #checked = null;
  #timer = 0;

  /** @param {HTMLElement} words @param {{spacing: [number, number] | null, labels: {name: string, title: string}[]}} data */
  constructor(words, data) {
    this.#words = words;
    this.#data = data;
  }

  /** @param {Region[]} regions */
  watch(regions) {
    if (regions === this.#checked) return;
    this.#checked = regions;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#check(regions), PAUSE_MS);
  }

  close() {
    clearTimeout(this.#timer);
  }

  /** @param {Region[]} regions */
  #check(regions) {
    const { spacing, labels } = this.#data;
    const titleOf = (/** @type {string} */ name) =>
      labels.find((label) => label.name === name)?.title ?? name;
    const said = borderFindings(regions, spacing).map((one) => findingWords(one, spacing, titleOf));
    this.#words.textContent = said.join(" ") || "No overlap, no gap.";
    this.#words.toggleAttribute("data-found", said.length > 0);
  }
}
