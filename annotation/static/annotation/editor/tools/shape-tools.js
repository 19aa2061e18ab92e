/**
 * Split, cut a hole, join: changes of a whole shape.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { distance, partsArea, simplifyRing, tidyRing } from "#editor/geometry.js";
import { regionAt, relabel, splitRegion, takeParts, uniteRegions, yieldGround } from "#editor/regions.js";
import { filled } from "#editor/shapes.js";
import { CLICK_REACH, takingDown, TOLERANCE } from "#editor/tools/tool.js";

/** A stroke as it is drawn, handed on when it ends. */
class StrokeTool {
  name = "";

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Point[]} stroke @returns {import("#editor/overlay.js").SketchLine[]} */
  lines(stroke) {
    return [{ points: stroke, kind: "stroke" }];
  }

  /** @param {Point[]} stroke @param {Pointer} pointer as it was pressed */
  ended(stroke, pointer) {
    throw new Error(`not said for ${stroke.length} points from ${pointer.point}`);
  }

  /** @param {Pointer} pointer */
  press(pointer) {
    const { desk } = this;
    const stroke = [pointer.point];
    return {
      move: takingDown(desk, stroke, () => desk.sketch({ lines: this.lines(stroke) })),
      release: () => {
        desk.sketch({});
        const length = Math.max(...stroke.map((there) => distance(there, pointer.point)));
        if (length * desk.scale < CLICK_REACH) desk.pick(pointer.point);
        else if (!desk.refusesChosen()) this.ended(stroke, pointer);
      },
      cancel: () => desk.sketch({}),
    };
  }
}

export class SplitTool extends StrokeTool {
  name = "split";
  offer = { label: "Split along a line", keys: ["C"], button: { text: "Split" } };
  /** The regions as the split has left them, and which of them is the smaller piece. @type {{regions: Region[], smaller: number} | null} */
  #split = null;
  /** @type {Action[]} */
  actions = this.desk.data.labels.map(({ name, title, number }) => ({
    name: `give-to-${number}`,
    group: "Split",
    label: `Give the smaller piece to ${title}`,
    keys: number < 10 ? [String(number)] : [],
    enabled: () => this.#split?.regions === this.desk.regions,
    run: () => this.#give(name, title),
  }));

  /** @param {Point[]} stroke */
  ended(stroke) {
    const { desk } = this;
    const split = splitRegion(desk.regions, desk.label, stroke, desk.scale, desk);
    if (!split) return desk.say("Draw the line from one side of the outline to the other.");
    const [first, second] = split.pieces;
    const isSecond = partsArea(split.regions[second].parts) < partsArea(split.regions[first].parts);
    desk.commit(split.regions, this.name, "Split in two. A number gives the smaller piece to that structure.");
    this.#split = { regions: desk.regions, smaller: isSecond ? second : first };
  }

  /** @param {string} label @param {string} title */
  #give(label, title) {
    if (!this.#split) return;
    const { regions, smaller } = this.#split;
    this.#split = null;
    this.desk.commit(relabel(regions, smaller, label), this.name, `The smaller piece is ${title} now.`);
  }

  leave() {
    this.#split = null;
    this.desk.sketch({});
  }
}

export class HoleTool extends StrokeTool {
  name = "hole";
  offer = { label: "Cut a hole", keys: ["H"], button: { text: "Hole" } };

  /** @param {Point[]} stroke */
  lines(stroke) {
    return [{ points: stroke, kind: /** @type {const} */ ("removed"), closed: true }];
  }

  /** @param {Point[]} stroke */
  ended(stroke) {
    const { desk } = this;
    const shape = filled(tidyRing(simplifyRing(stroke, TOLERANCE)));
    const after = takeParts(desk.regions, desk.label, shape, { linked: desk.linked, locked: desk.locked });
    if (!after) desk.say("Nothing would be left of the outline; it stays as it was.");
    else if (after === desk.regions) desk.say("Draw round the hole inside the outline.");
    else desk.commit(after, this.name, "Hole cut.");
  }
}

export class UniteTool {
  name = "unite";
  offer = {
    label: "Click a region to join it to the chosen structure; Alt-click to cut it out",
    keys: ["U"],
    button: { text: "Join" },
  };

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Pointer} pointer */
  press({ point, alt }) {
    return {
      move() {},
      cancel() {},
      release: () => (alt ? this.#cutOut(point) : this.#unite(point)),
    };
  }

  /** @param {Point} point */
  #unite(point) {
    const { desk } = this;
    const after = uniteRegions(desk.regions, desk.label, regionAt(desk.regions, point));
    if (after) desk.commit(after, this.name, "Joined.");
    else desk.say("Click a region beside the chosen structure to join it.");
  }

  /** @param {Point} point */
  #cutOut(point) {
    const { desk } = this;
    const after = yieldGround(desk.regions, desk.label, point, desk);
    if (after) desk.commit(after, this.name, "Cut out.");
    else desk.say("No other region overlaps the chosen structure here.");
  }
}
