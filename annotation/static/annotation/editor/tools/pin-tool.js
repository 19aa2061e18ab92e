/**
 * Pin: a click on the scan marks the place of a remark.
 *
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 */
export class PinTool {
  name = "pin";

  /** @param {(point: Point) => void} place */
  constructor(place) {
    this.place = place;
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    return { move() {}, cancel() {}, release: () => this.place(point) };
  }
}
