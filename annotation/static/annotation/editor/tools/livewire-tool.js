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
 */
import { distance, tidyRing } from "#editor/geometry.js";
import { Following } from "#editor/following.js";
import { wayTo } from "#editor/livewire.js";
import { addRing, ringPlaces } from "#editor/regions.js";
import { LineIn } from "#editor/tools/line-in.js";
import { CLICK_REACH, TOLERANCE } from "#editor/tools/tool.js";

export class LivewireTool {
  name = "livewire";
  offer = { label: "Follow an edge of the image from click to click", keys: ["W"], button: { text: "Wire" } };
  finishes = "finish-wire";
  /** @type {Action[]} */
  actions = [
    {
      name: "finish-wire",
      bar: "Put in",
      group: "Wire",
      label: "End the line and put it in",
      keys: ["Enter"],
      enabled: () => this.#draft.legs.length > 0,
      run: () => this.#finish(),
    },
    {
      name: "wire-back",
      bar: "Click back",
      group: "Wire",
      label: "Take the last click back",
      keys: ["Backspace"],
      repeats: true,
      enabled: () => this.#draft.points.length > 0,
      run: () => this.#back(),
    },
    {
      name: "wire-side",
      bar: "Other side",
      group: "Wire",
      label: "Follow the edge's other side; once it is put in, take the line's other side",
      keys: ["X"],
      duringStroke: true,
      otherwise: "{wire-side} takes the other side of the edge that the line follows.",
      enabled: () => (this.#seed && this.#waysFrom(this.#seed) !== null) || this.#line.canFlip,
      run: () => this.#flip(),
    },
  ];
  /** Where the first press is, as long as it lasts. @type {Point | null} */
  #pressed = null;
  /** The side that was taken meanwhile. @type {number | null} */
  #firstHand = null;
  /** Where the pointer was last. @type {Point | null} */
  #ahead = null;
  /** Whether the line is to be put in once all its legs are worked out. */
  #isDue = false;
  #isActive = false;
  #line;
  #following;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.#line = new LineIn(desk, this.name, "Put in along the edge", "wire-side");
    const employ = () => new Worker(import.meta.resolve("#editor/livewire.js"), { type: "module" });
    this.#following = new Following(employ, () => this.#answered());
  }

  /** The line so far. */
  get #draft() {
    const { label, points = [], legs = [], hand = this.#firstHand } = this.desk.drafts.of(this.name) ?? {};
    return { label: label ?? this.desk.label, points, legs, hand };
  }

