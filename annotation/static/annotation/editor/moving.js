/**
 * All outlines moved or mirrored as one. What leaves the image is cut off.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{width: number, height: number}} Size
 */
import { bounds, onGrid } from "#editor/geometry.js";
import { withinImage } from "#editor/shapes.js";

/** @type {Record<string, string>} */
const MIRRORED_CUT = { left: "right", right: "left" };

/** @param {Region[]} regions @param {Point} shift px @param {Size} image @returns {Region[]} without those that are off the image */
export function moved(regions, shift, image) {
  const [dx, dy] = onGrid(shift);
  return placed(regions, (ring) => ring.map(([x, y]) => onGrid([x + dx, y + dy])), image);
}

/** Left to right about the middle of them all. @param {Region[]} regions @param {Size} image @returns {Region[]} */
export function mirrored(regions, image) {
  const [left, , right] = bounds(regions.flatMap(({ parts }) => parts.flat()));
  const turned = placed(
    regions,
    (ring) => ring.map(([x, y]) => onGrid([left + right - x, y])).reverse(),
    image,
  );
  return turned.map((region) => ({
    ...region,
    cut: region.cut.map((side) => MIRRORED_CUT[side] ?? side),
  }));
}

/** @param {Region[]} regions @param {(ring: Point[]) => Point[]} place @param {Size} image @returns {Region[]} */
function placed(regions, place, { width, height }) {
  return regions
    .map((region) => ({
      ...region,
      parts: withinImage(region.parts.map((part) => part.map(place)), width, height),
    }))
    .filter(({ parts }) => parts.length);
}
