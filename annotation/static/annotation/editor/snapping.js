/**
 * Line work on the grid of 1/1000 px made free of crossings by snap rounding (Hobby 1999): every
 * end and every crossing claims its grid square, and a line through a claimed square is led through
 * the square's middle. No point that was on the grid moves, no line moves by more than a step.
 * All coordinates are whole grid steps, so that orientations are exact.
 *
 * @typedef {{layer: number, winding: number}} Use how often a layer's rings pass from `from` to `to`,
 *   less how often back
 * @typedef {{from: number, to: number, uses: Map<number, number>}} Edge between two nodes, by index
 */
import { GRID } from "#editor/geometry.js";

/** Rounding of a crossing may make a new one; one round more was enough in every fuzz. */
const MOST_ROUNDS = 6;

export class LineWork {
  /** @type {number[]} */
  x = [];
  /** @type {number[]} */
  y = [];
  /** How many of the nodes were points of the rings; those behind are crossings. */
  given = 0;
  /** @type {Edge[]} */
  edges = [];
  /** @type {Map<string, number>} */
  #index = new Map();

  /** @param {import("#editor/geometry.js").Ring[][]} layers rings in px */
  constructor(layers) {
    layers.forEach((rings, layer) => {
      for (const ring of rings) this.#addRing(ring, layer);
    });
    this.given = this.x.length;
    this.edges = merged(this.edges);
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const isCrossed = this.#addCrossings();
      if (round > 0 && !isCrossed) break;
      this.edges = merged(this.edges.flatMap(this.#splitter()));
    }
  }

  /** @param {number} x @param {number} y grid steps */
  #node(x, y) {
    const key = `${x},${y}`;
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    this.#index.set(key, this.x.length);
    this.x.push(x);
    this.y.push(y);
    return this.x.length - 1;
  }

  /** @param {import("#editor/geometry.js").Ring} ring @param {number} layer */
  #addRing(ring, layer) {
    const nodes = ring.map(([x, y]) => this.#node(Math.round(x * GRID), Math.round(y * GRID)));
    nodes.forEach((to, index) => {
      const from = nodes[(index || nodes.length) - 1];
      this.edges.push({ from, to, uses: new Map([[layer, 1]]) });
    });
  }

  /** @returns {boolean} whether a node was added */
  #addCrossings() {
    const { x, y } = this;
    const before = x.length;
    const spans = this.edges.map(({ from, to }) => ({
      from,
      to,
      left: Math.min(x[from], x[to]),
      right: Math.max(x[from], x[to]),
      top: Math.min(y[from], y[to]),
      bottom: Math.max(y[from], y[to]),
    }));
    spans.sort((a, b) => a.left - b.left);
    let isCrossed = false;
    for (let i = 0; i < spans.length; i += 1) {
      const one = spans[i];
      for (let j = i + 1; j < spans.length && spans[j].left <= one.right; j += 1) {
        const other = spans[j];
        if (other.top > one.bottom || other.bottom < one.top) continue;
        isCrossed = this.#cross(one, other) || isCrossed;
      }
    }
    return isCrossed || x.length > before;
  }

  /** @param {{from: number, to: number}} one @param {{from: number, to: number}} other @returns {boolean} whether they cross inside both */
  #cross({ from: a, to: b }, { from: c, to: d }) {
    const { x, y } = this;
    const atC = this.#turn(a, b, c);
    const atD = this.#turn(a, b, d);
    if (atC === 0 || atD === 0 || atC > 0 === atD > 0) return false;
    const atA = this.#turn(c, d, a);
    const atB = this.#turn(c, d, b);
    if (atA === 0 || atB === 0 || atA > 0 === atB > 0) return false;
    const share = atA / (atA - atB);
    this.#node(
      Math.round(x[a] + share * (x[b] - x[a])),
      Math.round(y[a] + share * (y[b] - y[a])),
    );
    return true;
  }

  /** @param {number} a @param {number} b @param {number} c nodes */
  #turn(a, b, c) {
    const { x, y } = this;
    return (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a]);
  }

  /** @returns {(edge: Edge) => Edge[]} which leads an edge through the nodes whose squares it meets */
  #splitter() {
    const { x, y } = this;
    const order = x.map((_, node) => node).sort((a, b) => x[a] - x[b]);
    const sorted = order.map((node) => x[node]);
    return (edge) => {
      const { from, to, uses } = edge;
      const top = Math.min(y[from], y[to]) - 1;
      const bottom = Math.max(y[from], y[to]) + 1;
      const last = Math.max(x[from], x[to]) + 1;
      const met = [];
      for (let at = firstFrom(sorted, Math.min(x[from], x[to]) - 1); sorted[at] <= last; at += 1) {
        const node = order[at];
        if (y[node] < top || y[node] > bottom || node === from || node === to) continue;
        if (meetsSquare(x[from], y[from], x[to], y[to], x[node], y[node])) met.push(node);
      }
      if (!met.length) return [edge];
      const [dx, dy] = [x[to] - x[from], y[to] - y[from]];
      met.sort((a, b) => (x[a] - x[b]) * dx + (y[a] - y[b]) * dy);
      const way = [from, ...met, to];
      return way.slice(1).map((end, index) => ({ from: way[index], to: end, uses }));
    };
  }
}

/** @param {number[]} sorted @param {number} least @returns {number} index of the first that is at least that */
function firstFrom(sorted, least) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One edge between two nodes, with the uses of all; what is passed to and fro alike is none. @param {Edge[]} edges */
function merged(edges) {
  /** @type {Map<number, Edge>} */
  const known = new Map();
  for (const { from, to, uses } of edges) {
    if (from === to) continue;
    const key = Math.min(from, to) * 0x4000000 + Math.max(from, to);
    const edge = known.get(key);
    if (!edge) {
      known.set(key, { from, to, uses: new Map(uses) });
      continue;
    }
    const way = edge.from === from ? 1 : -1;
    uses.forEach((winding, layer) => {
      edge.uses.set(layer, (edge.uses.get(layer) ?? 0) + way * winding);
    });
  }
  return [...known.values()].filter(({ uses }) => [...uses.values()].some(Boolean));
}

/**
 * Whether a segment meets the square of one step round a node, its upper and right side left out
 * (as JTS's HotPixel does it), so that each point of the plane lies in one square.
 * @param {number} ax @param {number} ay @param {number} bx @param {number} by
 * @param {number} x @param {number} y of the node
 */
function meetsSquare(ax, ay, bx, by, x, y) {
  if (ax > bx) return meetsSquare(bx, by, ax, ay, x, y);
  const [left, right, low, high] = [x - 0.5, x + 0.5, y - 0.5, y + 0.5];
  if (ax >= right || bx < left) return false;
  if (Math.min(ay, by) >= high || Math.max(ay, by) < low) return false;
  if (ax === bx || ay === by) return true;
  const rises = ay < by;
  const side = (/** @type {number} */ cx, /** @type {number} */ cy) =>
    Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  const highLeft = side(left, high);
  if (highLeft === 0) return !rises;
  const highRight = side(right, high);
  if (highRight === 0) return rises;
  if (highLeft !== highRight) return true;
  const lowLeft = side(left, low);
  if (lowLeft === 0 || lowLeft !== highLeft) return true;
  const lowRight = side(right, low);
  if (lowRight === 0) return !rises;
  return lowLeft !== lowRight;
}
