/** The scan on its canvas, one canvas px per image px. */
import { lookupTable } from "#editor/window-level.js";

/** Full alpha in the last byte of a pixel. */
const OPAQUE = 0xff000000;

export class Picture {
  /** @type {Uint8ClampedArray | null} */
  #grey = null;

  /** @param {number} width @param {number} height px */
  constructor(width, height) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.brightness = 0;
    this.contrast = 0;
  }

  /** The scan as acquired, once it is loaded. */
  get grey() {
    return this.#grey;
  }

  get #context() {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser draws no canvas");
    return context;
  }

  /** @param {string} url of the 8-bit grey PNG */
  async load(url) {
    const response = await fetch(url, { credentials: "same-origin" });
    if (!response.ok) throw new Error(`the scan could not be loaded (${response.status})`);
    const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: "none" });
    const { width, height } = this.canvas;
    this.#context.drawImage(bitmap, 0, 0);
    const { data } = this.#context.getImageData(0, 0, width, height);
    this.#grey = new Uint8ClampedArray(width * height);
    for (let index = 0; index < this.#grey.length; index += 1) this.#grey[index] = data[4 * index];
    this.draw();
  }

  /** @param {number} brightness @param {number} contrast each -100 to 100 */
  adjust(brightness, contrast) {
    this.brightness = Math.min(100, Math.max(-100, Math.round(brightness)));
    this.contrast = Math.min(100, Math.max(-100, Math.round(contrast)));
    this.draw();
  }

  draw() {
    if (!this.#grey) return;
    const { width, height } = this.canvas;
    const table = Uint32Array.from(
      lookupTable(this.brightness, this.contrast),
      (grey) => (OPAQUE | (grey * 0x010101)) >>> 0,
    );
    const shown = this.#context.createImageData(width, height);
    const pixels = new Uint32Array(shown.data.buffer);
    this.#grey.forEach((grey, index) => (pixels[index] = table[grey]));
    this.#context.putImageData(shown, 0, 0);
  }
}
