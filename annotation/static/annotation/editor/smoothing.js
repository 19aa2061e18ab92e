/**
 * A line evened out: taken at even steps, each point drawn towards the mean of those around it,
 * then simplified. Its ends stay.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 */
import { distance, simplifyLine } from "#editor/geometry.js";

/** How far apart the points are that are evened out. px */
const STEP = 2;
/** Waves of 20 px (2 mm where a px is 0.1 mm) lose four fifths of their height, those of 80 px a sixth. */
const ROUNDS = 30;

/** @param {Point[]} line at least two points @param {number} tolerance of simplifying, px @returns {Point[]} */
export function smoothed(line, tolerance) {
  let points = evenSteps(line);
  for (let round = 0; round < ROUNDS; round += 1) points = points.map(towardsNeighbours);
  return simplifyLine(points, tolerance);
}

/** @param {Point} point @param {number} index @param {Point[]} points @returns {Point} */
function towardsNeighbours(point, index, points) {
  const [before, after] = [points[index - 1], points[index + 1]];
  if (!before || !after) return point;
  return [
    point[0] / 2 + (before[0] + after[0]) / 4,
    point[1] / 2 + (before[1] + after[1]) / 4,
  ];
}

/** @param {Point[]} line @returns {Point[]} */
function evenSteps(line) {
  const lengths = line.slice(1).map((point, index) => distance(line[index], point));
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  const count = Math.max(2, Math.round(whole / STEP));
  /** @type {Point[]} */
  const points = [line[0]];
  let [segment, passed] = [0, 0];
  for (let step = 1; step < count; step += 1) {
    const wanted = (whole * step) / count;
    while (passed + lengths[segment] < wanted) passed += lengths[segment++];
    const share = (wanted - passed) / lengths[segment];
    const [[x0, y0], [x1, y1]] = [line[segment], line[segment + 1]];
    points.push([x0 + share * (x1 - x0), y0 + share * (y1 - y0)]);
  }
  return [...points, line[line.length - 1]];
}
