/**
 * Ruler: a drag measures a distance, in mm where the scan is calibrated.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 */
import { number } from "#editor/numbers.js";

export class RulerTool {
  name = "ruler";
  offer = { label: "Measure a distance", keys: ["M"], button: { text: "Ruler" } };

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Pointer} pointer */
  press({ point: from }) {
    return {
      /** @param {Pointer} pointer */
      move: ({ point: to }) => this.desk.sketch({ ruler: { from, to, text: this.#length(from, to) } }),
      /** @param {Pointer} pointer */
      release: ({ point: to }) => {
        const { why_no_mm } = this.desk.data;
        this.desk.say(`Distance: ${this.#length(from, to)}.${why_no_mm && ` ${why_no_mm}`}`);
      },
      cancel: () => this.leave(),
    };
  }

  /** @param {Point} from @param {Point} to */
  #length(from, to) {
    const { spacing } = this.desk.data;
    const [x, y] = spacing ?? [1, 1];
    const length = Math.hypot((to[0] - from[0]) * x, (to[1] - from[1]) * y);
    return spacing ? `${number(length, 1)} mm` : `${number(length, 0)} px`;
  }

  leave() {
    this.desk.sketch({});
  }
}
