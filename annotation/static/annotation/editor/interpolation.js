/**
 * Outlines between two outlined frames. Points correspond by their share of the border's length,
 * counted from the start at which the two borders lie best on each other.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { crossesItself, distance, partsArea, ringArea, tidyRing } from "#editor/geometry.js";
import { difference, filled, overlapArea } from "#editor/shapes.js";

/** Points on which a start is judged. */
const SAMPLES = 48;
/** Shares of the length nearer than this are one. */
const SAME_SHARE = 1e-9;
/** Overlap below this is the rounding of a shared border. px2 */
const OVERLAP_TOLERANCE = 0.5;

/**
 * The regions a share of the way from one frame to another. What only one frame has, and what has
 * other parts or holes there, is taken from the nearer frame.
 *
 * @param {Region[]} from @param {Region[]} to @param {number} share 0 to 1 @returns {Region[]}
 */
export function between(from, to, share) {
  const nearer = share < 0.5 ? from : to;
  const regions = nearer.map((region) => {
    const ofLabel = (/** @type {Region[]} */ all) => all.filter(({ label }) => label === region.label);
    const nth = ofLabel(nearer).indexOf(region);
    const [first, second] = [ofLabel(from)[nth], ofLabel(to)[nth]];
    return first && second && isAlike(first, second) ? blend(region, first, second, share) : region;
  });
  return apart(regions);
}

/** @param {Region} first @param {Region} second */
function isAlike(first, second) {
  const shape = (/** @type {Region} */ { parts }) => parts.map((part) => part.length).join();
  return shape(first) === shape(second);
}

/** @param {Region} nearer @param {Region} first @param {Region} second @param {number} share @returns {Region} */
function blend(nearer, first, second, share) {
  const parts = first.parts.map((part, p) =>
    part.map((ring, k) => ringBetween(ring, second.parts[p][k], share)),
  );
  const [outlines, holes] = [parts.map(([outline]) => outline), parts.flatMap((part) => part.slice(1))];
  if (!parts.flat().some(crossesItself)) return { ...nearer, parts };
  const whole = outlines.flatMap(filled);
  return { ...nearer, parts: holes.reduce((rest, hole) => difference(rest, [[hole]]), whole) };
}

/** Takes from each region what an earlier one of another label holds. @param {Region[]} regions */
function apart(regions) {
  /** @type {Region[]} */
  const kept = [];
  for (const region of regions) {
    const parts = kept
      .filter(({ label }) => label !== region.label)
      .reduce(
        (rest, other) =>
          overlapArea(rest, other.parts) > OVERLAP_TOLERANCE ? difference(rest, other.parts) : rest,
        region.parts,
      );
    if (partsArea(parts) > 0) kept.push(parts === region.parts ? region : { ...region, parts });
  }
  return kept;
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

/** A ring by the share of its length. */
class Border {
  /** @type {number[]} of each vertex */
  shares = [];
  #ring;
  #centre;

  /** @param {Ring} ring */
  constructor(ring) {
    this.#ring = ring;
    let length = 0;
    const lengths = ring.map((point, index) => {
      const before = length;
      length += distance(point, ring[(index + 1) % ring.length]);
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
