/** A scan that is shown and not begun stays this person's, until the page is left. */
import { call } from "#editor/connection.js";

/** Well before the server lets it run out. ms */
const RENEWED = 120_000;

export class Holding {
  #timer = 0;
  #listeners = new AbortController();
  #address;
  #onLost;

  /** @param {string} address of the reservation @param {(why: string) => void} onLost another has it now */
  constructor(address, onLost) {
    this.#address = address;
    this.#onLost = onLost;
  }

  start() {
    const { signal } = this.#listeners;
    if (signal.aborted) return;
    this.#renew();
    this.#timer = window.setInterval(() => this.#renew(), RENEWED);
    window.addEventListener("pagehide", () => this.#release(), { signal });
  }

  /** Work on it is saved: it is taken, or another's page shows it. */
  close() {
    clearInterval(this.#timer);
    this.#listeners.abort();
  }

  async #renew() {
    const answer = await call("POST", this.#address).catch(() => null);
    if (answer?.status !== 409 || this.#listeners.signal.aborted) return;
    this.close();
    this.#onLost(answer.data.detail);
  }

  #release() {
    call("DELETE", this.#address, undefined, { keepalive: true }).catch(() => {});
  }
}
