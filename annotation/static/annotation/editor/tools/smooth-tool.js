/**
 * Smooth: a stroke along a stretch of the outline evens it out and takes needless points away.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {{place: import("#editor/regions.js").RingPlace, ring: Ring, before: number,
 *   after: number, lines: import("#editor/overlay.js").SketchLine[]}} Found
 */
import { distance } from "#editor/geometry.js";
import { stretchAlong } from "#editor/redraw.js";
import { replaceRing, ringAt, ringPlaces } from "#editor/regions.js";
import { smoothed } from "#editor/smoothing.js";
import { TOLERANCE } from "#editor/tools/tool.js";

export class SmoothTool {
  name = "smooth";
  offer = { label: "Smooth a stretch", keys: ["S"], button: { text: "Smooth" } };

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    const { desk } = this;
    const stroke = [point];
    const found = () => this.#find(stroke);
    return {
      /** @param {Pointer} pointer */
      move: ({ point: next }) => {
        if (distance(next, stroke[stroke.length - 1]) * desk.scale < 1) return;
        stroke.push(next);
        const stretch = found();
        desk.sketch({ lines: stretch ? stretch.lines : [] });
      },
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
    const even = smoothed(found.stretch, TOLERANCE);
    return {
      place: places[found.ring],
      ring: [...even, ...found.rest],
      before: found.stretch.length,
      after: even.length,
      lines: [
        { points: found.stretch, kind: /** @type {const} */ ("removed") },
        { points: even, kind: /** @type {const} */ ("stroke") },
      ],
    };
  }

  /** @param {Found | null} found */
  #replace(found) {
    const { desk } = this;
    if (!found) return desk.say("Stroke along the stretch of the outline that is to be smooth.");
    const after = replaceRing(desk.regions, found.place, found.ring, desk);
    if (!after) return desk.say("Nothing would be left of the outline; it stays as it was.");
    desk.commit(after, this.name, `Smoothed: ${found.before} points before, ${found.after} now.`);
  }
}
