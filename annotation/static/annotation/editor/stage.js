/**
 * The stage: the scan, what is drawn over it, and where both lie in the window.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/overlay.js").Label} Label
 * @typedef {import("#editor/overlay.js").Line} Line
 */
import { Overlay } from "#editor/overlay.js";
import { Picture } from "#editor/picture.js";
import { Viewport } from "#editor/viewport.js";

export class Stage {
  /** Told when the scan lies elsewhere or has another size. */
  onPlace = () => {};
  #observer = new ResizeObserver(() => this.#resize());

  /** @param {HTMLElement} container @param {{width: number, height: number}} image @param {Label[]} labels @param {[number, number] | null} spacing */
  constructor(container, { width, height }, labels, spacing) {
    this.container = container;
    this.spacing = spacing;
    this.viewport = new Viewport(width, height);
    this.picture = new Picture(width, height);
    this.overlay = new Overlay(labels);
    container.replaceChildren(this.picture.canvas, this.overlay.svg);
    this.#resize();
    this.#observer.observe(container);
  }

  close() {
    this.#observer.disconnect();
  }

  #resize() {
    const { width, height } = this.container.getBoundingClientRect();
    this.viewport.resize(width, height);
    this.place();
  }

  /** Puts scan and overlay where the viewport says. */
  place() {
    const { x, y, scale } = this.viewport;
    this.picture.canvas.style.transform = `matrix(${scale}, 0, 0, ${scale}, ${x}, ${y})`;
    this.picture.canvas.style.imageRendering = scale >= 6 ? "pixelated" : "auto";
    this.overlay.place(this.viewport, this.spacing);
    this.onPlace();
  }

  /** @param {Region[]} regions @param {number} chosen index of the region drawn stronger @param {Line[]} thickness */
  show(regions, chosen, thickness) {
    this.overlay.showRegions(regions, chosen);
    this.overlay.showThickness(thickness);
    this.place();
  }

  /** @param {number} clientX @param {number} clientY @returns {Point} in stage px */
  fromClient(clientX, clientY) {
    const { left, top } = this.container.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  /** @param {number} clientX @param {number} clientY @returns {Point} in image px */
  toImage(clientX, clientY) {
    return this.viewport.toImage(this.fromClient(clientX, clientY));
  }

  /** @param {number} x @param {number} y image px @returns {Point} in the window */
  toClient(x, y) {
    const { left, top } = this.container.getBoundingClientRect();
    const [stageX, stageY] = this.viewport.toStage([x, y]);
    return [stageX + left, stageY + top];
  }
}
