/**
 * Livewire: clicks along a border, and the line between them follows the image's edges. A
 * double-click or Enter ends it; it replaces the stretch of the outline beside it as a redrawn
 * stroke does, or becomes an outline where there is none.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/geometry.js").Point} Point
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
  ];
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Point | null} */
  #seed = null;
  /** One between two clicks. @type {Point[][]} */
  #legs = [];
  /** From the newest seed, once the worker has answered. @type {Int8Array | null} */
  #steps = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  get #running() {
    const { grey } = this.desk.stage.picture;
    if (this.#worker || !grey) return this.#worker;
    this.#worker = new Worker(import.meta.resolve("#editor/livewire.js"), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => {
      if (this.#seed && data.seed === this.#pixel(this.#seed)) this.#steps = data.steps;
    });
    this.#worker.postMessage(grey);
    return this.#worker;
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
    this.#steps = null;
    this.#running?.postMessage({ seed: this.#pixel(seed) });
  }

  /** Along the edges, or straight as long as the worker has not answered. @param {Point} to @returns {Point[]} */
  #legTo(to) {
    if (!this.#seed) return [];
    if (!this.#steps) return [this.#seed, to];
    return [this.#seed, ...wayTo(this.#steps, this.desk.data.image.width, this.#pixel(to)).slice(1, -1), to];
  }

  /** @param {Pointer | null} pointer */
  hover(pointer) {
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
    const after = places.length ? this.#replaced(places, line) : this.#closed(line);
    if (!after) return desk.say("The line has to begin and end on the outline.");
    this.leave();
    desk.commit(after, this.name, "Put in along the edge.");
  }

  /** @param {import("#editor/regions.js").RingPlace[]} places @param {Point[]} line */
  #replaced(places, line) {
    const { desk } = this;
    const rings = places.map((place) => ringAt(desk.regions, place));
    const found = redraw(rings, line, desk.scale, 2 * TOLERANCE);
    const ring = found?.choices[0].ring ?? [];
    return found && ring.length >= 3 ? replaceRing(desk.regions, places[found.ring], ring, desk) : null;
  }

  /** @param {Point[]} line */
  #closed(line) {
    const ring = tidyRing(line);
    return ring.length < 3 ? null : addRing(this.desk.regions, this.desk.label, ring, this.desk);
  }

  leave() {
    this.#seed = null;
    this.#steps = null;
    this.#legs = [];
    this.desk.sketch({});
  }
}
