/**
 * What the editor says of what was done. A message belongs to its moment, and goes with it: with
 * the outlines, the tool and the structure that it speaks of, or when something else is begun. One
 * that is said with a condition stays for as long as that holds, and no longer.
 *
 * @typedef {() => boolean} Holds
 */
export class Messages {
  #show;
  #moment;
  /** Taken when all that belongs to what was done has happened. @type {readonly unknown[] | null} */
  #since = null;
  /** @type {Holds | null} */
  #holds = null;
  #isShown = false;

  /** @param {(text: string) => void} show @param {() => readonly unknown[]} moment what messages speak of, as it is now */
  constructor(show, moment) {
    this.#show = show;
    this.#moment = moment;
  }

  /** @param {string} text @param {Holds | null} holds */
  say(text, holds = null) {
    this.#show(text);
    this.#isShown = text !== "";
    this.#since = null;
    this.#holds = holds;
  }

  /** Something is begun: what was said of the last thing is over. */
  begin() {
    if (this.#isShown && !this.#holds?.()) this.say("");
  }

  /** Something may have changed. */
  check() {
    if (!this.#isShown) return;
    if (this.#holds) return this.#holds() ? undefined : this.say("");
    const now = this.#moment();
    const before = (this.#since ??= now);
    if (now.some((one, at) => one !== before[at])) this.say("");
  }
}
