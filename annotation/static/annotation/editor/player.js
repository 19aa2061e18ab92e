/**
 * Plays a sweep on the picture alone: the work stays with the frame that was open. It goes round
 * until it is stopped.
 *
 * @typedef {import("#editor/sweep.js").Frame} Frame
 */
import { pixelsOf } from "#editor/pixels.js";

/** From frame to frame. ms */
const PACE = 66;
/** Frames that are fetched ahead. */
const AHEAD = 6;

export class Player {
  #index = 0;
  #isPlaying = false;
  #frames;
  #show;

  /** @param {Frame[]} frames @param {(pixels: ImageBitmap, index: number) => void} show */
  constructor(frames, show) {
    this.#frames = frames;
    this.#show = show;
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  /** @param {number} index to begin after @returns {Promise<void>} rejected when a frame cannot be had */
  async play(index) {
    this.#index = index;
    this.#isPlaying = true;
    try {
      while (this.#isPlaying) await this.#step();
    } finally {
      this.#isPlaying = false;
    }
  }

  /** @returns {Frame} the one that was shown last */
  stop() {
    this.#isPlaying = false;
    return this.#frames[this.#index];
  }

  async #step() {
    const next = this.#after(1);
    const [pixels] = await Promise.all([
      pixelsOf(this.#frames[next].pixels),
      new Promise((resolve) => setTimeout(resolve, PACE)),
    ]);
    if (!this.#isPlaying) return;
    this.#index = next;
    this.#show(pixels, next);
    pixelsOf(this.#frames[this.#after(AHEAD)].pixels).catch(() => {});
  }

  /** @param {number} steps */
  #after(steps) {
    return (this.#index + steps) % this.#frames.length;
  }
}
