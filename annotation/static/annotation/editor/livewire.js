/**
 * Livewire (Mortensen and Barrett 1995): the cheapest way between two pixels, where an edge of the
 * image is cheap. An edge counts with its sign: a way keeps the bright tissue on one hand, so that
 * it does not jump from one rim of a fascia to the other. In a worker this module answers messages;
 * it imports nothing, because a worker knows no import map.
 *
 * @typedef {{values: ArrayLike<number>, width: number, height: number}} Pixels
 * @typedef {{x: Float32Array, y: Float32Array, width: number, height: number}} Edges
 *   how grey rises at each pixel, 1 on a full edge
 * @typedef {1 | -1} Hand where it is bright: 1 to the right of the way, -1 to its left
 * @typedef {{steps: Int8Array, costs: Int32Array}} Ways
 */

/** Cost of a pixel on the strongest edges, and on none. */
const CHEAPEST = 1;
const DEAREST = 32;
/** The share of pixels whose gradient counts as a full edge. */
const STRONG_SHARE = 0.03;
/** Lengths of a step to the side and across, times five. */
const STRAIGHT = 5;
const ACROSS = 7;
const BUCKETS = 256;
/** @type {[number, number][]} */
const STEPS = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
/** What lies to the right of each step, of length 1. */
const RIGHTS = STEPS.map(([dx, dy]) => [-dy / Math.hypot(dx, dy), dx / Math.hypot(dx, dy)]);
/** @type {Hand[]} */
export const HANDS = [1, -1];

/** @param {Pixels} pixels @returns {Edges} */
export function edgesOf({ values: grey, width, height }) {
  const [x, y] = [new Float32Array(width * height), new Float32Array(width * height)];
  const strength = new Float32Array(width * height);
  for (let row = 1; row < height - 1; row += 1) {
    for (let column = 1; column < width - 1; column += 1) {
      const at = row * width + column;
      const right = grey[at - width + 1] + 2 * grey[at + 1] + grey[at + width + 1];
      const left = grey[at - width - 1] + 2 * grey[at - 1] + grey[at + width - 1];
      const below = grey[at + width - 1] + 2 * grey[at + width] + grey[at + width + 1];
      const above = grey[at - width - 1] + 2 * grey[at - width] + grey[at - width + 1];
      [x[at], y[at]] = [right - left, below - above];
      strength[at] = Math.hypot(x[at], y[at]);
    }
  }
  const sorted = strength.slice().sort();
  const strong = Math.max(1, sorted[Math.floor((1 - STRONG_SHARE) * (sorted.length - 1))]);
  for (let at = 0; at < x.length; at += 1) {
    x[at] /= strong;
    y[at] /= strong;
  }
  return { x, y, width, height };
}

/**
 * For each pixel the step, by its index in `STEPS`, by which the cheapest way from the seed comes
 * to it, -1 at the seed, and what that way costs. Dijkstra's algorithm with Dial's buckets.
 * @param {Edges} edges @param {number} seed @param {Hand} hand @returns {Ways}
 */
export function waysFrom({ x: risesX, y: risesY, width, height }, seed, hand) {
  const costs = new Int32Array(width * height).fill(0x7fffffff);
  const steps = new Int8Array(width * height).fill(-1);
  /** @type {number[][]} */
  const buckets = Array.from({ length: BUCKETS }, () => []);
  costs[seed] = 0;
  buckets[0].push(seed);
  for (let now = 0, waiting = 1; waiting > 0; now += 1) {
    const bucket = buckets[now % BUCKETS];
    for (const at of bucket) {
      waiting -= 1;
      if (costs[at] !== now) continue;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let step = 0; step < STEPS.length; step += 1) {
        const [dx, dy] = STEPS[step];
        if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
        const next = at + dy * width + dx;
        const [rightX, rightY] = RIGHTS[step];
        const edge = Math.min(1, Math.max(0, hand * (risesX[next] * rightX + risesY[next] * rightY)));
        const cost = Math.round(DEAREST - (DEAREST - CHEAPEST) * edge);
        const there = now + cost * (dx && dy ? ACROSS : STRAIGHT);
        if (there >= costs[next]) continue;
        costs[next] = there;
        steps[next] = step;
        buckets[there % BUCKETS].push(next);
        waiting += 1;
      }
    }
    buckets[now % BUCKETS] = [];
  }
  return { steps, costs };
}

/** The middles of the pixels from the seed to a pixel. @param {Int8Array} steps @param {number} width @param {number} to @returns {[number, number][]} */
export function wayTo(steps, width, to) {
  /** @type {[number, number][]} */
  const way = [];
  for (let at = to; ; ) {
    way.push([(at % width) + 0.5, Math.floor(at / width) + 0.5]);
    if (steps[at] < 0) return way.reverse();
    const [dx, dy] = STEPS[steps[at]];
    at -= dy * width + dx;
  }
}

/** @param {{addEventListener: Function, postMessage: Function}} worker */
function serve(worker) {
  /** @type {Edges | null} */
  let edges = null;
  worker.addEventListener("message", (/** @type {MessageEvent} */ { data }) => {
    if ("values" in data) edges = edgesOf(data);
    else if (edges) {
      const image = edges;
      const ways = HANDS.map((hand) => waysFrom(image, data.seed, hand));
      worker.postMessage(
        { seed: data.seed, ways },
        ways.flatMap(({ steps, costs }) => [steps.buffer, costs.buffer]),
      );
    }
  });
}

if ("importScripts" in globalThis) serve(/** @type {any} */ (globalThis));
