/**
 * Draw: point by point by clicks, or free-hand in one stroke; the outline closes at its first
 * point, on a double-click, or with Enter.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 */
import { distance, simplifyLine, simplifyRing, tidyRing } from "#editor/geometry.js";
import { addRing } from "#editor/regions.js";
import { CLICK_REACH, takingDown, TOLERANCE } from "#editor/tools/tool.js";

export class DrawTool {
  name = "draw";
  offer = { label: "Draw a new outline", keys: ["D"], button: { text: "Draw" } };
  finishes = "finish";
  actions = [
    {
      name: "finish",
      bar: "Close",
      group: "Draw",
      label: "Close the outline being drawn",
      keys: ["Enter"],
      enabled: () => this.#points.length > 0,
      run: () => this.#finish(),
    },
    {
      name: "back",
      bar: "Point back",
      group: "Draw",
      label: "Take the last point back",
      keys: ["Backspace"],
      repeats: true,
      enabled: () => this.#points.length > 0,
      run: () => this.#back(),
    },
  ];

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** What is drawn so far. @returns {Point[]} */
  get #points() {
    return this.desk.drafts.of(this.name)?.points ?? [];
  }

  /** @param {Point[]} points */
  #put(points) {
    const { drafts, label } = this.desk;
    drafts.put(this.name, points.length ? { label, points } : null);
    this.#show([]);
  }

  /** @param {Pointer | null} pointer */
  hover(pointer) {
    if (this.#points.length) this.#show(pointer ? [pointer.point] : []);
  }

  /** @param {Point[]} ahead */
  #show(ahead) {
    const [start] = this.#points;
    this.desk.sketch({
      lines: [{ points: [...this.#points, ...ahead], kind: "draft" }],
      handles: this.#points,
      target: start ? { point: start, kind: "start" } : null,
    });
  }

  /** @param {Pointer} pointer */
  press({ point, reach }) {
    if (this.desk.refusesChosen()) return null;
    const stroke = [point];
    return {
      move: takingDown(this.desk, stroke, () => this.#show(stroke)),
      release: () => {
        const length = Math.max(...stroke.map((there) => distance(there, point)));
        if (length * this.desk.scale < CLICK_REACH) this.#click(point, reach);
        else this.#stroke(stroke, reach);
      },
      cancel: () => this.#show([]),
    };
  }

  /** @param {Point} point @param {number} reach */
  #click(point, reach) {
    const [start] = this.#points;
    const last = this.#points.at(-1);
    const closes = start && this.#points.length >= 3 && distance(point, start) <= reach;
    const isDouble = last && distance(point, last) * this.desk.scale < CLICK_REACH;
    if (closes || (isDouble && this.#points.length >= 3)) this.#finish();
    else if (!isDouble) this.#add([point]);
  }

  /** A stroke of its own is a whole outline; after clicks it goes on from them. @param {Point[]} stroke @param {number} reach */
  #stroke(stroke, reach) {
    const before = this.#points;
    const isAlone = !before.length;
    const end = stroke[stroke.length - 1];
    this.#put(isAlone ? simplifyRing(stroke, TOLERANCE) : [...before, ...simplifyLine(stroke, TOLERANCE)]);
    if (isAlone || distance(end, this.#points[0]) <= reach) this.#finish();
  }

  /** @param {Point[]} points */
  #add(points) {
    this.#put([...this.#points, ...points]);
    if (this.#points.length === 1) {
      this.desk.say(
        "Click on; the first point or {finish} closes, {back} takes a point back.",
        () => this.#points.length > 0 && this.#points.length < 3,
      );
    }
  }

  /** Closes the outline. */
  #finish() {
    const ring = tidyRing(this.#points);
    const after = ring.length < 3 ? null : addRing(this.desk.regions, this.desk.label, ring, this.desk);
    if (!after) {
      this.desk.say("An outline needs three points that enclose something.");
      return;
    }
    if (!this.desk.commit(after, this.name, "Drawn.")) return;
    this.desk.drafts.end(this.name);
    this.desk.sketch({});
  }

  /** Takes the last point back. */
  #back() {
    this.#put(this.#points.slice(0, -1));
  }

  resume() {
    this.#show([]);
  }

  leave() {
    this.desk.sketch({});
  }
}
