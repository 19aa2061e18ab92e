/**
 * Livewire (Mortensen and Barrett 1995): the cheapest way between two pixels, where an edge of the
 * image is cheap. In a worker this module answers messages; it imports nothing, because a worker
 * knows no import map.
 *
 * @typedef {{values: ArrayLike<number>, width: number, height: number}} Pixels
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

/** @param {Pixels} pixels @returns {Uint8Array} for each pixel, `CHEAPEST` on an edge to `DEAREST` */
export function edgeCosts({ values: grey, width, height }) {
  const strength = new Float32Array(width * height);
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const right = grey[at - width + 1] + 2 * grey[at + 1] + grey[at + width + 1];
      const left = grey[at - width - 1] + 2 * grey[at - 1] + grey[at + width - 1];
      const below = grey[at + width - 1] + 2 * grey[at + width] + grey[at + width + 1];
      const above = grey[at - width - 1] + 2 * grey[at - width] + grey[at - width + 1];
      strength[at] = Math.hypot(right - left, below - above);
    }
  }
  const sorted = strength.slice().sort();
  const strong = Math.max(1, sorted[Math.floor((1 - STRONG_SHARE) * (sorted.length - 1))]);
  return Uint8Array.from(strength, (edge) =>
    Math.round(DEAREST - (DEAREST - CHEAPEST) * Math.min(1, edge / strong)),
  );
}

/**
 * For each pixel the step, by its index in `STEPS`, by which the cheapest way from the seed comes
 * to it; -1 at the seed. Dijkstra's algorithm with Dial's buckets.
 * @param {Uint8Array} costs @param {number} width @param {number} height @param {number} seed @returns {Int8Array}
 */
export function waysFrom(costs, width, height, seed) {
  const cost = new Int32Array(costs.length).fill(0x7fffffff);
  const steps = new Int8Array(costs.length).fill(-1);
  /** @type {number[][]} */
  const buckets = Array.from({ length: BUCKETS }, () => []);
  cost[seed] = 0;
  buckets[0].push(seed);
  for (let now = 0, waiting = 1; waiting > 0; now += 1) {
    const bucket = buckets[now % BUCKETS];
    for (const at of bucket) {
      waiting -= 1;
      if (cost[at] !== now) continue;
      const [x, y] = [at % width, Math.floor(at / width)];
      STEPS.forEach(([dx, dy], step) => {
        if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) return;
        const next = at + dy * width + dx;
        const there = now + costs[next] * (dx && dy ? ACROSS : STRAIGHT);
        if (there >= cost[next]) return;
        cost[next] = there;
        steps[next] = step;
        buckets[there % BUCKETS].push(next);
        waiting += 1;
      });
    }
    buckets[now % BUCKETS] = [];
  }
  return steps;
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
  /** @type {{costs: Uint8Array, width: number, height: number} | null} */
  let image = null;
  worker.addEventListener("message", (/** @type {MessageEvent} */ { data }) => {
    if ("values" in data) image = { ...data, costs: edgeCosts(data) };
    else if (image) {
      const steps = waysFrom(image.costs, image.width, image.height, data.seed);
      worker.postMessage({ seed: data.seed, steps }, [steps.buffer]);
    }
  });
}

if ("importScripts" in globalThis) serve(/** @type {any} */ (globalThis));
