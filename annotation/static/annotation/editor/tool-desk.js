/**
 * What tools see of the editor. An outline that is offered and shown, the pre-label or what is
 * proposed for a frame, counts as drawn: the first edit takes it over.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 */

/** @implements {Desk} */
export class ToolDesk {
  #editor;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    this.brush = editor.brush;
    this.data = editor.data;
    this.drafts = editor.drafts;
    this.locked = editor.locked;
    this.stage = editor.stage;
  }

  get regions() {
    return this.#editor.atHand;
  }

  get label() {
    return this.#editor.label;
  }

  get scale() {
    return this.#editor.scale;
  }

  get linked() {
    return this.#editor.linked;
  }

  /** @param {Region[]} regions @param {string} tool @param {string} said */
  commit(regions, tool, said) {
    return this.#editor.edit(regions, tool, said);
  }

  undo() {
    this.#editor.undo();
  }

  /** @param {Region[] | null} regions */
  preview(regions) {
    this.#editor.preview(regions);
  }

  /** @param {import("#editor/overlay.js").Sketch} sketch */
  sketch(sketch) {
    this.#editor.sketch(sketch);
  }

  /** @param {Point} point */
  pick(point) {
    this.#editor.pick(point);
  }

  /** @param {string} text @param {import("#editor/messages.js").Holds | null} holds */
  say(text, holds = null) {
    this.#editor.say(text, holds);
  }

  refusesChosen() {
    return this.#editor.refusesChosen();
  }

  /** @param {string} label */
  refuses(label) {
    return this.#editor.refuses(label);
  }

  /** @param {string} label */
  select(label) {
    this.#editor.select(label);
  }

  /** @param {string} label */
  titleOf(label) {
    return this.#editor.titleOf(label);
  }

  get keepsStructure() {
    return this.#editor.keepsStructure;
  }
}
