/**
 * Whether a scan was seen before it is handed in or decided on. A key that is pressed twice, a
 * double click or a press before the picture is there are echoes of what was done on the scan
 * before; they decide nothing, and each is waited out anew.
 */

/** An echo comes within this time after the picture has appeared, or after another echo. ms */
const ECHO = 500;

export class Appearance {
  /** @type {number | null} */
  #quietSince = null;
  #isSeen = false;
  #now;

  /** @param {() => number} now ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** The picture has been painted. */
  painted() {
    this.#quietSince = this.#now();
  }

  /** Something was done with this scan that is no echo. */
  touched() {
    if (this.#quietSince !== null) this.#isSeen = true;
  }

  /** Why nothing is decided now; empty where it may be. @returns {string} */
  refusal() {
    if (this.#quietSince === null) return "Not yet: the scan is not shown yet.";
    if (this.#isSeen) return "";
    const isEcho = this.#now() - this.#quietSince < ECHO;
    this.#quietSince = this.#now();
    return isEcho ? "Not yet: this scan has only just appeared. Press again once you have seen it." : "";
  }
}
