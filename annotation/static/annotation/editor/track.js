/**
 * A ring as a way with lengths: where on it something lies, what lies between two places.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {{at: number, off: number}} Approach `at`: the place on the ring that is nearest, as a
 *   length from the first vertex; `off`: how far it is; px
 */
import { distance } from "#editor/geometry.js";

export class Track {
  /** For each vertex how far along the ring it lies, and at last the length of all. @type {number[]} */
  #lengths;

  /** @param {Ring} ring */
  constructor(ring) {
    this.ring = ring;
    this.#lengths = [0];
    ring.forEach((point, index) =>
      this.#lengths.push(this.#lengths[index] + distance(point, ring[(index + 1) % ring.length])),
    );
  }

  get length() {
    return this.#lengths[this.ring.length];
  }

  /** Written without a point or a foot for each edge: it is asked for many points at each move of a stroke. @param {Point} point @returns {Approach} */
  nearest([x, y]) {
    const { ring } = this;
    let [best, at] = [Infinity, 0];
    for (let index = 0; index < ring.length; index += 1) {
      const [ax, ay] = ring[index];
      const [bx, by] = ring[index + 1 < ring.length ? index + 1 : 0];
      const [dx, dy] = [bx - ax, by - ay];
      const square = dx * dx + dy * dy;
      const share = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
      const away = (ax + share * dx - x) ** 2 + (ay + share * dy - y) ** 2;
      if (away >= best) continue;
      best = away;
      at = this.#lengths[index] + share * (this.#lengths[index + 1] - this.#lengths[index]);
    }
    return { at, off: Math.sqrt(best) };
  }

  /** @param {number} at any length, also round more than once */
  #within(at) {
    return ((at % this.length) + this.length) % this.length;
  }

  /** @param {number} at @returns {Point} */
  point(at) {
    const there = this.#within(at);
    const index = Math.min(this.ring.length, this.#lengths.findIndex((length) => length > there)) - 1;
    const [a, b] = [this.ring[index], this.ring[(index + 1) % this.ring.length]];
    const share = (there - this.#lengths[index]) / (this.#lengths[index + 1] - this.#lengths[index]);
    return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
  }

  /** How far it is forwards from one place to another. @param {number} from @param {number} to */
  forwards(from, to) {
    return this.#within(to - from);
  }

  /** The shorter way from one place to another, negative when it goes backwards. @param {number} from @param {number} to */
  apart(from, to) {
    const way = this.forwards(from, to);
    return way > this.length / 2 ? way - this.length : way;
  }

  /** The vertices passed on the way forwards from one place to another. @param {number} from @param {number} to @returns {Point[]} */
  between(from, to) {
    const whole = this.forwards(from, to);
    const away = this.ring.map((point, index) => ({ point, way: this.forwards(from, this.#lengths[index]) }));
    const first = away.reduce((least, { way }, index) => (way < away[least].way ? index : least), 0);
    return [...away.slice(first), ...away.slice(0, first)]
      .filter(({ way }) => way > 0 && way < whole)
      .map(({ point }) => point);
  }

  /** The way the ring runs at a place, taken over a length. @param {number} at @param {number} over @returns {Point} of any length */
  way(at, over) {
    const [before, after] = [this.point(at - over / 2), this.point(at + over / 2)];
    return [after[0] - before[0], after[1] - before[1]];
  }
}
