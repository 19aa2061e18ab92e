/**
 * A stroke before it meets an outline: how far along it something lies, loops taken out of it, and
 * whether it is closed.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 */
import { crossing, distance, ringArea } from "#editor/geometry.js";

/** A stroke closes over its first and last stretches of this share of its length ... */
const CLOSING_STRETCH = 0.14;
/** ... when these come as near to each other, screen px or as a share of its length, ... */
const CLOSING_REACH = 12;
const CLOSING_SHARE = 0.08;
/** ... and part again: this far on they are farther from each other by this factor, so that a
 * stroke round the tip of a thin muscle is none. */
const PARTING_STRETCH = 0.1;
const PARTING = 2;
/** Of its length a loop is more than this when it is the stroke, and its beginning and end are tails. */
const MOST_LOOPED = 0.5;
/** A stroke there and back encloses less, as a share of a circle of that length. */
const LEAST_ROUND = 0.05;

/** How far along a line each of its points lies. @param {Point[]} line */
export function lengthsAlong(line) {
  const lengths = [0];
  for (let at = 1; at < line.length; at += 1) {
    lengths.push(lengths[at - 1] + distance(line[at - 1], line[at]));
  }
  return lengths;
}

/** The point of a line at a length along it. @param {Point[]} line @param {number[]} lengths @param {number} length @returns {Point} */
export function pointAlong(line, lengths, length) {
  const found = lengths.findIndex((there) => there >= length);
  const next = found < 0 ? line.length - 1 : Math.max(1, found);
  const step = lengths[next] - lengths[next - 1];
  const share = step === 0 ? 0 : Math.min(1, Math.max(0, (length - lengths[next - 1]) / step));
  const [a, b] = [line[next - 1], line[next]];
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}

/** The line between two lengths along it. @param {Point[]} line @param {number[]} lengths @param {number} from @param {number} to @returns {Point[]} */
export function lineBetween(line, lengths, from, to) {
  const inner = line.filter((_, at) => lengths[at] > from && lengths[at] < to);
  return [pointAlong(line, lengths, from), ...inner, pointAlong(line, lengths, to)];
}

/** A line cut short at each place where it crosses itself, so that it crosses itself nowhere. @param {Point[]} line @returns {Point[]} */
export function withoutLoops(line) {
  /** @type {Point[]} */
  const kept = line.slice(0, 1);
  for (const next of line.slice(1)) {
    const met = firstMeeting(kept, next);
    if (met) kept.splice(met.at + 1, Infinity, met.point);
    kept.push(next);
  }
  return kept;
}

/** Where a line that goes on to `next` meets itself, earliest on the line. @param {Point[]} line @param {Point} next */
function firstMeeting(line, next) {
  const from = line[line.length - 1];
  const [left, right] = [Math.min(from[0], next[0]), Math.max(from[0], next[0])];
  for (let at = 0; at + 2 < line.length; at += 1) {
    const [a, b] = [line[at], line[at + 1]];
    if (Math.max(a[0], b[0]) < left || Math.min(a[0], b[0]) > right) continue;
    const hit = crossing(from, next, a, b);
    if (hit) return { at, point: hit.point };
  }
  return null;
}

/**
 * What a closed stroke goes round: its ends meet or cross, or come near each other and part again.
 * @param {Point[]} line @param {number} scale screen px per image px
 * @returns {Ring | null} without tails and without loops; null when the stroke is open
 */
export function closedRing(line, scale) {
  const lengths = lengthsAlong(line);
  const whole = lengths[lengths.length - 1];
  const meeting = largestLoop(line, lengths) ?? nearMeeting(line, lengths, CLOSING_REACH / scale);
  if (!meeting) return null;
  const ring = withoutLoops(lineBetween(line, lengths, meeting.from, meeting.to).slice(0, -1));
  const ofCircle = (meeting.to - meeting.from) ** 2 / (4 * Math.PI);
  const isRound = whole > 0 && Math.abs(ringArea(ring)) > LEAST_ROUND * ofCircle;
  return ring.length >= 3 && isRound ? ring : null;
}

/** @param {Point[]} line @param {number[]} lengths */
function largestLoop(line, lengths) {
  let most = MOST_LOOPED * lengths[lengths.length - 1];
  /** @type {{from: number, to: number} | null} */
  let found = null;
  for (let late = line.length - 1; late > 1; late -= 1) {
    for (let early = 0; early + 1 < late - 1; early += 1) {
      if (lengths[late] - lengths[early] <= most) break;
      const hit = crossing(line[early], line[early + 1], line[late - 1], line[late]);
      if (!hit) continue;
      const from = lengths[early] + distance(line[early], hit.point);
      const to = lengths[late - 1] + distance(line[late - 1], hit.point);
      if (to - from > most) [most, found] = [to - from, { from, to }];
    }
  }
  return found;
}

/** @param {Point[]} line @param {number[]} lengths @param {number} reach image px */
function nearMeeting(line, lengths, reach) {
  const whole = lengths[lengths.length - 1];
  const steps = [...Array(15).keys()].map((step) => (CLOSING_STRETCH * whole * step) / 14);
  const heads = steps.map((from) => ({ from, point: pointAlong(line, lengths, from) }));
  const tails = steps.map((off) => ({ to: whole - off, point: pointAlong(line, lengths, whole - off) }));
  let best = { from: 0, to: whole, gap: Infinity };
  for (const { from, point } of heads) {
    for (const tail of tails) {
      const gap = distance(point, tail.point);
      if (gap < best.gap) best = { from, to: tail.to, gap };
    }
  }
  const on = PARTING_STRETCH * whole;
  const parted = distance(
    pointAlong(line, lengths, best.from + on),
    pointAlong(line, lengths, best.to - on),
  );
  const isNear = best.gap <= Math.max(reach, CLOSING_SHARE * whole);
  return isNear && parted > PARTING * best.gap ? best : null;
}
