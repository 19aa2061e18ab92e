/**
 * One stroke replaces the stretch of an outline that it runs along. Redraw, the wire and splitting
 * mean their lines by it.
 *
 * A stroke splits a ring into two arcs, and either could be the one that was wrong. The arc is
 * taken whose replacement changes the area least; if even that change is large and the stroke
 * clearly runs the way of one arc at its ends, that arc. A closed stroke replaces the whole ring.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/attaching.js").Attachment} Attachment
 * @typedef {{ring: Ring, removed: Point[]}} Choice the ring after it, the stretch it takes away
 * @typedef {{ring: number, choices: Choice[]}} Redraw the likelier choice first, one or two
 * @typedef {{refused: "far" | "returns"}} Refusal far from every ring; or it ends where it began and
 *   goes round nothing
 */
import { acrossRing, attach, headingOf, missOf } from "#editor/attaching.js";
import {
  crossesItself,
  distance,
  footOnSegment,
  partsArea,
  ringArea,
  simplifyLine,
  simplifyRing,
  tidyRing,
} from "#editor/geometry.js";
import { filled } from "#editor/shapes.js";
import { closedRing, lengthsAlong, pointAlong, withoutLoops } from "#editor/stroke.js";
import { Track } from "#editor/track.js";

/** A stroke that is this far from a ring, in the mean of its ends, means none. Screen px */
const FARTHEST_MISS = 100;
/** The ends of a stroke that comes back to where it began are this near. Screen px */
const RETURNED = 12;
/** Among others a ring of the preferred ones is meant where it is this near, or where no other is
 * nearer by this. Screen px */
const PREFERRED_WITHIN = 25;
const CLEARLY_NEARER = 20;
/** Change of area above which the stroke's direction is asked, and the disagreement it needs;
 * both from a simulation of 400 strokes a case. */
const LARGE_CHANGE = 0.08;
const CLEAR_DISAGREEMENT = 0.6;
/** Length over which the direction at an end is taken. Screen px */
const DIRECTION_LENGTH = 15;
/** A closed stroke that goes round less of a ring's area is a bulge of its border. */
const LEAST_REPLACED = 0.1;
/** Of the area, what a ring's loops may hold without being meant. */
const MOST_LOOPED = 0.03;
const SAMPLES = 24;

/**
 * @param {Ring[]} rings the rings that the stroke may mean
 * @param {Point[]} stroke image px, as drawn
 * @param {number} scale screen px per image px
 * @param {number} tolerance of simplifying the stroke, image px
 * @param {(ring: number) => boolean} [isPreferred] a ring that is meant unless another is clearly nearer
 * @returns {Redraw | Refusal}
 */
export function redraw(rings, stroke, scale, tolerance, isPreferred = () => true) {
  const drawn = simplifyLine(stroke, tolerance);
  const closed = closedRing(drawn, scale);
  const line = withoutLoops(drawn);
  if (line.length < 2) return { refused: "far" };
  const misses = rings.map((ring) => (closed ? apart(closed, ring) : missOf(ring, line, scale)) * scale);
  const ring = meant(misses, isPreferred);
  if (ring < 0 || misses[ring] > FARTHEST_MISS) return { refused: "far" };
  const part = partly(rings[ring], line, scale, tolerance);
  const whole = closed && wholly(rings[ring], closed, tolerance);
  const choices = whole ? [whole, ...part.slice(0, 1)] : part;
  if (choices.length) return { ring, choices };
  const isBack = distance(line[0], line[line.length - 1]) * scale < RETURNED;
  return { refused: isBack ? "returns" : "far" };
}

/** The ring with the smallest miss, one of the preferred unless that is far and another is not. @param {number[]} misses screen px @param {(ring: number) => boolean} isPreferred */
function meant(misses, isPreferred) {
  const least = (/** @type {number[]} */ among) =>
    among.reduce((best, ring) => (best < 0 || misses[ring] < misses[best] ? ring : best), -1);
  const all = misses.map((_, ring) => ring);
  const [nearest, preferred] = [least(all), least(all.filter(isPreferred))];
  if (preferred < 0) return nearest;
  const isNear = misses[preferred] <= PREFERRED_WITHIN;
  return isNear || misses[preferred] < misses[nearest] + CLEARLY_NEARER ? preferred : nearest;
}

/** The stroke in place of one stretch of a ring, or of the other. @param {Ring} ring @param {Point[]} line @param {number} scale @param {number} tolerance @returns {Choice[]} */
function partly(ring, line, scale, tolerance) {
  const choices = [ring, ring.toReversed()].flatMap((way) => {
    const attachment = attach(way, line, scale);
    return attachment ? [choiceOf(attachment, tolerance)] : [];
  });
  const isSecond = choices.length > 1 && isSecondLikelier(ring, line, choices, DIRECTION_LENGTH / scale);
  return isSecond ? choices.reverse() : choices;
}

/** @param {Attachment} attachment @param {number} tolerance @returns {Choice} */
function choiceOf({ line, kept, removed }, tolerance) {
  return { ring: withoutIslands(tidyRing([...simplifyLine(line, tolerance), ...kept])), removed };
}

