/**
 * The approval of just now, which one key takes back. It outlives the page of its scan; later ones
 * are undone on the scan's own page, with a reason.
 *
 * @typedef {{address: string, body: Record<string, unknown>, title: string, image: number, page: string}} Approval
 *   `address` and `body`: of the call that undoes it; `page`: where the scan is reviewed
 */
import { call } from "#editor/connection.js";
import { forgetScan, openScan } from "#editor/navigation.js";

/** So long after it an approval is undone by one key. ms */
const AT_ONCE = 30_000;
const REASON = "Undone at once.";

class Approvals {
  /** @type {(Approval & {at: number}) | null} */
  #last = null;

  /** @param {Approval} approval */
  remember(approval) {
    this.#last = { ...approval, at: performance.now() };
  }

  canBeUndone() {
    return this.#last !== null && performance.now() - this.#last.at < AT_ONCE;
  }

  get said() {
    return this.#last ? `${this.#last.title} is approved` : "";
  }

  /** Undoes it and opens its scan again. @param {(text: string) => void} say @param {(image: number) => void} reopened its work waits again */
  async undo(say, reopened) {
    const last = this.#last;
    if (!last) return;
    this.#last = null;
    try {
      const { status, data } = await call("POST", last.address, { ...last.body, reason: REASON });
      if (status !== 200) return say(data?.detail ?? `Not undone: the server answered ${status}.`);
      reopened(last.image);
      forgetScan(last.page);
      await openScan(last.page);
    } catch {
      this.#last = last;
      say("Not undone: the server is not reached. Try again.");
    }
  }
}

export const approvals = new Approvals();
