/**
 * Hands that draw as people do: the stroke follows the true border, its ends miss the outline, the
 * hand trembles. What becomes of a stroke is measured, whatever the rule that puts it in.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {{
 *   name: string,
 *   ends: number,
 *   sides: "outside" | "inside" | "across" | "anywhere",
 *   fix: number,
 *   share: number,
 *   tremor: number,
 * }} Habit `ends`: how far, screen px, the ends miss, as a standard deviation for "anywhere" and
 *   up to twice as much (but no less than a half) elsewhere; `fix`: how far, screen px, the outline
 *   is off the true border; `share`: of the border that is wrong; `tremor`: standard deviation, screen px
 * @typedef {{outline: Ring, truth: Ring, stroke: Point[]}} Task
 * @typedef {(outline: Ring, stroke: Point[], scale: number) => Ring | null} Rule the outline after a stroke, or a refusal
 * @typedef {{strokes: number, refused: number, ignored: number, spiked: number, broken: number,
 *   wrong: number}} Outcome counts; `ignored`: more than 15 % of the stroke is not in the outline,
 *   `broken`: the outline crosses itself, `wrong`: its area is farther from the truth than a tenth
 */
import { crossesItself, distance, footOnRing, footOnSegment, ringArea } from "#editor/geometry.js";
import { lengthsAlong, pointAlong } from "#editor/stroke.js";

import { randomFrom } from "./shapes-of-tests.js";

/** Screen px per image px. */
export const SCALE = 1.5;
/** What lies this near to the outline stands in it. Screen px */
const FOLLOWED = 2;
const MOST_IGNORED = 0.15;
/** A narrower corner that neither hand nor outline had is a spike. Degrees */
const NARROWEST = 40;
const MOST_OFF = 0.1;
const POINTS = 150;

/** @type {Habit[]} */
export const HABITS = [6, 10, 15, 20, 25].flatMap((ends) =>
  /** @type {const} */ (["outside", "inside", "across", "anywhere"]).flatMap((sides) =>
    [6, 15, 40].flatMap((fix) =>
      [0.12, 0.25, 0.5].map((share) => ({
        name: `ends ${ends} px ${sides}, fix ${fix} px over ${100 * share} %`,
        ends,
        sides,
        fix,
        share,
        tremor: 0.8,
      })),
    ),
  ),
);

