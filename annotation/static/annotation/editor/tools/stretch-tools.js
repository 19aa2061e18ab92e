/**
 * Smooth and simplify: a stroke along a stretch of the outline evens it out, or only takes away
 * the points that it can do without.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {{place: import("#editor/regions.js").RingPlace, before: Ring, after: Ring,
 *   lines: import("#editor/overlay.js").SketchLine[]}} Found
 */
import { samePoint, simplifyLine } from "#editor/geometry.js";
import { stretchAlong } from "#editor/redraw.js";
import { replaceRing, ringAt, ringPlaces } from "#editor/regions.js";
import { smoothed } from "#editor/smoothing.js";
import { takingDown, TOLERANCE } from "#editor/tools/tool.js";

/** How far from the line a point may lie that goes. px */
const TOLERANCES = [0.1, 0.2, TOLERANCE, 0.5, 0.75, 1, 1.5, 2];

/** @param {Ring} ring @returns {(point: Point) => boolean} */
function isPointOf(ring) {
  return (point) => ring.some((one) => samePoint(one, point));
}

class StretchTool {
  #done;

  /** @param {Desk} desk @param {string} name @param {string} done what is said of the stretch */
  constructor(desk, name, done) {
    this.desk = desk;
    this.name = name;
    this.#done = done;
  }

  /**
   * @abstract
   * @param {Point[]} _stretch its ends lie on the ring
   * @param {Ring} _ring
   * @returns {Point[]} what takes its place
   */
  reworked(_stretch, _ring) {
    throw new Error("a stretch tool says what becomes of a stretch");
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    const { desk } = this;
    const stroke = [point];
    const found = () => this.#find(stroke);
    return {
      move: takingDown(desk, stroke, () => desk.sketch({ lines: found()?.lines ?? [] })),
      release: () => {
        desk.sketch({});
        this.#replace(found());
      },
      cancel: () => desk.sketch({}),
    };
  }

  /** @param {Point[]} stroke @returns {Found | null} */
  #find(stroke) {
    const { regions, label, scale } = this.desk;
    const places = ringPlaces(regions, label);
    const rings = places.map((place) => ringAt(regions, place));
    const found = stretchAlong(rings, stroke, scale);
    if (!found) return null;
    const before = rings[found.ring];
    const line = this.reworked(found.stretch, before);
    return {
      place: places[found.ring],
      before,
      after: [...line, ...found.rest],
      lines: [
        { points: found.stretch, kind: /** @type {const} */ ("removed") },
        { points: line, kind: /** @type {const} */ ("stroke") },
      ],
    };
  }

  /** @param {Found | null} found */
  #replace(found) {
    const { desk } = this;
    if (desk.refusesChosen()) return;
    if (!found) return desk.say("Stroke along the stretch of the outline that is meant.");
    const { place, before, after } = found;
    if (after.length === before.length && after.every(isPointOf(before)))
      return desk.say("There is nothing to take away; the outline stays as it was.");
    const regions = replaceRing(desk.regions, place, after, desk);
    if (!regions) return desk.say("Nothing would be left of the outline; it stays as it was.");
    const said = `${this.#done}: ${before.length} points before, ${after.length} now.`;
    desk.commit(regions, this.name, said);
  }
}

export class SmoothTool extends StretchTool {
  offer = { label: "Smooth a stretch", keys: ["S"], button: { text: "Smooth" } };

  /** @param {Desk} desk */
  constructor(desk) {
    super(desk, "smooth", "Smoothed");
  }

  /** @override @param {Point[]} stretch */
  reworked(stretch) {
    return smoothed(stretch, TOLERANCE);
  }
}

export class SimplifyTool extends StretchTool {
  offer = { label: "Simplify a stretch: fewer points, the others stay", keys: ["Shift+S"] };
  #tolerance = TOLERANCE;

  /** @param {Desk} desk */
  constructor(desk) {
    super(desk, "simplify", "Simplified");
  }

  /** @param {number} steps to a larger tolerance */
  resize(steps) {
    const wanted = TOLERANCES.indexOf(this.#tolerance) + steps;
    this.#tolerance = TOLERANCES[Math.min(TOLERANCES.length - 1, Math.max(0, wanted))];
    this.desk.say(`Points closer to the line than ${this.#tolerance} px go.`);
  }

  /** @override @param {Point[]} stretch @param {Ring} ring */
  reworked(stretch, ring) {
    return simplifyLine(stretch.filter(isPointOf(ring)), this.#tolerance);
  }
}
