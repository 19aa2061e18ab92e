/**
 * Round brushes: one adds, one erases, and one pushes the border from the side on which it begins.
 * A stroke is one shape; what the neighbours have there follows as at every border.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { insideRings, simplifyLine } from "#editor/geometry.js";
import { number } from "#editor/numbers.js";
import { addParts, takeParts } from "#editor/regions.js";
import { overlapArea, swept, withinImage } from "#editor/shapes.js";
import { takingDown } from "#editor/tools/tool.js";
import { smallestPiece } from "#editor/topology.js";

const SMALLEST_RADIUS = 1;
const LARGEST_RADIUS = 150;
const STEP = 1.15;
const STROKE_TOLERANCE = 0.25;

class RoundBrush {
  name = "";
  /** @type {Pointer | null} */
  #at = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Whether a stroke that begins here adds. @param {Pointer} pointer @returns {boolean} */
  adds(pointer) {
    throw new Error(`not said for ${pointer.point}`);
  }

  /** @param {number} steps larger, or smaller if negative */
  resize(steps) {
    const { brush } = this.desk;
    const wanted = brush.radius * STEP ** steps;
    brush.radius = Math.min(LARGEST_RADIUS, Math.max(SMALLEST_RADIUS, wanted));
    if (this.#at) this.#show([this.#at.point], this.adds(this.#at));
    this.desk.say(`Brush: ${this.#width()} wide.`);
  }

  #width() {
    const { spacing } = this.desk.data;
    const { radius } = this.desk.brush;
    return spacing ? `${number(2 * radius * spacing[0], 1)} mm` : `${Math.round(2 * radius)} px`;
  }

  /** @param {Pointer | null} pointer */
  hover(pointer) {
    this.#at = pointer;
    if (pointer) this.#show([pointer.point], this.adds(pointer));
    else this.desk.sketch({});
  }

  /** @param {Point[]} track @param {boolean} adds */
  #show(track, adds) {
    const { radius } = this.desk.brush;
    this.desk.sketch({ brush: { track, radius, kind: adds ? "add" : "erase" } });
  }

  /** @param {Pointer} pointer */
  press(pointer) {
    const { desk } = this;
    const adds = this.adds(pointer);
    const stroke = [pointer.point];
    this.#show(stroke, adds);
    const takeDown = takingDown(desk, stroke, () => this.#show(stroke, adds));
    return {
      /** @param {Pointer} next @param {boolean} [isLast] */
      move: (next, isLast) => {
        this.#at = next;
        takeDown(next, isLast);
      },
      release: () => {
        desk.sketch({});
        this.#apply(stroke, adds, pointer.shift);
      },
      cancel: () => desk.sketch({}),
    };
  }

  /** @param {Point[]} stroke @param {boolean} adds @param {boolean} mayBegin whether it may begin a part of its own */
  #apply(stroke, adds, mayBegin) {
    if (this.desk.refusesChosen()) return;
    const { image } = this.desk.data;
    const line = simplifyLine(stroke, STROKE_TOLERANCE);
    const shape = withinImage(swept(line, this.desk.brush.radius), image.width, image.height);
    if (adds) this.#add(shape, mayBegin);
    else this.#erase(shape);
  }

  get #manner() {
    const { linked, locked, data } = this.desk;
    return { linked, locked, smallest: smallestPiece(data.spacing) };
  }

  /** @param {Part[]} shape @param {boolean} mayBegin */
  #add(shape, mayBegin) {
    const { regions, label } = this.desk;
    const own = regions.filter((region) => region.label === label);
    const meets = own.some(({ parts }) => overlapArea(parts, shape) > 0);
    if (own.length && !meets && !mayBegin) {
      return this.desk.say("The stroke is apart from the outline. Hold Shift to begin a new part.");
    }
    const after = shape.length ? addParts(regions, label, shape, this.#manner) : null;
    if (after) this.desk.commit(after, this.name, "Added.");
  }

  /** @param {Part[]} shape */
  #erase(shape) {
    const { regions, label } = this.desk;
    const after = takeParts(regions, label, shape, this.#manner);
    if (!after) this.desk.say("Nothing would be left of the outline. {remove} takes the region away.");
    else if (after === regions) this.desk.say("There is nothing of this structure to erase here.");
    else this.desk.commit(after, this.name, "Erased.");
  }

  leave() {
    this.#at = null;
    this.desk.sketch({});
  }
}

export class AddBrush extends RoundBrush {
  name = "add";
  offer = { label: "Add with a brush; Alt erases", keys: ["B"], button: { text: "Add" } };

  /** @param {Pointer} pointer */
  adds({ alt }) {
    return !alt;
  }
}

export class EraseBrush extends RoundBrush {
  name = "erase";
  offer = { label: "Erase with a brush; Alt adds", keys: ["E"], button: { text: "Erase" } };

  /** @param {Pointer} pointer */
  adds({ alt }) {
    return alt;
  }
}

export class PushTool extends RoundBrush {
  name = "push";
  offer = {
    label: "Push the border: outwards from inside, inwards from outside",
    keys: ["G"],
    button: { text: "Push" },
  };

  /** @param {Pointer} pointer */
  adds({ point }) {
    const { regions, label } = this.desk;
    return regions.some((one) => one.label === label && insideRings(point, one.parts.flat()));
  }
}
