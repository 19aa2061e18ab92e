/**
 * Outlines between two outlined frames. Points correspond by their share of the border's length,
 * counted from the start at which the two borders lie best on each other.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/shared-chains.js").Chain} Chain
 */
import { Arrangement } from "#editor/arrangement.js";
import { crossesItself, distance, ringArea, tidyRing } from "#editor/geometry.js";
import { chainsOf, FREE, matched, noded, twinOf } from "#editor/shared-chains.js";
import { SMALLEST_PIECE, windingRings } from "#editor/shapes.js";

/** Points on which a start is judged. */
const SAMPLES = 48;
/** Shares of the length nearer than this are one. */
const SAME_SHARE = 1e-9;
/** Faces below this are rounding. px2 */
const ROUNDING = 1e-4;

/**
 * The regions a share of the way from one frame to another. What only one frame has, and what has
 * other parts or holes there, is taken from the nearer frame.
 *
 * @param {Region[]} from @param {Region[]} to @param {number} share 0 to 1 @returns {Region[]}
 */
export function between(from, to, share) {
  return blendOf(from, to)(share);
}

/** The same for many shares of one way. @param {Region[]} from @param {Region[]} to @returns {(share: number) => Region[]} */
export function blendOf(from, to) {
  const pairs = from.flatMap((region) => {
    const other = counterpart(region, from, to);
    return other && isAlike(region, other) ? [{ first: region, second: other }] : [];
  });
  const rings = ringsBetween(
    pairs.flatMap(({ first }) => windingRings(first.parts)),
    pairs.flatMap(({ second }) => windingRings(second.parts)),
  );
  return (share) => {
    const blended = rings(share);
    const partsOf = pairs.map(({ first }) => first.parts.map((part) => part.map(() => blended.shift() ?? [])));
    const nearer = share < 0.5 ? from : to;
    const regions = nearer.map((region) => {
      const at = pairs.findIndex(({ first, second }) => region === (share < 0.5 ? first : second));
      return at < 0 ? region : { ...region, parts: partsOf[at] };
    });
    return settled(regions);
  };
}

/** The region that is as many-th of its label. @param {Region} region @param {Region[]} here @param {Region[]} there @returns {Region | undefined} */
function counterpart(region, here, there) {
  const ofLabel = (/** @type {Region[]} */ all) => all.filter(({ label }) => label === region.label);
  return ofLabel(there)[ofLabel(here).indexOf(region)];
}

/** @param {Region} first @param {Region} second */
function isAlike(first, second) {
  const shape = (/** @type {Region} */ { parts }) => parts.map((part) => part.length).join();
  return shape(first) === shape(second);
}

/**
 * A border that two rings share in both frames is worked out once, so that it stays one border.
 * @param {Ring[]} from @param {Ring[]} to as many @returns {(share: number) => Ring[]}
 */
function ringsBetween(from, to) {
  const [first, second] = [chainsOf(noded(from)), chainsOf(noded(to))];
  const turns = matched(first, second);
  if (!turns) return (share) => from.map((ring, at) => ringBetween(ring, to[at], share));
  return (share) => {
    /** @type {Point[][][]} */
    const lines = [];
    for (const [at, chains] of first.entries()) {
      lines[at] = chains.map((chain, index) => {
        if (chain.beyond !== FREE && chain.beyond < at) {
          return lines[chain.beyond][twinOf(first, at, index)].toReversed();
        }
        return chainBetween(chain, second[at][(index + turns[at]) % chains.length], share);
      });
    }
    return lines.map((ring, at) =>
      tidyRing(first[at][0].isClosed ? ring[0] : ring.flatMap((line) => line.slice(0, -1))),
    );
  };
}

/** @param {Chain} first @param {Chain} second @param {number} share @returns {Point[]} */
function chainBetween(first, second, share) {
  if (first.isClosed) return ringBetween(first.line, second.line, share);
  const [one, other] = [new Border(first.line, false), new Border(second.line, false)];
  const shares = distinct([...one.shares, ...other.shares, 0]);
  const ends = mix(first.line[first.line.length - 1], second.line[second.line.length - 1], share);
  return [...shares.map((at) => mix(one.at(at), other.at(at), share)), ends];
}

/** Each face belongs to one region; what crosses itself is filled. @param {Region[]} regions @returns {Region[]} */
function settled(regions) {
  const laid = new Arrangement(regions.map(({ parts }) => windingRings(parts)));
  const crosses = regions.some(({ parts }) => parts.flat().some(crossesItself));
  const isSound = laid.faces.every(
    ({ windings, area }) =>
      area < ROUNDING ||
      (windings.every((n) => n === 0 || n === 1) && windings.reduce((sum, n) => sum + n, 0) <= 1),
  );
  if (isSound && !crosses) return regions.filter(({ parts }) => parts.length);
  const owner = laid.faces.map(({ windings }) => {
    const inside = windings.findIndex((n) => n > 0);
    return inside < 0 ? windings.findIndex((n) => n !== 0) : inside;
  });
  giveCrumbsAway(laid, owner, regions.length);
  const parts = laid.parts(regions.map((_, at) => (face) => owner[face] === at));
  return regions
    .map((region, at) => ({ ...region, parts: parts[at] }))
    .filter((region) => region.parts.length);
}

