/**
 * Where the image lies on the stage: stage px = image px * scale + offset.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {{x: number, y: number, scale: number, isFitted: boolean}} Place
 */

const MARGIN = 28;
const LARGEST_SCALE = 40;
const SMALLEST_SHARE_OF_FIT = 0.5;
const SHARE_OF_SHOWN = 0.8;

export class Viewport {
  scale = 1;
  x = 0;
  y = 0;
  #stage = { width: 1, height: 1 };
  #fitted = true;

  /** @param {number} width @param {number} height of the image, px */
  constructor(width, height) {
    this.width = width;
    this.height = height;
  }

  /** @param {number} width @param {number} height of the stage, CSS px */
  resize(width, height) {
    this.#stage = { width, height };
    if (this.#fitted) this.fit();
  }

  fit() {
    const { width, height } = this.#stage;
    this.scale = this.#fitScale();
    this.x = (width - this.width * this.scale) / 2;
    this.y = (height - this.height * this.scale) / 2;
    this.#fitted = true;
  }

  #fitScale() {
    const { width, height } = this.#stage;
    const room = Math.min(
      (width - 2 * MARGIN) / this.width,
      (height - 2 * MARGIN) / this.height,
    );
    return Math.max(room, 0.05);
  }

  /** @returns {Place} */
  get place() {
    const { x, y, scale } = this;
    return { x, y, scale, isFitted: this.#fitted };
  }

  /** As another image of the same size lay. @param {Place} place */
  takePlace({ x, y, scale, isFitted }) {
    if (isFitted) return this.fit();
    Object.assign(this, { x, y, scale });
    this.#fitted = false;
  }

  /** @param {Point} stagePoint @returns {Point} */
  toImage([x, y]) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  /** @param {Point} imagePoint @returns {Point} */
  toStage([x, y]) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  /** Keeps what lies under a stage point there. @param {number} factor @param {Point} at */
  zoom(factor, [x, y]) {
    const smallest = this.#fitScale() * SMALLEST_SHARE_OF_FIT;
    const scale = Math.min(LARGEST_SCALE, Math.max(smallest, this.scale * factor));
    const ratio = scale / this.scale;
    this.x = x - (x - this.x) * ratio;
    this.y = y - (y - this.y) * ratio;
    this.scale = scale;
    this.#fitted = false;
  }

  /** Shows a box as large as the stage allows, with room round it. @param {[number, number, number, number]} box left, top, right, bottom in image px */
  show([left, top, right, bottom]) {
    const { width, height } = this.#stage;
    const room = Math.min(width / (right - left), height / (bottom - top)) * SHARE_OF_SHOWN;
    this.scale = Math.min(LARGEST_SCALE, room);
    this.x = (width - (left + right) * this.scale) / 2;
    this.y = (height - (top + bottom) * this.scale) / 2;
    this.#fitted = false;
  }

  /** The image's middle can't leave the stage. @param {number} dx @param {number} dy stage px */
  pan(dx, dy) {
    const { width, height } = this.#stage;
    const [halfWidth, halfHeight] = [this.width * this.scale / 2, this.height * this.scale / 2];
    this.x = Math.min(width - halfWidth / 4, Math.max(halfWidth / 4 - 2 * halfWidth, this.x + dx));
    this.y = Math.min(height - halfHeight / 4, Math.max(halfHeight / 4 - 2 * halfHeight, this.y + dy));
    this.#fitted = false;
  }
}
