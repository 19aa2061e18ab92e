/** Time spent on a scan: pauses longer than half a minute do not count. */

const LONGEST_PAUSE = 30_000;

export class WorkClock {
  #counted = 0;
  #last;
  #now;

  /** @param {() => number} now ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#last = now();
  }

  /** Somebody is at work. */
  tick() {
    const now = this.#now();
    this.#counted += Math.min(now - this.#last, LONGEST_PAUSE);
    this.#last = now;
  }

  /** Seconds since they were last taken. */
  take() {
    this.tick();
    const seconds = this.#counted / 1000;
    this.#counted = 0;
    return Math.round(seconds * 10) / 10;
  }
}
