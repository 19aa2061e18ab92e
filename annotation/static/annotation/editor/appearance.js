/**
 * Whether a scan was seen before it is handed in or decided on. A key that is pressed twice, a
 * double click or a press before the picture is there are echoes of what was done before the scan
 * came; they decide nothing, and each is waited out anew.
 */

/** An echo comes within this time after the picture has appeared, or after another echo. ms */
const ECHO = 500;

/** How the last thing was done on the scan before: the key, or `press`; null: that was on another page. @type {string | null} */
let last = null;

export class Appearance {
  /** What has brought the scan here. */
  #cause = last;
  /** @type {number | null} */
  #quietSince = null;
  #isSeen = false;
  #now;

  /** @param {() => number} now ms */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** The picture is there. */
  painted() {
    this.#quietSince = this.#now();
  }

  /** Something was done, which may bring the next scan. @param {string} how the key, or `press` */
  did(how) {
    last = how;
  }

  /** Something was done with this scan that is no echo. */
  touched() {
    if (this.#quietSince !== null) this.#isSeen = true;
  }

  /** Why nothing is decided now; empty where it may be. @param {string} how the key, or `press` @returns {string} */
  refusal(how) {
    if (this.#quietSince === null) return "Not yet: the scan is not shown yet.";
    if (this.#isSeen || !this.#mayEcho(how)) return "";
    const isEcho = this.#now() - this.#quietSince < ECHO;
    this.#quietSince = this.#now();
    return isEcho ? "Not yet: this scan has only just appeared. Press again once you have seen it." : "";
  }

  /** On other pages links are followed by Enter or a press, never by a letter. @param {string} how */
  #mayEcho(how) {
    return this.#cause === null ? how.length > 1 : how === this.#cause;
  }
}
