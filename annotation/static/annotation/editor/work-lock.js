/**
 * One window at a time works on a scan. The second looks on, and may ask the first to let go.
 * Where the browser has no Web Locks (plain http), the server's check of revisions is the guard.
 */

/** A page that has just left the scan needs a moment to let go. ms */
const PATIENCE = 250;
/** A window that does not answer is taken over from. ms */
const LONGEST_ANSWER = 3000;
const LET_GO = "let go";

export class WorkLock {
  /** @type {(() => void) | null} */
  #release = null;
  #name;
  #channel;
  #listeners = new AbortController();

  /** @param {string} scope whose work is locked */
  constructor(scope) {
    this.#name = `myotrace-work-${scope}`;
    this.#channel = new BroadcastChannel(this.#name);
  }

  /**
   * @param {() => Promise<void>} onAsked another window wants to work: makes the work safe
   * @returns {Promise<boolean>} whether the scan is this window's now
   */
  async take(onAsked) {
    if (!navigator.locks) return true;
    const { signal } = this.#listeners;
    let taken = await this.#hold({ ifAvailable: true }, onAsked);
    if (!taken && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE));
      taken = await this.#hold({ ifAvailable: true }, onAsked);
    }
    const asked = (/** @type {MessageEvent} */ { data }) => data === LET_GO && onAsked();
    if (taken) this.#channel.addEventListener("message", asked, { signal });
    return taken;
  }

  /** Asks the window that works to let go; one that is stuck loses the scan. */
  async askFor() {
    this.#channel.postMessage(LET_GO);
    const nothing = async () => {};
    const free = await this.#hold({ signal: this.#within(LONGEST_ANSWER) }, nothing);
    if (!free) await this.#hold({ steal: true }, nothing);
    this.close();
  }

  close() {
    this.#listeners.abort();
    this.#channel.close();
    this.#release?.();
    this.#release = null;
  }

  /** Ends waiting after a time, or when the scan is left. @param {number} most ms */
  #within(most) {
    return AbortSignal.any([AbortSignal.timeout(most), this.#listeners.signal]);
  }

  /** @param {LockOptions} options @param {() => void} onLost @returns {Promise<boolean>} */
  #hold(options, onLost) {
    return new Promise((resolve) => {
      const held = navigator.locks.request(this.#name, options, (lock) => {
        resolve(lock !== null && !this.#listeners.signal.aborted);
        if (!lock || this.#listeners.signal.aborted) return null;
        return new Promise((release) => (this.#release = () => release(undefined)));
      });
      held.catch(() => (this.#release ? onLost() : resolve(false)));
    });
  }
}
