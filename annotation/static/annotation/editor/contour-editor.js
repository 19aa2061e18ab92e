/** The custom element `<contour-editor>`: what scripts and pages may ask of the editor. */
/** @typedef {import("#editor/editor.js").EditorData} EditorData */
import { Editor } from "#editor/editor.js";
import { followHistory } from "#editor/navigation.js";

export class ContourEditor extends HTMLElement {
  /** @type {Editor | null} */
  #editor = null;

  /** @type {ContourEditor | null} as the server wrote it */
  #pristine = null;

  connectedCallback() {
    this.#pristine = /** @type {ContourEditor} */ (this.cloneNode(true));
    const data = document.getElementById("editor-data")?.textContent ?? "";
    this.#editor = new Editor(this, JSON.parse(data));
  }

  disconnectedCallback() {
    this.#editor?.close();
  }

  /** Begins anew with other data, such as for looking on. @param {EditorData} data */
  restart(data) {
    const holder = document.getElementById("editor-data");
    if (!holder || !this.#pristine) return;
    holder.textContent = JSON.stringify(data);
    this.replaceWith(this.#pristine);
  }

  get #open() {
    if (!this.#editor) throw new Error("the editor is not on a page");
    return this.#editor;
  }

  /** The regions as they are now, as the API writes them. */
  get regions() {
    return structuredClone(this.#open.regions);
  }

  /** Resolves when all is saved. */
  get saved() {
    return this.#open.mode.saved;
  }

  /** Whether a person has done something here. */
  get touched() {
    return this.#open.touched;
  }

  /** Makes the work safe before another scan is shown. @returns {Promise<boolean>} whether it is */
  leave() {
    return this.#open.mode.leave();
  }

  /** @param {string} text */
  say(text) {
    this.#open.say(text);
  }

  /** The name of the active tool: `redraw`, `vertices`, `draw`, `pin`; empty where nothing is drawn. */
  get tool() {
    return this.#open.activeTool?.name ?? "";
  }

  /** Where a point of the image lies in the window, as [x, y] and .x, .y. @param {number} x @param {number} y */
  toClient(x, y) {
    return namedPoint(this.#open.stage.toClient(x, y));
  }

  /** Which point of the image lies there, as [x, y] and .x, .y. @param {number} clientX @param {number} clientY */
  toImage(clientX, clientY) {
    return namedPoint(this.#open.stage.toImage(clientX, clientY));
  }
}

/** @param {import("#editor/geometry.js").Point} point */
function namedPoint([x, y]) {
  return Object.assign([x, y], { x, y });
}

customElements.define("contour-editor", ContourEditor);
followHistory();
