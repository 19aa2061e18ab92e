/**
 * Boolean operations on parts, by Clipper2 on the grid of 1/1000 px. The server has the last word
 * on validity: what is saved comes back in its canonical form.
 *
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 */
import { booleanOpDWithPolyTree, ClipType, FillRule, PolyTreeD } from "clipper2-ts";

import {
  crossesItself,
  insideRings,
  partsArea,
  ringArea,
  ringsWithoutRepeats,
  tidyRing,
} from "#editor/geometry.js";

const PRECISION = 3;
/** Smaller pieces are leftovers of rounding, not anatomy. px2 */
const SMALLEST_PIECE = 0.5;

/** @param {Ring[]} rings */
function toPaths(rings) {
  return rings.map((ring) => ring.map(([x, y]) => ({ x, y })));
}

/** @param {{poly: {x: number, y: number}[] | null}} node @returns {Ring[]} */
function toRings(node) {
  return ringsWithoutRepeats(tidyRing((node.poly ?? []).map(({ x, y }) => [x, y]))).filter(
    (ring) => Math.abs(ringArea(ring)) >= SMALLEST_PIECE,
  );
}

/** @param {any} tree Clipper's nesting: outlines, in them holes, in them outlines @returns {Part[]} */
function toParts(tree) {
  /** @type {Part[]} */
  const parts = [];
  for (let i = 0; i < tree.count; i += 1) {
    const outline = tree.child(i);
    const rings = toRings(outline);
    for (let j = 0; j < outline.count; j += 1) {
      rings.push(...toRings(outline.child(j)));
      parts.push(...toParts(outline.child(j)));
    }
    parts.push(...partsOf(rings));
  }
  return parts;
}

/** Outlines run one way, holes the other. @param {Ring[]} rings of one outline and its holes @returns {Part[]} */
function partsOf(rings) {
  /** @type {Part[]} */
  const parts = rings.filter((ring) => ringArea(ring) > 0).map((outline) => [outline]);
  for (const hole of rings.filter((ring) => ringArea(ring) < 0)) {
    const [[x0, y0], [x1, y1]] = hole;
    const around = parts.find(([outline]) => insideRings([(x0 + x1) / 2, (y0 + y1) / 2], [outline]));
    around?.push(hole);
  }
  return parts;
}

/** @param {ClipType} type @param {Ring[]} subject @param {Ring[] | null} clip @param {FillRule} rule */
function combine(type, subject, clip, rule) {
  const tree = new PolyTreeD();
  booleanOpDWithPolyTree(type, toPaths(subject), clip && toPaths(clip), tree, rule, PRECISION);
  return toParts(tree);
}

/** Everything that a ring goes round, loops included, as parts; a simple ring stays as it is. @param {Ring} ring @returns {Part[]} */
export function filled(ring) {
  if (!crossesItself(ring)) return Math.abs(ringArea(ring)) < SMALLEST_PIECE ? [] : [[ring]];
  return combine(ClipType.Union, [ring], null, FillRule.NonZero);
}

/** @param {Part[]} first @param {Part[]} second */
export function union(first, second) {
  return combine(ClipType.Union, first.flat(), second.flat(), FillRule.EvenOdd);
}

/** @param {Part[]} from @param {Part[]} taken */
export function difference(from, taken) {
  return combine(ClipType.Difference, from.flat(), taken.flat(), FillRule.EvenOdd);
}

/** Area in common, px2. @param {Part[]} first @param {Part[]} second */
export function overlapArea(first, second) {
  return partsArea(combine(ClipType.Intersection, first.flat(), second.flat(), FillRule.EvenOdd));
}
