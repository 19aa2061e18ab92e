/**
 * The strip of a sweep's frames: a button for each, with its number and how far the work on it is.
 *
 * @typedef {import("#editor/sweep.js").Sweep} Sweep
 * @typedef {import("#editor/sweep.js").Frame} Frame
 */
const WORDS = {
  done: "submitted",
  draft: "draft",
  proposed: "proposed",
  empty: "not outlined",
  waiting: "to review",
  returned: "returned",
};
const REVIEW_WORDS = { ...WORDS, done: "approved", empty: "not submitted" };

export class FrameStrip {
  /** @type {HTMLButtonElement[]} */
  #buttons;
  #list;
  #sweep;
  #words;

  /** @param {HTMLElement} list @param {Sweep} sweep @param {boolean} isReview @param {(frame: Frame) => void} open */
  constructor(list, sweep, isReview, open) {
    this.#list = list;
    this.#sweep = sweep;
    this.#words = isReview ? REVIEW_WORDS : WORDS;
    this.#buttons = sweep.frames.map((frame) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = String(frame.number);
      button.disabled = !frame.page;
      button.addEventListener("click", () => open(frame));
      return button;
    });
    list.replaceChildren(
      ...this.#buttons.map((button) => {
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
  }

  /** @param {number} current index of the frame that is shown */
  show(current) {
    this.#sweep.frames.forEach((frame, index) => {
      const button = this.#buttons[index];
      const state = this.#sweep.stateOf(frame);
      button.dataset.state = state;
      button.title = `Frame ${frame.number}, ${this.#words[state]}`;
      button.setAttribute("aria-label", button.title);
      button.tabIndex = index === current ? 0 : -1;
      if (index === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    this.#centre(this.#buttons[current]);
  }

  /** Scrolls the strip alone. @param {HTMLElement | undefined} button */
  #centre(button) {
    if (!button) return;
    const { offsetLeft, offsetWidth } = button;
    this.#list.scrollLeft = offsetLeft + offsetWidth / 2 - this.#list.clientWidth / 2;
  }
}
