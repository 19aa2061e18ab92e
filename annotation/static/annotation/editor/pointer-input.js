/**
 * Mouse, pen and fingers on the stage: the active tool's gestures, and panning, zooming and
 * brightness, which work with every tool.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/tools/tool.js").Gesture} Gesture
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/tools/tool.js").Tool} Tool
 * @typedef {{
 *   move(event: PointerEvent): void,
 *   release(event: PointerEvent): void,
 *   cancel(): void,
 * }} Hold what a pressed pointer does
 * @typedef {{
 *   readonly activeTool: Tool | null,
 *   pressed(): void,
 *   released(): void,
 *   adjusted(): void,
 *   takeEraser(): boolean,
 *   putEraserBack(): void,
 * }} Host
 */
import { distance, inImage } from "#editor/geometry.js";
import { Wheel } from "#editor/wheel.js";

const MOUSE_REACH = 9;
const FINGER_REACH = 18;
/** Brightness and contrast steps per px of a drag. */
const WINDOW_STEP = 0.4;

/** The button of a pen's eraser end, as Pointer Events number it. */
const ERASER = 5;

/** Whether a pen has been used since the page was loaded: from then on fingers draw no more. */
let penSeen = false;

export class PointerInput {
  /** Whether Space is held, which makes every drag a pan. */
  panning = false;
  /** @type {{id: number, isPen: boolean, hold: Hold} | null} */
  #held = null;
  /** @type {Map<number, Point>} */
  #fingers = new Map();
  /** Pointers that are down, whatever they do. @type {Set<number>} */
  #down = new Set();
  #wheel = new Wheel();
  #listeners = new AbortController();
  #stage;
  #host;

