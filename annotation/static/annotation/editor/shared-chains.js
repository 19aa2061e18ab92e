/**
 * Rings taken apart into chains: stretches of border with one and the same ring on the other side,
 * or with none. A chain between two rings has the same points in both.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {{line: Point[], beyond: number, isClosed: boolean}} Chain
 *   `beyond`: the index of the ring on the other side, or FREE; a closed one is a whole ring
 */
import { bounds, footOnSegment, samePoint } from "#editor/geometry.js";

export const FREE = -1;
/** Corners nearer to an edge than the rounding to the grid lie on it. px */
const ROUNDING = 0.0011;

/** Rings with the corners of others that lie on their edges. @param {Ring[]} rings @returns {Ring[]} */
export function noded(rings) {
  const boxes = rings.map((ring) => bounds([ring]));
  return rings.map((ring, at) => {
    const corners = rings.flatMap((other, index) =>
      index !== at && meet(boxes[at], boxes[index]) ? cornersIn(boxes[at], other) : [],
    );
    return ring.flatMap((a, index) => [a, ...cornersOn(a, ring[(index + 1) % ring.length], corners)]);
  });
}

/** @param {number[]} first @param {number[]} second */
function meet([x0, y0, x1, y1], [left, top, right, bottom]) {
  return x0 <= right && left <= x1 && y0 <= bottom && top <= y1;
}

/** @param {number[]} box @param {Ring} ring */
function cornersIn([left, top, right, bottom], ring) {
  const isNear = (/** @type {Point} */ [x, y]) =>
    x >= left - ROUNDING && x <= right + ROUNDING && y >= top - ROUNDING && y <= bottom + ROUNDING;
  return ring.filter(isNear);
}

/** @param {Point} a @param {Point} b @param {Point[]} corners @returns {Point[]} from `a` to `b` */
function cornersOn(a, b, corners) {
  const [left, right] = [Math.min(a[0], b[0]) - ROUNDING, Math.max(a[0], b[0]) + ROUNDING];
  const [top, bottom] = [Math.min(a[1], b[1]) - ROUNDING, Math.max(a[1], b[1]) + ROUNDING];
  return corners
    .filter(([x, y]) => x >= left && x <= right && y >= top && y <= bottom)
    .filter((corner) => !samePoint(corner, a) && !samePoint(corner, b))
    .map((corner) => ({ corner, ...footOnSegment(corner, a, b) }))
    .filter(({ distance, fraction }) => distance <= ROUNDING && fraction > 0 && fraction < 1)
    .sort((one, other) => one.fraction - other.fraction)
    .map(({ corner }) => corner)
    .filter((corner, index, all) => !index || !samePoint(corner, all[index - 1]));
}

/** The chains of each ring. @param {Ring[]} rings noded, with what they enclose on one and the same side @returns {Chain[][]} */
export function chainsOf(rings) {
  /** @type {Map<string, number>} the ring that runs from one point to the next */
  const owners = new Map();
  for (const [at, ring] of rings.entries()) {
    ring.forEach((point, index) => owners.set(edge(point, ring[(index + 1) % ring.length]), at));
  }
  return rings.map((ring, at) => {
    const beyond = ring.map((point, index) => {
      const other = owners.get(edge(ring[(index + 1) % ring.length], point)) ?? FREE;
      return other === at ? FREE : other;
    });
    return chainsOfRing(ring, beyond);
  });
}

/** @param {Point} from @param {Point} to */
function edge(from, to) {
  return `${from} ${to}`;
}

/** @param {Ring} ring @param {number[]} beyond of each edge @returns {Chain[]} */
function chainsOfRing(ring, beyond) {
  const starts = beyond.flatMap((other, index) => (other === beyond.at(index - 1) ? [] : [index]));
  if (!starts.length) return [{ line: ring, beyond: beyond[0], isClosed: true }];
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? starts[0] + ring.length;
    const line = Array.from({ length: end - start + 1 }, (_, step) => ring[(start + step) % ring.length]);
    return { line, beyond: beyond[start], isClosed: false };
  });
}

/** The same chain as the ring beyond has it. @param {Chain[][]} chains @param {number} at @param {number} index @returns {number} its index there; -1 where it has none */
export function twinOf(chains, at, index) {
  const { line, beyond, isClosed } = chains[at][index];
  return chains[beyond].findIndex(
    (other) =>
      other.beyond === at &&
      other.isClosed === isClosed &&
      other.line.length === line.length &&
      (isClosed || runsBack(line, other.line)),
  );
}

/** @param {Point[]} line @param {Point[]} other */
function runsBack(line, other) {
  return samePoint(other[0], line[line.length - 1]) && samePoint(other[other.length - 1], line[0]);
}

/**
 * By how much the chains of each ring are turned from one frame to the next, so that neighbours
 * correspond; null where the rings do not adjoin in the same way.
 * @param {Chain[][]} first @param {Chain[][]} second @returns {number[] | null}
 */
export function matched(first, second) {
  const turns = first.map((chains, at) => bestTurn(chains, second[at]));
  const isConsistent = first.every((chains, at) =>
    chains.every(({ beyond }, index) => {
      if (turns[at] < 0) return false;
      if (beyond === FREE) return true;
      const twin = twinOf(first, at, index);
      const twinThere = twinOf(second, at, (index + turns[at]) % chains.length);
      return twin >= 0 && twinThere === (twin + turns[beyond]) % first[beyond].length;
    }),
  );
  return isConsistent ? turns : null;
}

/** @param {Chain[]} first @param {Chain[]} second @returns {number} -1 where the neighbours are others */
function bestTurn(first, second) {
  if (first.length !== second.length) return -1;
  let [best, least] = [-1, Infinity];
  for (let turn = 0; turn < second.length; turn += 1) {
    const there = first.map((_, index) => second[(index + turn) % second.length]);
    const isSame = first.every(
      ({ beyond, isClosed }, index) => beyond === there[index].beyond && isClosed === there[index].isClosed,
    );
    const misfit = first.reduce((sum, { line: [[x, y]] }, index) => {
      const [[u, v]] = there[index].line;
      return sum + (x - u) ** 2 + (y - v) ** 2;
    }, 0);
    if (isSame && misfit < least) [best, least] = [turn, misfit];
  }
  return best;
}
