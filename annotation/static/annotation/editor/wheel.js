/**
 * What a turn of the wheel means: a wheel zooms, two fingers on a trackpad move the scan and their
 * pinch, which browsers tell as the wheel with Ctrl, zooms. Which of both it is shows at its
 * beginning: a wheel turns upright, in large steps.
 */

const WHEEL_ZOOM = 0.0015;
/** A pinch tells few px at a time; a wheel with Ctrl tells many at once, of which no more count. */
const PINCH_ZOOM = 0.01;
const LARGEST_PINCH = 40;
const WHEEL_LINE = 16;
/** A wheel's step is at least so large. px */
const SMALLEST_STEP = 50;
/** Turns that follow within this time belong together. ms */
const TOGETHER = 250;

/**
 * @typedef {{deltaX: number, deltaY: number, deltaMode: number, ctrlKey: boolean, timeStamp: number}} Turn
 * @typedef {{zoom: number} | {pan: [number, number]}} Meant `zoom` a factor, `pan` in px
 */

export class Wheel {
  #isTrackpad = false;
  #last = -Infinity;
  #turned = 0;

  /** @param {Turn} turn @returns {Meant} */
  meant(turn) {
    const [x, y] = pixels(turn);
    this.#follow(turn);
    if (turn.ctrlKey) return { zoom: Math.exp(-Math.max(-LARGEST_PINCH, Math.min(LARGEST_PINCH, y)) * PINCH_ZOOM) };
    return this.#isTrackpad ? { pan: [-x, -y] } : { zoom: Math.exp(-(y || x) * WHEEL_ZOOM) };
  }

  /** Whole steps, such as of a brush's size: each of a wheel, or so many px of two fingers. @param {Turn} turn */
  steps(turn) {
    const [x, y] = pixels(turn);
    this.#follow(turn);
    if (!this.#isTrackpad) return Math.sign(y || x);
    this.#turned += y || x;
    const steps = Math.trunc(this.#turned / SMALLEST_STEP);
    this.#turned -= steps * SMALLEST_STEP;
    return steps;
  }

  /** @param {Turn} turn */
  #follow({ deltaX, deltaY, deltaMode, timeStamp }) {
    const isNew = timeStamp - this.#last > TOGETHER;
    this.#last = timeStamp;
    if (!isNew) return;
    this.#turned = 0;
    const isSlanted = deltaX !== 0 && deltaY !== 0;
    const largest = Math.max(Math.abs(deltaX), Math.abs(deltaY));
    this.#isTrackpad = deltaMode === 0 && (isSlanted || largest < SMALLEST_STEP);
  }
}

/** @param {Turn} turn @returns {[number, number]} */
function pixels({ deltaX, deltaY, deltaMode }) {
  const px = deltaMode === 0 ? 1 : WHEEL_LINE;
  return [deltaX * px, deltaY * px];
}