/** @param {() => number} random @returns {() => number} */
function normalFrom(random) {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A muscle's border: an ellipse with soft waves. @param {() => number} random @returns {Ring} */
export function muscle(random) {
  const normal = normalFrom(random);
  const waves = [2, 3, 4].map((order) => ({ order, size: 0.05 * normal(), turn: 2 * Math.PI * random() }));
  const [across, down] = [80 + 60 * random(), 55 + 55 * random()];
  return Array.from({ length: POINTS }, (_, index) => {
    const angle = (2 * Math.PI * index) / POINTS;
    const wave = waves.reduce((sum, { order, size, turn }) => sum + size * Math.cos(order * angle + turn), 1);
    return [192 + across * wave * Math.cos(angle), 200 + down * wave * Math.sin(angle)];
  });
}

/** @param {Ring} ring @param {number} at @returns {Point} of length 1, outwards for a ring with positive area */
function normalAt(ring, at) {
  const before = ring[(at - 1 + ring.length) % ring.length];
  const after = ring[(at + 1) % ring.length];
  const length = distance(before, after);
  return [(after[1] - before[1]) / length, (before[0] - after[0]) / length];
}

/** An outline that is wrong on a stretch, and a stroke that mends it. @param {Habit} habit @param {() => number} random @returns {Task} */
export function taskOf({ ends, sides, fix, share, tremor }, random) {
  const truth = muscle(random);
  const first = Math.floor(POINTS * random());
  const count = Math.round(POINTS * share);
  const off = ((random() < 0.5 ? -1 : 1) * fix) / SCALE;
  const outline = truth.map((/** @type {Point} */ [x, y], at) => {
    const along = (at - first + POINTS) % POINTS;
    if (along > count) return /** @type {Point} */ ([x, y]);
    const [nx, ny] = normalAt(truth, at);
    const bump = off * Math.sin((Math.PI * along) / count);
    return /** @type {Point} */ ([x + bump * nx, y + bump * ny]);
  });
  const path = Array.from({ length: count + 1 }, (_, along) => (first + along) % POINTS);
  const drawn = path.map((at) => truth[at]);
  const missed = [missOf(ends, sides, 0, truth, path[0], random), missOf(ends, sides, 1, truth, path[count], random)];
  const stroke = byHand(drawn, missed, tremor, random);
  return { outline, truth, stroke: random() < 0.5 ? stroke : stroke.reverse() };
}

/** How far an end misses, image px. @param {number} ends @param {Habit["sides"]} sides @param {number} which @param {Ring} truth @param {number} at @param {() => number} random @returns {Point} */
function missOf(ends, sides, which, truth, at, random) {
  const normal = normalFrom(random);
  if (sides === "anywhere") return [(ends * normal()) / SCALE, (ends * normal()) / SCALE];
  const isOutside = sides === "outside" || (sides === "across" && which === 0);
  const far = ((isOutside ? 1 : -1) * ends * (0.5 + 1.5 * random())) / SCALE;
  const [nx, ny] = normalAt(truth, at);
  return [far * nx, far * ny];
}

/** The hand comes to the border over the first and last sixth of its way, and trembles. @param {Point[]} line @param {Point[]} missed @param {number} tremor @param {() => number} random @returns {Point[]} */
function byHand(line, [atStart, atEnd], tremor, random) {
  const normal = normalFrom(random);
  const along = lengthsAlong(line);
  const length = along[along.length - 1];
  const steps = Math.max(6, Math.round((length * SCALE) / (2 + 6 * random())));
  const reach = length * (0.06 + 0.12 * random());
  let [shakeX, shakeY] = [0, 0];
  return Array.from({ length: steps + 1 }, (_, step) => {
    const way = (length * step) / steps;
    const [x, y] = pointAlong(line, along, way);
    shakeX = 0.7 * shakeX + 0.71 * (tremor / SCALE) * normal();
    shakeY = 0.7 * shakeY + 0.71 * (tremor / SCALE) * normal();
    const [left, right] = [Math.exp(-way / reach), Math.exp(-(length - way) / reach)];
    return [
      x + left * atStart[0] + right * atEnd[0] + shakeX,
      y + left * atStart[1] + right * atEnd[1] + shakeY,
    ];
  });
}

/** The share of a stroke's length that does not stand in an outline. @param {Point[]} stroke @param {Ring} ring @param {number} scale */
export function ignoredShare(stroke, ring, scale) {
  let [whole, left] = [0, 0];
  for (let at = 1; at < stroke.length; at += 1) {
    const [a, b] = [stroke[at - 1], stroke[at]];
    const length = distance(a, b);
    whole += length;
    const middle = /** @type {Point} */ ([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    if (footOnRing(middle, ring).distance * scale > FOLLOWED) left += length;
  }
  return left / whole;
}

/** Whether a ring turns back more sharply than the stroke and the outline did there. @param {Ring} ring @param {Task} task @param {number} scale */
export function isSpiked(ring, { stroke, outline }, scale) {
  const ends = [stroke[0], stroke[stroke.length - 1]];
  const known = new Set(outline.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`));
  return ring.some((point, at) => {
    const [before, after] = [ring[(at - 1 + ring.length) % ring.length], ring[(at + 1) % ring.length]];
    if (Math.min(distance(before, point), distance(point, after)) * scale < 2) return false;
    if (known.has(`${point[0].toFixed(2)} ${point[1].toFixed(2)}`)) return false;
    if (Math.min(...ends.map((end) => distance(end, point))) * scale > 60) return false;
    if (isOnStroke(point, stroke, scale) && !ends.some((end) => distance(end, point) * scale < 8)) return false;
    return angleAt(before, point, after) < NARROWEST;
  });
}

/** @param {Point} point @param {Point[]} stroke @param {number} scale */
function isOnStroke(point, stroke, scale) {
  return stroke.slice(1).some((end, at) => footOnSegment(point, stroke[at], end).distance * scale < 0.5);
}

/** @param {Point} a @param {Point} b @param {Point} c degrees between the two ways from b */
function angleAt(a, b, c) {
  const cosine = ((a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1])) / distance(a, b) / distance(b, c);
  return (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, cosine)));
}

/** What a rule makes of many strokes. @param {Rule} rule @param {Habit[]} habits @param {number} count strokes a habit @param {number} seed @returns {Outcome} */
export function outcomeOf(rule, habits, count, seed) {
  const outcome = { strokes: 0, refused: 0, ignored: 0, spiked: 0, broken: 0, wrong: 0 };
  habits.forEach((habit, index) => {
    const random = randomFrom(seed + 7919 * index);
    for (let time = 0; time < count; time += 1) judge(outcome, rule, taskOf(habit, random));
  });
  return outcome;
}

/** @param {Outcome} outcome @param {Rule} rule @param {Task} task */
function judge(outcome, rule, task) {
  outcome.strokes += 1;
  const after = rule(task.outline, task.stroke, SCALE);
  if (!after) {
    outcome.refused += 1;
    return;
  }
  const truth = Math.abs(ringArea(task.truth));
  if (ignoredShare(task.stroke, after, SCALE) > MOST_IGNORED) outcome.ignored += 1;
  if (isSpiked(after, task, SCALE)) outcome.spiked += 1;
  if (crossesItself(after)) outcome.broken += 1;
  if (Math.abs(Math.abs(ringArea(after)) / truth - 1) > MOST_OFF) outcome.wrong += 1;
}
