/**
 * Echo intensity: the mean grey level of the scan as it was acquired, over the pixels whose centre
 * lies in the outline, holes left out (docs/algorithms/measurement.md).
 *
 * @typedef {{values: ArrayLike<number>, width: number, height: number}} Grey
 */
import { eachRun } from "#editor/raster.js";

/** @param {import("#editor/geometry.js").Part[]} parts @param {Grey} grey @returns {number | null} null without a pixel */
export function echoIntensity(parts, { values, width, height }) {
  let sum = 0;
  let count = 0;
  eachRun(parts, width, height, (row, from, to) => {
    count += to - from;
    for (let at = row * width + from; at < row * width + to; at += 1) sum += values[at];
  });
  return count ? sum / count : null;
}
