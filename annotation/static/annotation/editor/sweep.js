/**
 * A sweep: the frames of one take, how far the work on each is, and what is proposed for them. It
 * outlives the change from frame to frame, which is why what was seen last is kept here, too.
 *
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {"done" | "draft" | "proposed" | "empty" | "waiting" | "returned"} FrameState
 * @typedef {{image: number, number: number, state: FrameState, page: string, pixels: string,
 *   annotation: string}} Frame `page`: empty where there is nothing to review
 * @typedef {{regions: Region[], tool: "pre-label" | "carried" | "interpolated", version: string,
 *   says: string}} Proposal `tool`: how it came about; `version`: of the model, if it is a model's
 * @typedef {{label: string, tool: string | null, place: import("#editor/viewport.js").Place,
 *   window: import("#editor/window-level.js").Window}} View
 */
export class Sweep {
  /** @type {View | null} how the frame before was looked at */
  view = null;
  /** @type {Map<number, Proposal>} by image */
  #proposals = new Map();
  /** @type {Map<number, Proposal>} the models', by image */
  #offered = new Map();
  /** @type {Set<number>} images whose pre-label was rejected */
  #rejected = new Set();
  /** @type {Map<number, Region[]>} outlines seen here, by image */
  #outlines = new Map();
  /** @type {Map<number, FrameState>} what has changed since the server was asked */
  #changed = new Map();

  /** @param {Frame[]} frames in order */
  constructor(frames) {
    this.frames = frames;
  }

  /** @param {number} image */
  indexOf(image) {
    return this.frames.findIndex((frame) => frame.image === image);
  }

  /** @param {number} image @param {number} step @returns {Frame | null} */
  beside(image, step) {
    return this.frames[this.indexOf(image) + step] ?? null;
  }

  /** The nearest frame on one side that can be opened. @param {number} image @param {number} step 1 or -1 @returns {Frame | null} */
  toward(image, step) {
    let at = this.indexOf(image) + step;
    while (this.frames[at] && !this.frames[at].page) at += step;
    return this.frames[at] ?? null;
  }

  /** @param {Frame} frame @returns {FrameState} */
  stateOf({ image, state }) {
    const now = this.#changed.get(image) ?? state;
    if (!["proposed", "empty"].includes(now)) return now;
    if (this.#proposals.has(image)) return "proposed";
    return this.#rejected.has(image) ? "empty" : now;
  }

  /** Whether nobody has outlined the frame yet. @param {Frame} frame */
  isOpen(frame) {
    return ["proposed", "empty"].includes(this.stateOf(frame));
  }

  /** What has been drawn on a frame. @param {number} image @param {Region[]} regions */
  keep(image, regions) {
    this.#outlines.set(image, regions);
  }

  /** The work on a frame has changed. @param {number} image */
  begin(image) {
    const frame = this.frames[this.indexOf(image)];
    if (frame && this.isOpen(frame)) this.#changed.set(image, "draft");
  }

  /** The work on a frame is handed in, or decided on. @param {number} image @param {FrameState} state */
  finish(image, state) {
    this.#changed.set(image, state);
  }

  /** Outlines seen here, without asking the server. @param {number} image */
  outlineOf(image) {
    return this.#outlines.get(image) ?? null;
  }

  /** @param {number} image @param {Proposal} proposal */
  propose(image, proposal) {
    this.#proposals.set(image, proposal);
  }

  /** What is proposed for a frame: what was made here, else the model's, unless it was rejected. @param {number} image @param {{version: string, regions: Region[]} | null} suggestion @returns {Proposal | null} */
  proposalFor(image, suggestion) {
    const own = this.#proposals.get(image);
    if (own || !suggestion || this.#rejected.has(image)) return own ?? null;
    const { regions, version } = suggestion;
    const known = this.#offered.get(image);
    if (known?.version === version) return known;
    /** @type {Proposal} */
    const offered = { regions, version, tool: "pre-label", says: `Pre-label ${version}` };
    this.#offered.set(image, offered);
    return offered;
  }

  /** What was made here, in contrast to the model's. @param {number} image */
  madeFor(image) {
    return this.#proposals.get(image) ?? null;
  }

  /**
   * Proposals that were kept come back where nobody has outlined the frame meanwhile.
   * @param {{image: number, proposal: Proposal}[]} kept @returns {{back: number[], needless: number[]}} images
   */
  recall(kept) {
    const isOpen = (/** @type {number} */ image) => {
      const frame = this.frames[this.indexOf(image)];
      return Boolean(frame) && this.isOpen(frame);
    };
    const back = kept.filter(({ image }) => isOpen(image));
    for (const { image, proposal } of back) this.propose(image, proposal);
    const needless = kept.filter((one) => !back.includes(one));
    return { back: back.map(({ image }) => image), needless: needless.map(({ image }) => image) };
  }

  /** @param {number} image */
  reject(image) {
    this.#proposals.delete(image);
    this.#rejected.add(image);
  }

  /**
   * The gaps of open frames that a frame bounds or lies in, each between two outlined frames.
   * @param {number} image @returns {{from: Frame, to: Frame, between: Frame[]}[]}
   */
  gapsAt(image) {
    const at = this.indexOf(image);
    const keys = this.frames.flatMap((frame, index) => (this.isOpen(frame) ? [] : [index]));
    return keys
      .slice(1)
      .map((to, index) => [keys[index], to])
      .filter(([from, to]) => from <= at && at <= to && to - from > 1)
      .map(([from, to]) => ({
        from: this.frames[from],
        to: this.frames[to],
        between: this.frames.slice(from + 1, to),
      }));
  }
}

/** @param {number} count */
export function framesIn(count) {
  return count === 1 ? "1 frame" : `${count} frames`;
}
