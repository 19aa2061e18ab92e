/**
 * Shapes made of other shapes, on the grid of 1/1000 px. What comes out is sound by the simple
 * feature rules: rings that do not touch themselves, holes inside their outline.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 */
import { EndType, inflatePathsD, JoinType } from "clipper2-ts";

import { Arrangement } from "#editor/arrangement.js";
import { crossesItself, ringArea, simplifyRing, tidyRing } from "#editor/geometry.js";

const PRECISION = 3;
/** Smaller pieces are leftovers of rounding, not anatomy. px2 */
export const SMALLEST_PIECE = 0.5;
/** How far the round side of a stroke may be from a true circle. px */
const ROUNDNESS = 0.1;

/** Outlines with a positive area, holes with a negative. @param {Part[]} parts @returns {Ring[]} */
export function windingRings(parts) {
  return parts.flatMap((rings) =>
    rings.map((ring, index) => (ringArea(ring) > 0 === (index === 0) ? ring : ring.toReversed())),
  );
}

/** @param {Part[]} parts @returns {Part[]} without leftovers of rounding */
function withoutCrumbs(parts) {
  const isPiece = (/** @type {Ring} */ ring) => Math.abs(ringArea(ring)) >= SMALLEST_PIECE;
  return parts
    .filter(([outline]) => isPiece(outline))
    .map(([outline, ...holes]) => [outline, ...holes.filter(isPiece)]);
}

/** @param {Ring[][]} layers @param {(windings: Int32Array) => boolean} isIn */
function combine(layers, isIn) {
  const laid = new Arrangement(layers);
  return withoutCrumbs(laid.parts([(face) => isIn(laid.faces[face].windings)])[0]);
}

/** Everything that a ring goes round, loops included, as parts; a simple ring stays as it is. @param {Ring} ring @returns {Part[]} */
export function filled(ring) {
  if (!crossesItself(ring)) return Math.abs(ringArea(ring)) < SMALLEST_PIECE ? [] : [[ring]];
  return combine([[ring]], ([windings]) => windings !== 0);
}

/** @param {Part[]} first @param {Part[]} second */
export function union(first, second) {
  const layers = [windingRings(first), windingRings(second)];
  return combine(layers, ([one, other]) => one > 0 || other > 0);
}

/** @param {Part[]} from @param {Part[]} taken */
export function difference(from, taken) {
  const layers = [windingRings(from), windingRings(taken)];
  return combine(layers, ([left, away]) => left > 0 && away <= 0);
}

/** @param {Part[]} first @param {Part[]} second */
export function common(first, second) {
  const layers = [windingRings(first), windingRings(second)];
  return combine(layers, ([one, other]) => one > 0 && other > 0);
}

/** What of a shape lies on the image. @param {Part[]} parts @param {number} width @param {number} height */
export function withinImage(parts, width, height) {
  const isOnImage = parts.flat(2).every(([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height);
  return isOnImage ? parts : common(parts, [[[[0, 0], [width, 0], [width, height], [0, height]]]]);
}

/** Area in common, px2. @param {Part[]} first @param {Part[]} second */
export function overlapArea(first, second) {
  const { faces } = new Arrangement([windingRings(first), windingRings(second)]);
  return faces.reduce(
    (sum, { windings: [one, other], area }) => (one > 0 && other > 0 ? sum + area : sum),
    0,
  );
}

/** Where a round brush passes. @param {Point[]} stroke @param {number} radius @returns {Part[]} */
export function swept(stroke, radius) {
  const path = stroke.map(([x, y]) => ({ x, y }));
  const rings = inflatePathsD([path], radius, JoinType.Round, EndType.Round, 2, PRECISION, ROUNDNESS);
  return combine([rings.map(fromPath)], ([windings]) => windings > 0);
}

/** What is nowhere farther than `reach` from parts on both sides, filled. @param {Part[]} parts @param {number} reach px @returns {Ring[]} */
export function closed(parts, reach) {
  const paths = windingRings(parts).map((ring) => ring.map(([x, y]) => ({ x, y })));
  const inflate = (/** @type {typeof paths} */ these, /** @type {number} */ by) =>
    inflatePathsD(these, by, JoinType.Miter, EndType.Polygon, 2, PRECISION);
  return inflate(inflate(paths, reach), -reach).map(fromPath);
}

/** @param {{x: number, y: number}[]} path @returns {Ring} */
function fromPath(path) {
  return simplifyRing(tidyRing(path.map(({ x, y }) => /** @type {Point} */ ([x, y]))), ROUNDNESS);
}
