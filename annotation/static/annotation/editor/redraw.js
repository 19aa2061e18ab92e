/**
 * Redraw part: one stroke replaces the stretch of an outline that it runs along.
 *
 * A stroke splits a ring into two arcs, and either could be the one that was wrong. The arc is
 * taken whose replacement changes the area least; if even that change is large and the stroke
 * clearly runs the way of one arc at its ends, that arc.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {{index: number, fraction: number, point: Point}} Place a point on a ring's edge
 * @typedef {{stroke: Point[], start: Place, end: Place, miss: number}} Attachment
 * @typedef {{ring: Ring, removed: Point[]}} Choice the ring after it, the stretch it takes away
 * @typedef {{ring: number, choices: [Choice, Choice]}} Redraw the likelier choice first
 */
import {
  crossing,
  distance,
  footOnRing,
  footOnSegment,
  ringArea,
  simplifyLine,
  tidyRing,
} from "#editor/geometry.js";

/** A stroke's end this near to the outline is meant to lie on it. Screen px */
export const SNAP_REACH = 12;
/** Farther away than this nothing is guessed. Screen px */
export const FARTHEST_REACH = 40;
/** Change of area above which the stroke's direction is asked, and the disagreement it needs;
 * both from a simulation of 400 strokes a case. */
const LARGE_CHANGE = 0.08;
const CLEAR_DISAGREEMENT = 0.6;
/** Length over which the direction at an end is taken. Screen px */
const DIRECTION_LENGTH = 15;

/**
 * @param {Ring[]} rings the rings that the stroke may mean
 * @param {Point[]} stroke image px, as drawn
 * @param {number} scale screen px per image px
 * @param {number} tolerance of simplifying the stroke, image px
 * @returns {Redraw | null} null when the stroke is too far from every ring
 */
export function redraw(rings, stroke, scale, tolerance) {
  /** @type {(Attachment & {ring: number}) | null} */
  let best = null;
  rings.forEach((ring, index) => {
    const attachment = attach(ring, stroke, scale);
    if (attachment && (!best || attachment.miss < best.miss)) best = { ...attachment, ring: index };
  });
  if (!best) return null;
  const { ring, ...attachment } = /** @type {Attachment & {ring: number}} */ (best);
  const choices = replacements(rings[ring], attachment, tolerance);
  const direction = DIRECTION_LENGTH / scale;
  return { ring, choices: likelierFirst(rings[ring], attachment, choices, direction) };
}

/**
 * The stretch of a ring that a stroke runs along, and the rest of that ring from its end on.
 * @param {Ring[]} rings @param {Point[]} stroke image px @param {number} scale screen px per image px
 * @returns {{ring: number, stretch: Point[], rest: Point[]} | null}
 */
export function stretchAlong(rings, stroke, scale) {
  const found = redraw(rings, stroke, scale, 0);
  if (!found) return null;
  const farthest = (/** @type {Choice} */ { removed }) =>
    Math.max(...removed.map((point) => footOnLine(point, stroke)));
  const [one, other] = found.choices;
  const meant = farthest(one) <= farthest(other) ? one : other;
  const left = meant === one ? other : one;
  return { ring: found.ring, stretch: meant.removed, rest: left.removed.slice(1, -1).reverse() };
}

/** @param {Point} point @param {Point[]} line */
function footOnLine(point, line) {
  return Math.min(
    ...line.slice(1).map((end, index) => footOnSegment(point, line[index], end).distance),
  );
}

/** @param {Ring} ring @param {Point[]} stroke @param {number} scale @returns {Attachment | null} */
function attach(ring, stroke, scale) {
  if (stroke.length < 2) return null;
  const start = attachEnd(ring, stroke, scale);
  if (!start) return null;
  const end = attachEnd(ring, start.stroke.slice().reverse(), scale);
  if (!end || samePlace(start.place, end.place)) return null;
  return {
    stroke: end.stroke.slice().reverse(),
    start: start.place,
    end: end.place,
    miss: start.miss + end.miss,
  };
}

/**
 * The stroke made to begin on the ring: projected when it begins close by, else cut off at its
 * first crossing, else projected when it is not too far.
 * @param {Ring} ring @param {Point[]} stroke @param {number} scale
 */
