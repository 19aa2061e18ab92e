/**
 * Redraw part: a stroke along the right border replaces the stretch that was wrong.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 */
import { distance } from "#editor/geometry.js";
import { LineIn } from "#editor/tools/line-in.js";
import { CLICK_REACH, takingDown, TOLERANCE } from "#editor/tools/tool.js";

export class RedrawTool {
  name = "redraw";
  offer = { label: "Redraw part of an outline", keys: ["R"], button: { text: "Redraw" } };
  actions = [
    {
      name: "flip",
      bar: "Other side",
      group: "Redraw",
      label: "Take the other side of the stroke",
      keys: ["X"],
      duringStroke: true,
      otherwise: "{flip} takes the other side of the stroke that you have just drawn.",
      enabled: () => this.#flipStroke !== null || this.#line.canFlip,
      run: () => (this.#flipStroke ? this.#flipStroke() : this.#line.flip()),
    },
  ];
  /** @type {(() => void) | null} during a stroke */
  #flipStroke = null;
  #line;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.#line = new LineIn(desk, this.name, "Redrawn", "flip");
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    const { desk } = this;
    const stroke = [point];
    let choice = 0;
    const found = () => this.#line.find(stroke, TOLERANCE);
    const show = () => desk.sketch({ lines: sketchLines(stroke, found(), choice) });
    this.#flipStroke = () => {
      choice = 1 - choice;
      show();
    };
    return {
      move: takingDown(desk, stroke, show),
      release: () => {
        this.leave();
        const length = Math.max(...stroke.map((there) => distance(there, stroke[0])));
        if (length * desk.scale < CLICK_REACH) return desk.pick(stroke[0]);
        const meant = found();
        this.#line.put(meant, "choices" in meant ? choice % meant.choices.length : 0);
      },
      cancel: () => this.leave(),
    };
  }

  leave() {
    this.#flipStroke = null;
    this.desk.sketch({});
  }
}

/** @param {Point[]} stroke @param {ReturnType<LineIn["find"]>} found @param {number} choice @returns {import("#editor/overlay.js").SketchLine[]} */
function sketchLines(stroke, found, choice) {
  const drawn = { points: stroke, kind: /** @type {const} */ ("stroke") };
  if ("refused" in found) return [drawn];
  const { removed } = found.choices[choice % found.choices.length];
  return [{ points: removed, kind: /** @type {const} */ ("removed") }, drawn];
}