  /** @param {import("#editor/stage.js").Stage} stage @param {Host} host */
  constructor(stage, host) {
    this.#stage = stage;
    this.#host = host;
    const { signal } = this.#listeners;
    const on = stage.container;
    on.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    on.addEventListener("pointermove", (event) => this.#move(event), { signal });
    on.addEventListener("pointerup", (event) => this.#release(event), { signal });
    on.addEventListener("pointercancel", (event) => this.#drop(event), { signal });
    on.addEventListener("pointerleave", () => this.#hover(null), { signal });
    on.addEventListener("wheel", (event) => this.#turn(event), { signal, passive: false });
    on.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    window.addEventListener("blur", () => this.#down.clear(), { signal });
  }

  close() {
    this.#listeners.abort();
  }

  /** Gives the gesture up. @returns {boolean} whether there was one */
  cancel() {
    const held = this.#held;
    this.#held = null;
    held?.hold.cancel();
    if (held) this.#host.released();
    return held !== null;
  }

  /** Whether a pressed pointer does something. */
  get isBusy() {
    return this.#held !== null;
  }

  /** Whether a pointer is down on the stage, even if its gesture was given up. */
  get isDown() {
    return this.#down.size > 0;
  }

  /** @param {PointerEvent} event @returns {Pointer} */
  #pointer(event) {
    const { width, height, scale } = this.#stage.viewport;
    const point = this.#stage.toImage(event.clientX, event.clientY);
    const reach = event.pointerType === "touch" ? FINGER_REACH : MOUSE_REACH;
    return { point: inImage(point, width, height), reach: reach / scale, alt: event.altKey, shift: event.shiftKey };
  }

  /** @param {PointerEvent} event */
  #press(event) {
    event.preventDefault();
    const isPen = event.pointerType === "pen";
    if (this.#held?.isPen && !isPen) return;
    this.#host.pressed();
    this.#stage.container.setPointerCapture(event.pointerId);
    this.#down.add(event.pointerId);
    if (isPen) this.#penComes();
    if (event.pointerType === "touch") {
      this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.#fingers.size > 1) return void this.cancel();
    }
    if (this.#held) return;
    if (event.button === ERASER && !this.#host.takeEraser()) return;
    const hold = this.#holdFor(event);
    if (hold) this.#held = { id: event.pointerId, isPen, hold };
    if (event.button === ERASER) this.#host.putEraserBack();
  }

  /** The hand that holds it rests on the glass: its fingers are not meant. */
  #penComes() {
    penSeen = true;
    this.#fingers.clear();
    this.cancel();
  }

  /** @param {PointerEvent} event @returns {Hold | null} */
  #holdFor(event) {
    const isFingerBesidePen = event.pointerType === "touch" && penSeen;
    if (event.button === 1 || event.button === 2 || this.panning || isFingerBesidePen) {
      return this.#pan(event);
    }
    if (event.button !== 0 && event.button !== ERASER) return null;
    if (event.ctrlKey || event.metaKey) return this.#window(event);
    const gesture = this.#host.activeTool?.press(this.#pointer(event));
    return gesture ? this.#gesture(gesture) : null;
  }

  /** @param {Gesture} gesture */
  #gesture(gesture) {
    return {
      /** @param {PointerEvent} event */
      move: (event) => {
        const told = event.getCoalescedEvents?.() ?? [];
        const steps = told.length ? told : [event];
        steps.forEach((step, at) => gesture.move(this.#pointer(step), at === steps.length - 1));
      },
      /** @param {PointerEvent} event */
      release: (event) => gesture.release(this.#pointer(event)),
      cancel: () => gesture.cancel(),
    };
  }

  /** @param {PointerEvent} start */
  #pan(start) {
    let [x, y] = [start.clientX, start.clientY];
    return {
      /** @param {PointerEvent} event */
      move: ({ clientX, clientY }) => {
        this.#stage.viewport.pan(clientX - x, clientY - y);
        [x, y] = [clientX, clientY];
        this.#stage.place();
      },
      release: () => {},
      cancel: () => {},
    };
  }

  /** Right and left for contrast, up and down for brightness. @param {PointerEvent} start */
  #window(start) {
    const { picture } = this.#stage;
    const { brightness, contrast } = picture.window;
    return {
      /** @param {PointerEvent} event */
      move: ({ clientX, clientY }) => {
        picture.adjust({
          brightness: brightness + (start.clientY - clientY) * WINDOW_STEP,
          contrast: contrast + (clientX - start.clientX) * WINDOW_STEP,
        });
        this.#host.adjusted();
      },
      release: () => {},
      cancel: () => {},
    };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!event.buttons) this.#down.delete(event.pointerId);
    const before = this.#fingers.get(event.pointerId);
    if (before && this.#fingers.size > 1) return this.#pinch(event, before);
    if (before) this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#held?.id === event.pointerId) this.#held.hold.move(event);
    else if (!this.#held) this.#hover(event);
  }

  /** Two fingers: what lies under them stays under them. @param {PointerEvent} event @param {Point} before */
  #pinch(event, before) {
    /** @type {Point} */
    const after = [event.clientX, event.clientY];
    const [, other] = [...this.#fingers].find(([id]) => id !== event.pointerId) ?? [];
    this.#fingers.set(event.pointerId, after);
    if (!other) return;
    const { viewport } = this.#stage;
    const middle = this.#stage.fromClient((after[0] + other[0]) / 2, (after[1] + other[1]) / 2);
    viewport.zoom(distance(after, other) / Math.max(1, distance(before, other)), middle);
    viewport.pan((after[0] - before[0]) / 2, (after[1] - before[1]) / 2);
    this.#stage.place();
  }

  /** @param {PointerEvent | null} event */
  #hover(event) {
    if (this.#held) return;
    this.#host.activeTool?.hover?.(event && this.#pointer(event));
  }

  /** @param {PointerEvent} event */
  #release(event) {
    this.#down.delete(event.pointerId);
    this.#fingers.delete(event.pointerId);
    if (this.#held?.id !== event.pointerId) return;
    const { hold } = this.#held;
    this.#held = null;
    hold.release(event);
    this.#host.released();
    if (event.pointerType === "mouse") this.#hover(event);
  }

  /** @param {PointerEvent} event */
  #drop(event) {
    this.#down.delete(event.pointerId);
    this.#fingers.delete(event.pointerId);
    if (this.#held?.id === event.pointerId) this.cancel();
  }

  /** @param {WheelEvent} event */
  #turn(event) {
    event.preventDefault();
    const tool = this.#host.activeTool;
    if (event.shiftKey && tool?.resize) {
      const steps = this.#wheel.steps(event);
      if (steps) tool.resize(-steps);
      return;
    }
    const { viewport } = this.#stage;
    const meant = this.#wheel.meant(event);
    if ("zoom" in meant) viewport.zoom(meant.zoom, this.#stage.fromClient(event.clientX, event.clientY));
    else viewport.pan(...meant.pan);
    this.#stage.place();
  }
}