/** Pieces too small to be anatomy go to whoever has most of their border. @param {Arrangement} laid @param {number[]} owner of each face, changed @param {number} count of regions */
function giveCrumbsAway(laid, owner, count) {
  for (let at = 0; at < count; at += 1) {
    for (const piece of laid.pieces((face) => owner[face] === at)) {
      if (laid.area(piece) >= SMALLEST_PIECE) continue;
      const heir = heirOf(laid, piece, owner);
      for (const face of piece) owner[face] = heir;
    }
  }
}

/** @param {Arrangement} laid @param {number[]} piece @param {number[]} owner @returns {number} -1 for the background */
function heirOf(laid, piece, owner) {
  const inside = new Set(piece);
  /** @type {Map<number, number>} */
  const lengths = new Map();
  for (const { left, right, length } of laid.borders) {
    if (inside.has(left) === inside.has(right)) continue;
    const beyond = owner[inside.has(left) ? right : left];
    lengths.set(beyond, (lengths.get(beyond) ?? 0) + length);
  }
  return [...lengths].sort(([, a], [, b]) => b - a)[0][0];
}

/** @param {Ring} from @param {Ring} to @param {number} share @returns {Ring} */
export function ringBetween(from, to, share) {
  const first = new Border(from);
  const turned = Math.sign(ringArea(from)) === Math.sign(ringArea(to)) ? to : [...to].reverse();
  const second = new Border(turned);
  const start = matchedStart(first, second);
  const shares = sharesOf(first, 0).concat(sharesOf(second, start));
  const points = distinct(shares).map((at) =>
    mix(first.at(at), second.at(at + start), share),
  );
  return tidyRing(points);
}

/** @param {Point} a @param {Point} b @param {number} share @returns {Point} */
function mix([ax, ay], [bx, by], share) {
  return [ax + (bx - ax) * share, ay + (by - ay) * share];
}

/** Where the vertices lie, counted from a start. @param {Border} border @param {number} start */
function sharesOf(border, start) {
  return border.shares.map((share) => (((share - start) % 1) + 1) % 1);
}

/** @param {number[]} shares */
function distinct(shares) {
  const ordered = shares.map((share) => (share > 1 - SAME_SHARE ? 0 : share)).sort((a, b) => a - b);
  return ordered.filter((share, index) => !index || share - ordered[index - 1] > SAME_SHARE);
}

/** The share of the second border's length that lies best on the first border's start. @param {Border} first @param {Border} second */
function matchedStart(first, second) {
  const wanted = first.samples(0);
  const uniform = Array.from({ length: SAMPLES }, (_, index) => index / SAMPLES);
  let [best, least] = [0, Infinity];
  for (const start of [...second.shares, ...uniform]) {
    const misfit = sumOfSquares(wanted, second.samples(start));
    if (misfit < least - 1e-9) [best, least] = [start, misfit];
  }
  return best;
}

/** @param {Point[]} first @param {Point[]} second */
function sumOfSquares(first, second) {
  let sum = 0;
  for (let index = 0; index < first.length; index += 1) {
    const [ax, ay] = first[index];
    const [bx, by] = second[index];
    sum += (ax - bx) ** 2 + (ay - by) ** 2;
  }
  return sum;
}

/** A ring, or an open line, by the share of its length. */
class Border {
  /** @type {number[]} of each vertex */
  shares = [];
  #ring;
  #centre;

  /** @param {Point[]} line @param {boolean} isRing */
  constructor(line, isRing = true) {
    this.#ring = line;
    let length = 0;
    const lengths = line.map((point, index) => {
      const before = length;
      const isEnd = !isRing && index === line.length - 1;
      length += isEnd ? 0 : distance(point, line[(index + 1) % line.length]);
      return before;
    });
    this.shares = lengths.map((before) => before / (length || 1));
    this.#centre = meanPoint(Array.from({ length: SAMPLES }, (_, index) => this.at(index / SAMPLES)));
  }

  /** @param {number} share @returns {Point} */
  at(share) {
    const wrapped = ((share % 1) + 1) % 1;
    const { shares } = this;
    let [low, high] = [0, shares.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (shares[middle] <= wrapped + SAME_SHARE) low = middle;
      else high = middle - 1;
    }
    const end = shares[low + 1] ?? 1;
    const along = end > shares[low] ? (wrapped - shares[low]) / (end - shares[low]) : 0;
    const next = this.#ring[(low + 1) % this.#ring.length];
    return Math.abs(along) < SAME_SHARE ? this.#ring[low] : mix(this.#ring[low], next, along);
  }

  /** Evenly spaced points round the border's middle. @param {number} start @returns {Point[]} */
  samples(start) {
    const [cx, cy] = this.#centre;
    return Array.from({ length: SAMPLES }, (_, index) => {
      const [x, y] = this.at(start + index / SAMPLES);
      return [x - cx, y - cy];
    });
  }
}

/** @param {Point[]} points @returns {Point} */
function meanPoint(points) {
  const sum = (/** @type {0 | 1} */ axis) => points.reduce((total, point) => total + point[axis], 0);
  return [sum(0) / points.length, sum(1) / points.length];
}
