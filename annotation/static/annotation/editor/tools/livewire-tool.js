/**
 * Livewire: clicks along a border, and the line between them follows the image's edges, with the
 * bright tissue always on the same hand: that of the cheaper way to the second click, until the
 * other is taken. A double-click or Enter ends it; it replaces the stretch of the outline beside it
 * as a redrawn stroke does, or becomes an outline where there is none.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { distance, tidyRing } from "#editor/geometry.js";
import { wayTo } from "#editor/livewire.js";
import { redraw } from "#editor/redraw.js";
import { addRing, replaceRing, ringAt, ringPlaces } from "#editor/regions.js";
import { CLICK_REACH, TOLERANCE } from "#editor/tools/tool.js";

export class LivewireTool {
  name = "livewire";
  offer = { label: "Follow an edge of the image from click to click", keys: ["W"], button: { text: "Wire" } };
  /** @type {Action[]} */
  actions = [
    {
      name: "finish-wire",
      group: "Wire",
      label: "End the line and put it in",
      keys: ["Enter"],
      enabled: () => this.#legs.length > 0,
      run: () => this.#finish(),
    },
    {
      name: "wire-back",
      group: "Wire",
      label: "Take the last click back",
      keys: ["Backspace"],
      repeats: true,
      enabled: () => this.#seed !== null,
      run: () => this.#back(),
    },
    {
      name: "wire-side",
      group: "Wire",
      label: "Follow the edge's other side; once it is put in, take the line's other side",
      keys: ["X"],
      otherwise: "{wire-side} takes the other side of the edge that the line follows.",
      enabled: () => this.#ways !== null || this.#last?.regions === this.desk.regions,
      run: () => this.#flip(),
    },
  ];
  /** @type {Worker | null} */
  #worker = null;
  /** The scan that the worker was sent. @type {import("#editor/echo-intensity.js").Grey | null} */
  #sent = null;
  /** The seed that it was asked about. @type {Point | null} */
  #asked = null;
  /** @type {Point | null} */
  #seed = null;
  /** One between two clicks. @type {Point[][]} */
  #legs = [];
  /** From the newest seed with the bright on either hand, once the worker has answered. @type {import("#editor/livewire.js").Ways[] | null} */
  #ways = null;
  /** Which of them is followed, once that is decided. @type {number | null} */
  #hand = null;
  /** Where the pointer was last. @type {Point | null} */
  #ahead = null;
  /** What was put in, and what the other side would have been. @type {{regions: Region[], flip: () => void} | null} */
  #last = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Asks for the ways from the seed, once for each seed and scan; before the scan is loaded there is nothing to ask. */
  #ask() {
    const { grey } = this.desk.stage.picture;
    if (!grey || !this.#seed) return;
    const worker = (this.#worker ??= this.#employ());
    if (grey === this.#sent && this.#seed === this.#asked) return;
    if (grey !== this.#sent) worker.postMessage(grey);
    this.#ways = null;
    this.#sent = grey;
    this.#asked = this.#seed;
    worker.postMessage({ seed: this.#pixel(this.#seed) });
  }

  #employ() {
    const worker = new Worker(import.meta.resolve("#editor/livewire.js"), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      if (!this.#seed || data.seed !== this.#pixel(this.#seed)) return;
      this.#ways = data.ways;
      if (this.#ahead) this.#show(this.#legTo(this.#ahead));
    });
    return worker;
  }

  /** @param {Point} point */
  #pixel([x, y]) {
    const { width, height } = this.desk.data.image;
    const column = Math.min(Math.floor(x), width - 1);
    return Math.min(Math.floor(y), height - 1) * width + column;
  }

  /** @param {Point} seed */
  #plant(seed) {
    this.#seed = seed;
    this.#ways = null;
    this.#ask();
  }

  /** Along the edges, or straight as long as the worker has not answered. @param {Point} to @returns {Point[]} */
  #legTo(to) {
    if (!this.#seed) return [];
    this.#ask();
    if (!this.#ways) return [this.#seed, to];
    const { steps } = this.#ways[this.#handTo(to)];
    return [this.#seed, ...wayTo(steps, this.desk.data.image.width, this.#pixel(to)).slice(1, -1), to];
  }

  /** @param {Point} to */
  #handTo(to) {
    if (this.#hand !== null || !this.#ways) return this.#hand ?? 0;
    const [first, second] = this.#ways.map(({ costs }) => costs[this.#pixel(to)]);
    return first <= second ? 0 : 1;
  }

  #flip() {
    if (!this.#ways) return this.#last?.flip();
    this.#hand = 1 - this.#handTo(this.#ahead ?? this.#seed ?? [0, 0]);
    if (this.#ahead) this.#show(this.#legTo(this.#ahead));
    this.desk.say("The line follows the other side of the edge.");
  }

  /** @param {Pointer | null} pointer */
  hover(pointer) {
    this.#ahead = pointer?.point ?? null;
    if (this.#seed) this.#show(pointer ? this.#legTo(pointer.point) : []);
  }

  /** @param {Point[]} ahead */
  #show(ahead) {
    this.desk.sketch({
      lines: [{ points: [...this.#legs.flat(), ...ahead], kind: "draft" }],
      handles: [...this.#legs.map(([start]) => start), ...(this.#seed ? [this.#seed] : [])],
    });
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    if (this.desk.refusesChosen()) return null;
    const isFirst = this.#seed === null;
    if (isFirst) this.#plant(point);
    return {
      move: (/** @type {Pointer} */ next) => this.#show(this.#legTo(next.point)),
      /** @param {Pointer} pointer */
      release: ({ point: to }) => this.#click(to, isFirst),
      cancel: () => this.leave(),
    };
  }

  /** A first press that is dragged is the first leg. @param {Point} to @param {boolean} isFirst */
  #click(to, isFirst) {
    const isStill = this.#seed && distance(this.#seed, to) * this.desk.scale < CLICK_REACH;
    if (isStill && !isFirst) return this.#finish();
    if (isStill) return this.desk.say("Click on along the border. A double-click or {finish-wire} ends the line.");
    this.#legs.push(this.#legTo(to));
    if (this.#ways) this.#hand = this.#handTo(to);
    this.#plant(to);
    this.#show([]);
  }

  #back() {
    const [start] = this.#legs.pop() ?? [];
    if (!start) return this.leave();
    this.#plant(start);
    this.#show([]);
  }

  #finish() {
    const { desk } = this;
    const line = this.#legs.flat();
    const places = ringPlaces(desk.regions, desk.label);
    if (places.length) return this.#replace(places, line, 0);
    const after = this.#closed(line);
    if (!after) return desk.say("The line has to enclose something.");
    this.leave();
    desk.commit(after, this.name, "Put in along the edge.");
  }

  /** @param {import("#editor/regions.js").RingPlace[]} places @param {Point[]} line @param {number} choice */
  #replace(places, line, choice) {
    const { desk } = this;
    const rings = places.map((place) => ringAt(desk.regions, place));
    const found = redraw(rings, line, desk.scale, 2 * TOLERANCE);
    if (!found) return desk.say("The line has to begin and end on the outline.");
    const { ring } = found.choices[choice];
    const after = ring.length < 3 ? null : replaceRing(desk.regions, places[found.ring], ring, desk);
    if (!after) return desk.say("Nothing would be left of the outline; it stays as it was.");
    this.leave();
    desk.commit(after, this.name, "Put in along the edge. {wire-side} takes the other side.");
    const flip = () => {
      desk.undo();
      this.#replace(places, line, 1 - choice);
    };
    this.#last = { regions: desk.regions, flip };
  }

  /** @param {Point[]} line */
  #closed(line) {
    const ring = tidyRing(line);
    return ring.length < 3 ? null : addRing(this.desk.regions, this.desk.label, ring, this.desk);
  }

  leave() {
    this.#seed = null;
    this.#ways = null;
    this.#hand = null;
    this.#ahead = null;
    this.#legs = [];
    this.desk.sketch({});
  }
}
