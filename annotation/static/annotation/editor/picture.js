/** The scan on its canvas, one canvas px per image px. */
import { greyOf, pixelsOf } from "#editor/pixels.js";
import { lookupTable } from "#editor/window-level.js";

/** Full alpha in the last byte of a pixel. */
const OPAQUE = 0xff000000;

/** @param {number} value */
function inRange(value) {
  return Math.min(100, Math.max(-100, Math.round(value)));
}

export class Picture {
  /** The grey levels with their size, once they are loaded. @type {import("#editor/echo-intensity.js").Grey | null} */
  grey = null;

  /** @param {number} width @param {number} height px */
  constructor(width, height) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    /** @type {import("#editor/window-level.js").Window} */
    this.window = { brightness: 0, contrast: 0, gamma: 0 };
  }

  get #context() {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser draws no canvas");
    return context;
  }

  /** @param {string} url of the 8-bit grey PNG */
  async load(url) {
    this.show(await pixelsOf(url));
  }

  /** @param {ImageBitmap} bitmap */
  show(bitmap) {
    const { width, height } = this.canvas;
    this.grey = { values: greyOf(bitmap, this.#context, width, height), width, height };
    this.draw();
  }

  /** @param {Partial<import("#editor/window-level.js").Window>} window */
  adjust(window) {
    const { brightness, contrast, gamma } = { ...this.window, ...window };
    this.window = {
      brightness: inRange(brightness),
      contrast: inRange(contrast),
      gamma: inRange(gamma),
    };
    this.draw();
  }

  draw() {
    if (!this.grey) return;
    const { values, width, height } = this.grey;
    const table = Uint32Array.from(
      lookupTable(this.window),
      (grey) => (OPAQUE | (grey * 0x010101)) >>> 0,
    );
    const shown = this.#context.createImageData(width, height);
    const pixels = new Uint32Array(shown.data.buffer);
    for (let index = 0; index < pixels.length; index += 1) pixels[index] = table[values[index]];
    this.#context.putImageData(shown, 0, 0);
  }
}
