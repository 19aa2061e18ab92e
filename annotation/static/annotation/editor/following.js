/**
 * Asks a worker for the ways along the edges from a pixel. A worker that dies or does not answer in
 * time is replaced and asked again; after that the pixel is given up, and the next one begins anew.
 *
 * @typedef {import("#editor/echo-intensity.js").Grey} Grey
 * @typedef {import("#editor/livewire.js").Ways} Ways
 * @typedef {Pick<Worker, "postMessage" | "terminate" | "addEventListener">} Employed
 * @typedef {{set(run: () => void, ms: number): any, clear(timer: any): void}} Clock
 */

/** How long an answer is waited for: a large scan on a slow machine takes less. ms */
const LIMIT = 6000;
const TRIES = 2;
/** Browsers' timers want to be called as the window's. */
const BROWSERS_CLOCK = {
  set: (/** @type {() => void} */ run, /** @type {number} */ ms) => setTimeout(run, ms),
  clear: (/** @type {any} */ timer) => clearTimeout(timer),
};

export class Following {
  #employ;
  #onChange;
  #clock;
  /** @type {Employed | null} */
  #worker = null;
  /** The scan that it was sent. @type {Grey | null} */
  #sent = null;
  /** @type {{grey: Grey, pixel: number} | null} */
  #asked = null;
  /** What it answered: from that pixel with the bright on either hand. @type {Ways[] | null} */
  #ways = null;
  #failures = 0;
  /** @type {any} */
  #timer = 0;

  /** @param {() => Employed} employ @param {() => void} onChange there is an answer, or none to come @param {Partial<Clock>} clock */
  constructor(employ, onChange, clock = {}) {
    this.#employ = employ;
    this.#onChange = onChange;
    this.#clock = { ...BROWSERS_CLOCK, ...clock };
  }

  /** Once for each pixel and scan. @param {Grey} grey @param {number} pixel */
  ask(grey, pixel) {
    if (this.#asked?.grey === grey && this.#asked.pixel === pixel) return;
    this.#asked = { grey, pixel };
    this.#ways = null;
    this.#failures = 0;
    this.#send();
  }

  /** @param {number} pixel @returns {Ways[] | null} */
  from(pixel) {
    return this.#asked?.pixel === pixel ? this.#ways : null;
  }

  /** Whether no answer about a pixel is to come. @param {number} pixel */
  hasGivenUp(pixel) {
    return this.#asked?.pixel === pixel && this.#failures >= TRIES;
  }

  /** Nothing is asked any more. */
  close() {
    this.#asked = null;
    this.#clock.clear(this.#timer);
    this.#dismiss();
  }

  #send() {
    if (!this.#asked) return;
    const { grey, pixel } = this.#asked;
    try {
      const worker = (this.#worker ??= this.#begin());
      if (grey !== this.#sent) worker.postMessage(grey);
      this.#sent = grey;
      worker.postMessage({ seed: pixel });
    } catch {
      return this.#fail();
    }
    this.#clock.clear(this.#timer);
    this.#timer = this.#clock.set(() => this.#fail(), LIMIT);
  }

  #begin() {
    const worker = this.#employ();
    worker.addEventListener("message", (/** @type {any} */ { data }) => {
      if (worker !== this.#worker || data.seed !== this.#asked?.pixel) return;
      this.#clock.clear(this.#timer);
      this.#ways = data.ways;
      this.#onChange();
    });
    worker.addEventListener("error", () => worker === this.#worker && this.#fail());
    return worker;
  }

  #fail() {
    this.#clock.clear(this.#timer);
    this.#dismiss();
    this.#failures += 1;
    if (this.#failures < TRIES) this.#send();
    else this.#onChange();
  }

  #dismiss() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#sent = null;
  }
}