function attachEnd(ring, stroke, scale) {
  const foot = footOnRing(stroke[0], ring);
  const projected = { stroke: [foot.point, ...stroke.slice(1)], place: foot, miss: foot.distance };
  if (foot.distance * scale <= SNAP_REACH) return projected;
  const cut = firstCrossing(ring, stroke);
  if (cut) return { ...cut, miss: SNAP_REACH / scale };
  return foot.distance * scale <= FARTHEST_REACH ? projected : null;
}

/** @param {Ring} ring @param {Point[]} stroke */
function firstCrossing(ring, stroke) {
  for (let step = 0; step + 1 < stroke.length; step += 1) {
    let first = null;
    for (let index = 0; index < ring.length; index += 1) {
      const hit = crossing(
        stroke[step],
        stroke[step + 1],
        ring[index],
        ring[(index + 1) % ring.length],
      );
      if (hit && (!first || hit.fraction < first.hit.fraction)) first = { hit, index };
    }
    if (!first) continue;
    const { hit, index } = first;
    return {
      stroke: [hit.point, ...stroke.slice(step + 1)],
      place: { index, fraction: hit.otherFraction, point: hit.point },
    };
  }
  return null;
}

/** @param {Place} a @param {Place} b */
function samePlace(a, b) {
  return distance(a.point, b.point) < 1e-9;
}

/** Whether `a` comes before `b` on the way along the ring. @param {Place} a @param {Place} b */
function comesBefore(a, b) {
  return a.index < b.index || (a.index === b.index && a.fraction < b.fraction);
}

/** The ring's vertices from one place forwards to another. @param {Ring} ring @param {Place} from @param {Place} to */
function verticesBetween(ring, from, to) {
  let count = to.index - from.index;
  if (count < 0 || (count === 0 && comesBefore(to, from))) count += ring.length;
  return Array.from({ length: count }, (_, i) => ring[(from.index + 1 + i) % ring.length]);
}

/** @param {Ring} ring @param {Attachment} attachment @param {number} tolerance @returns {[Choice, Choice]} */
function replacements(ring, { stroke, start, end }, tolerance) {
  const line = simplifyLine(stroke, tolerance);
  const forwards = verticesBetween(ring, start, end);
  const backwards = verticesBetween(ring, end, start);
  return [
    {
      ring: tidyRing([...line, ...backwards]),
      removed: [start.point, ...forwards, end.point],
    },
    {
      ring: tidyRing([...line, ...forwards.slice().reverse()]),
      removed: [start.point, ...backwards.slice().reverse(), end.point],
    },
  ];
}

/**
 * @param {Ring} ring @param {Attachment} attachment
 * @param {[Choice, Choice]} choices @param {number} reach image px
 * @returns {[Choice, Choice]}
 */
function likelierFirst(ring, { stroke }, [first, second], reach) {
  const before = Math.abs(ringArea(ring));
  const changes = [first, second].map((c) => Math.abs(Math.abs(ringArea(c.ring)) - before));
  const agreements = [first, second].map(({ removed }) => agreement(stroke, removed, reach));
  const unclear =
    Math.min(...changes) > LARGE_CHANGE * before &&
    Math.abs(agreements[0] - agreements[1]) > CLEAR_DISAGREEMENT;
  const firstIsLikelier = unclear ? agreements[0] > agreements[1] : changes[0] <= changes[1];
  return firstIsLikelier ? [first, second] : [second, first];
}

/** How far two lines run the same way at their ends: 1 alike, -1 opposed. @param {Point[]} line @param {Point[]} other @param {number} reach */
function agreement(line, other, reach) {
  const starts = cosine(heading(line, reach), heading(other, reach));
  const ends = cosine(
    heading(line.slice().reverse(), reach),
    heading(other.slice().reverse(), reach),
  );
  return (starts + ends) / 2;
}

/** From a line's first point to the point `reach` along it. @param {Point[]} line @param {number} reach @returns {Point} */
function heading(line, reach) {
  let left = reach;
  let there = line[0];
  for (let index = 1; index < line.length && left > 0; index += 1) {
    const step = distance(line[index - 1], line[index]);
    if (step === 0) continue;
    const share = Math.min(1, left / step);
    there = [
      line[index - 1][0] + share * (line[index][0] - line[index - 1][0]),
      line[index - 1][1] + share * (line[index][1] - line[index - 1][1]),
    ];
    left -= step;
  }
  return [there[0] - line[0][0], there[1] - line[0][1]];
}

/** @param {Point} a @param {Point} b */
function cosine(a, b) {
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? 0 : (a[0] * b[0] + a[1] * b[1]) / lengths;
}