/** The closed stroke in place of a whole ring, if it is large enough for that. @param {Ring} ring @param {Ring} closed @param {number} tolerance @returns {Choice | null} */
function wholly(ring, closed, tolerance) {
  if (Math.abs(ringArea(closed)) < LEAST_REPLACED * Math.abs(ringArea(ring))) return null;
  return { ring: withoutIslands(tidyRing(simplifyRing(closed, tolerance))), removed: [...ring, ring[0]] };
}

/** A ring without the small loops in which it crosses itself; large ones are meant. @param {Ring} ring @returns {Ring} */
function withoutIslands(ring) {
  if (ring.length < 4 || !crossesItself(ring)) return ring;
  const parts = filled(ring).sort((one, other) => partsArea([other]) - partsArea([one]));
  const [[outline = ring] = [], ...others] = parts;
  const isSmall = partsArea(others) <= MOST_LOOPED * Math.abs(ringArea(outline));
  return isSmall ? outline : ring;
}

/** How far two rings are apart, in the mean over the first. @param {Ring} ring @param {Ring} other px */
function apart(ring, other) {
  const line = [...ring, ring[0]];
  const lengths = lengthsAlong(line);
  const track = new Track(other);
  let sum = 0;
  for (let step = 0; step < SAMPLES; step += 1) {
    const along = (lengths[lengths.length - 1] * step) / SAMPLES;
    sum += track.nearest(pointAlong(line, lengths, along)).off;
  }
  return sum / SAMPLES;
}

/**
 * The stretch of a ring that a stroke runs along, and the rest of that ring from its end on.
 * @param {Ring[]} rings @param {Point[]} stroke image px @param {number} scale screen px per image px
 * @returns {{ring: number, stretch: Point[], rest: Point[]} | null}
 */
export function stretchAlong(rings, stroke, scale) {
  const found = nearest(rings, stroke, scale);
  if (!found) return null;
  const { ring, track, from, to } = found;
  const ends = [track.point(from), track.point(to)];
  if (distance(ends[0], ends[1]) * scale < 1) return null;
  const ways = [track.between(from, to), track.between(to, from).reverse()];
  const farthest = (/** @type {Point[]} */ way) => Math.max(0, ...way.map((point) => footOnLine(point, stroke)));
  const [meantWay, left] = farthest(ways[0]) <= farthest(ways[1]) ? ways : ways.reverse();
  return { ring, stretch: [ends[0], ...meantWay, ends[1]], rest: left.reverse() };
}

/**
 * The two sides of a line across a ring: it is cut off where it first comes in and last goes out.
 * @param {Ring[]} rings @param {Point[]} stroke image px @param {number} scale screen px per image px
 * @param {number} tolerance @returns {{ring: number, halves: [Ring, Ring]} | null}
 */
export function cutAcross(rings, stroke, scale, tolerance) {
  const drawn = withoutLoops(simplifyLine(stroke, tolerance));
  const found = nearest(rings, drawn, scale);
  if (!found) return null;
  const line = acrossRing(rings[found.ring], drawn);
  const [from, to] = [line[0], line[line.length - 1]].map((point) => found.track.nearest(point).at);
  const cut = [found.track.point(from), ...line.slice(1, -1), found.track.point(to)];
  return {
    ring: found.ring,
    halves: [
      tidyRing([...cut, ...found.track.between(to, from)]),
      tidyRing([...cut, ...found.track.between(from, to).reverse()]),
    ],
  };
}

/** The ring that a stroke's ends miss least, and where they come onto it. @param {Ring[]} rings @param {Point[]} stroke @param {number} scale */
function nearest(rings, stroke, scale) {
  if (stroke.length < 2) return null;
  const misses = rings.map((ring) => missOf(ring, stroke, scale) * scale);
  const ring = meant(misses, () => true);
  if (ring < 0 || misses[ring] > FARTHEST_MISS) return null;
  const track = new Track(rings[ring]);
  return { ring, track, from: track.nearest(stroke[0]).at, to: track.nearest(stroke[stroke.length - 1]).at };
}

/** @param {Point} point @param {Point[]} line */
function footOnLine(point, line) {
  return Math.min(
    ...line.slice(1).map((end, index) => footOnSegment(point, line[index], end).distance),
  );
}

/** @param {Ring} ring @param {Point[]} line @param {Choice[]} choices @param {number} reach image px */
function isSecondLikelier(ring, line, choices, reach) {
  const before = Math.abs(ringArea(ring));
  const changes = choices.map((choice) => Math.abs(Math.abs(ringArea(choice.ring)) - before));
  const agreements = choices.map(({ removed }) => agreement(line, removed, reach));
  const unclear =
    Math.min(...changes) > LARGE_CHANGE * before &&
    Math.abs(agreements[0] - agreements[1]) > CLEAR_DISAGREEMENT;
  return unclear ? agreements[1] > agreements[0] : changes[1] < changes[0];
}

/** How far two lines run the same way at their ends: 1 alike, -1 opposed. @param {Point[]} line @param {Point[]} other @param {number} reach */
function agreement(line, other, reach) {
  const starts = cosine(headingOf(line, reach), headingOf(other, reach));
  const ends = cosine(headingOf(line.toReversed(), reach), headingOf(other.toReversed(), reach));
  return (starts + ends) / 2;
}

/** @param {Point} a @param {Point} b */
function cosine(a, b) {
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? 0 : (a[0] * b[0] + a[1] * b[1]) / lengths;
}
