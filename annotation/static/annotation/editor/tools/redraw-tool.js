/**
 * Redraw part: a stroke along the right border replaces the stretch that was wrong.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{place: import("#editor/regions.js").RingPlace, regions: Region[],
 *   choices: import("#editor/redraw.js").Redraw["choices"]}} Found
 */
import { distance } from "#editor/geometry.js";
import { redraw } from "#editor/redraw.js";
import { replaceRing, ringAt, ringPlaces } from "#editor/regions.js";
import { CLICK_REACH, TOLERANCE } from "#editor/tools/tool.js";

export class RedrawTool {
  name = "redraw";
  offer = { label: "Redraw part of an outline", keys: ["R"], button: { text: "Redraw" } };
  actions = [
    {
      name: "flip",
      group: "Redraw",
      label: "Take the other side of the stroke",
      keys: ["X"],
      otherwise: "{flip} takes the other side of the stroke that you have just drawn.",
      enabled: () => this.#flipStroke !== null || this.#last?.regions === this.desk.regions,
      run: () => this.#flip(),
    },
  ];
  /** @type {{regions: Region[], flip: () => void} | null} */
  #last = null;
  /** @type {(() => void) | null} during a stroke */
  #flipStroke = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    const { desk } = this;
    const stroke = [point];
    let choice = 0;
    const found = () => this.#find(stroke);
    const show = () => desk.sketch({ lines: sketchLines(stroke, found()?.choices[choice]) });
    this.#flipStroke = () => {
      choice = 1 - choice;
      show();
    };
    return {
      /** @param {Pointer} pointer */
      move: ({ point: next }) => {
        if (distance(next, stroke[stroke.length - 1]) * desk.scale < 1) return;
        stroke.push(next);
        show();
      },
      release: () => {
        this.leave();
        const length = Math.max(...stroke.map((there) => distance(there, stroke[0])));
        if (length * desk.scale < CLICK_REACH) desk.pick(stroke[0]);
        else this.#replace(found(), choice);
      },
      cancel: () => this.leave(),
    };
  }

  /** The stroke being drawn, else the last one, meant the other way round. */
  #flip() {
    if (this.#flipStroke) this.#flipStroke();
    else this.#last?.flip();
  }

  leave() {
    this.#flipStroke = null;
    this.desk.sketch({});
  }

  /** @param {Point[]} stroke @returns {Found | null} */
  #find(stroke) {
    const { regions, label, scale } = this.desk;
    const places = ringPlaces(regions, label);
    const rings = places.map((place) => ringAt(regions, place));
    const found = redraw(rings, stroke, scale, TOLERANCE);
    return found && { place: places[found.ring], choices: found.choices, regions };
  }

  /** @param {Found | null} found @param {number} choice */
  #replace(found, choice) {
    if (this.desk.refusesChosen()) return;
    if (!found) {
      const any = ringPlaces(this.desk.regions, this.desk.label).length > 0;
      this.desk.say(
        any
          ? "Too far from the outline: begin and end the stroke on it."
          : "Nothing to redraw here yet: {draw} draws an outline.",
      );
      return;
    }
    const ring = found.choices[choice].ring;
    const after = ring.length < 3 ? null : replaceRing(found.regions, found.place, ring, this.desk);
    if (!after) {
      this.desk.say("Nothing would be left of the outline; it stays as it was.");
      return;
    }
    this.desk.commit(after, this.name, "Redrawn. {flip} takes the other side.");
    this.#last = { regions: this.desk.regions, flip: () => this.#flipTo(found, 1 - choice) };
  }

  /** @param {Found} found @param {number} choice */
  #flipTo(found, choice) {
    this.desk.undo();
    this.#replace(found, choice);
  }
}

/** @param {Point[]} stroke @param {{removed: Point[]} | undefined} choice @returns {import("#editor/overlay.js").SketchLine[]} */
function sketchLines(stroke, choice) {
  const drawn = { points: stroke, kind: /** @type {const} */ ("stroke") };
  if (!choice) return [drawn];
  return [{ points: choice.removed, kind: /** @type {const} */ ("removed") }, drawn];
}
