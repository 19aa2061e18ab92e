/** What becomes of the strokes of simulated hands, by the editor's rule and by a plain one, as JSON. */
import { crossing, distance, footOnRing } from "#editor/geometry.js";
import { redraw } from "#editor/redraw.js";

import { HABITS, outcomeOf } from "../tests/editor/simulated-hands.js";

/** @typedef {import("#editor/geometry.js").Point} Point */
/** @typedef {import("#editor/geometry.js").Ring} Ring */
/** @typedef {import("../tests/editor/simulated-hands.js").Rule} Rule */

const STROKES_A_HABIT = 50;
const SEED = 12;
/** Of the plain rule: an end this near is put onto the outline; one farther than that is refused. Screen px */
const SNAP = 12;
const FARTHEST = 40;

/** @type {Rule} */
const editor = (outline, stroke, scale) => {
  const found = redraw([outline], stroke, scale, 0.35);
  return "choices" in found ? found.choices[0].ring : null;
};

/** The stroke spliced in between its first crossings from either end. @type {Rule} */
const firstCrossing = (outline, stroke, scale) => {
  const started = startedOn(outline, stroke, scale);
  const both = started && startedOn(outline, started.toReversed(), scale);
  if (!both) return null;
  const line = both.toReversed();
  const [from, to] = [line[0], line[line.length - 1]].map((point) => footOnRing(point, outline));
  const forwards = (/** @type {number} */ a, /** @type {number} */ b) =>
    Array.from({ length: (b - a + outline.length) % outline.length }, (_, at) => outline[(a + 1 + at) % outline.length]);
  const kept = [forwards(to.index, from.index), forwards(from.index, to.index).reverse()];
  const [longer] = kept.sort((one, other) => other.length - one.length);
  return [...line, ...longer];
};

/** @param {Ring} outline @param {Point[]} stroke @param {number} scale @returns {Point[] | null} */
function startedOn(outline, stroke, scale) {
  const foot = footOnRing(stroke[0], outline);
  if (foot.distance * scale <= SNAP) return [foot.point, ...stroke.slice(1)];
  for (let step = 0; step + 1 < stroke.length; step += 1) {
    const hits = outline
      .map((point, at) => crossing(stroke[step], stroke[step + 1], point, outline[(at + 1) % outline.length]))
      .flatMap((hit) => (hit ? [hit.point] : []))
      .sort((one, other) => distance(stroke[step], one) - distance(stroke[step], other));
    if (hits.length) return step + 2 < stroke.length ? [hits[0], ...stroke.slice(step + 1)] : null;
  }
  return foot.distance * scale <= FARTHEST ? [foot.point, ...stroke.slice(1)] : null;
}

const rules = { editor, firstCrossing };
const outcomes = Object.entries(rules).map(([name, rule]) => [name, outcomeOf(rule, HABITS, STROKES_A_HABIT, SEED)]);
console.log(JSON.stringify(Object.fromEntries(outcomes)));