  get #seed() {
    return this.#draft.points.at(-1) ?? this.#pressed;
  }

  /** @param {Partial<import("#editor/drafts.js").Draft>} changed one step of work */
  #put(changed) {
    const draft = { ...this.#draft, ...changed };
    this.desk.drafts.put(this.name, draft.points.length ? draft : null);
    this.#isDue = false;
    this.resume();
    this.#workOut();
  }

  resume() {
    this.#isActive = true;
    this.#ask();
    this.#show([]);
  }

  /** Asks for the ways from the first leg that is still to be worked out, else from where the line ends. */
  #ask() {
    const { grey } = this.desk.stage.picture;
    const { points, legs } = this.#draft;
    const waiting = legs.indexOf(null);
    const from = waiting < 0 ? this.#seed : points[waiting];
    if (!grey || !from) return;
    this.#following.ask(grey, this.#pixel(from));
  }

  #answered() {
    this.#workOut();
    if (this.#ahead) this.#show(this.#legTo(this.#ahead));
  }

  /** Legs that were clicked before there was an answer become what they are meant to be. */
  #workOut() {
    const { points, legs, hand, label } = this.#draft;
    const waiting = legs.indexOf(null);
    if (waiting < 0) return;
    const [from, to] = [points[waiting], points[waiting + 1]];
    const isStraight = this.#following.hasGivenUp(this.#pixel(from));
    if (!isStraight && !this.#waysFrom(from)) return;
    const settled = hand ?? (isStraight ? null : this.#handTo(to));
    const leg = this.#along(from, to, settled ?? 0);
    this.desk.drafts.settle(this.name, { label, points, legs: legs.with(waiting, leg), hand: settled });
    if (this.#isActive) this.#showWorkedOut(to, isStraight);
    if (this.#draft.legs.includes(null)) this.#workOut();
    else if (this.#isDue) this.#finish();
  }

  /** @param {Point} to where the leg leads @param {boolean} isStraight */
  #showWorkedOut(to, isStraight) {
    if (isStraight) {
      this.#isDue = false;
      this.desk.say(
        "The edge could not be followed here: this leg is straight. Go on, take it back with {wire-back}, or put it in with {finish-wire}.",
        () => this.#draft.points.includes(to),
      );
    }
    this.resume();
  }

  /** What the worker has answered about a point. @param {Point} point */
  #waysFrom(point) {
    return this.#following.from(this.#pixel(point));
  }

  /** @param {Point} point */
  #pixel([x, y]) {
    const { width, height } = this.desk.data.image;
    const column = Math.min(Math.floor(x), width - 1);
    return Math.min(Math.floor(y), height - 1) * width + column;
  }

  /** @param {Point} from @param {Point} to @param {number} hand @returns {Point[]} */
  #along(from, to, hand) {
    const ways = this.#waysFrom(from);
    if (!ways) return [from, to];
    const way = wayTo(ways[hand].steps, this.desk.data.image.width, this.#pixel(to));
    return [from, ...way.slice(1, -1), to];
  }

  /** From where the line ends, straight as long as the worker has not answered. @param {Point} to @returns {Point[]} */
  #legTo(to) {
    const seed = this.#seed;
    if (!seed) return [];
    this.#ask();
    return this.#along(seed, to, this.#handTo(to));
  }

  /** @param {Point} to */
  #handTo(to) {
    const { hand, points, legs } = this.#draft;
    const from = points[legs.indexOf(null)] ?? this.#seed;
    const ways = from && this.#waysFrom(from);
    if (hand !== null || !ways) return hand ?? 0;
    const [first, second] = ways.map(({ costs }) => costs[this.#pixel(to)]);
    return first <= second ? 0 : 1;
  }

  #flip() {
    const seed = this.#seed;
    if (!seed || !this.#waysFrom(seed)) return this.#line.flip();
    const hand = 1 - this.#handTo(this.#ahead ?? seed);
    if (this.#draft.points.length) this.desk.drafts.settle(this.name, { ...this.#draft, hand });
    else this.#firstHand = hand;
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
    const { points, legs } = this.#draft;
    const line = legs.flatMap((leg, at) => leg ?? [points[at], points[at + 1]]);
    this.desk.sketch({ lines: [{ points: [...line, ...ahead], kind: "draft" }], handles: points });
  }

  /** @param {Pointer} pointer */
  press({ point }) {
    if (this.desk.refusesChosen()) return null;
    if (this.#seed === null) {
      this.#pressed = point;
      this.#ask();
    }
    return {
      move: (/** @type {Pointer} */ next) => this.#show(this.#legTo(next.point)),
      /** @param {Pointer} pointer */
      release: ({ point: to }) => this.#click(to),
      cancel: () => {
        this.#pressed = null;
        this.#firstHand = null;
        this.#show([]);
      },
    };
  }

  /** A first press that is dragged is the first leg. @param {Point} to */
  #click(to) {
    const first = this.#pressed;
    this.#pressed = null;
    if (first) this.#put({ points: [first] });
    this.#firstHand = null;
    const { points, legs, hand } = this.#draft;
    const seed = points[points.length - 1];
    const isStill = distance(seed, to) * this.desk.scale < CLICK_REACH;
    if (isStill && !first) return this.#finish();
    if (isStill) {
      const text = "Click on along the border. A double-click or {finish-wire} ends the line.";
      return this.desk.say(text, () => this.#draft.points.length === 1);
    }
    const isKnown = this.#waysFrom(seed) !== null;
    const leg = isKnown ? this.#legTo(to) : null;
    this.#put({ points: [...points, to], legs: [...legs, leg], hand: isKnown ? this.#handTo(to) : hand });
  }

  #back() {
    const { points, legs } = this.#draft;
    this.#put({ points: points.slice(0, -1), legs: legs.slice(0, -1) });
  }

  /** Puts the line in, once all of it is worked out. */
  #finish() {
    const { desk } = this;
    const { legs } = this.#draft;
    if (legs.includes(null)) {
      this.#isDue = true;
      return desk.say("The line is being worked out; it is put in then.", () => this.#isDue);
    }
    const line = legs.flatMap((leg) => leg ?? []);
    if (ringPlaces(desk.regions, desk.label).length) {
      const meant = this.#line.find(line, 2 * TOLERANCE);
      return this.#line.put(meant, 0) ? this.#end() : undefined;
    }
    const after = this.#closed(line);
    if (!after) return desk.say("The line has to enclose something.");
    if (desk.commit(after, this.name, "Put in along the edge.")) this.#end();
  }

  #end() {
    this.desk.drafts.end(this.name);
    this.leave();
  }

  /** @param {Point[]} line */
  #closed(line) {
    const ring = tidyRing(line);
    return ring.length < 3 ? null : addRing(this.desk.regions, this.desk.label, ring, this.desk);
  }

  leave() {
    this.#ahead = null;
    this.#isDue = false;
    this.#isActive = false;
    this.desk.sketch({});
  }

  close() {
    this.#following.close();
  }
}
