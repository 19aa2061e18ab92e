/**
 * How a stroke's ends come onto a ring. Hands miss: each end is cut back to where the stroke comes
 * nearest to the ring, by no more than a small share of the stroke in all, and what is still
 * missing is bridged by a curve that leaves ring and stroke in the way they run.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/track.js").Approach} Approach
 * @typedef {Approach & {along: number, trimmed: number, cost: number}} End `along`: where on the
 *   stroke, counted from its start; `trimmed`: what is cut off it that would not have to be; px
 * @typedef {{line: Point[], kept: Point[], removed: Point[]}} Attachment the stroke with its bridges;
 *   the vertices of the ring that stay, from the stroke's end on; the stretch that goes, with its ends
 */
import { crossing, distance } from "#editor/geometry.js";
import { lengthsAlong, lineBetween, pointAlong } from "#editor/stroke.js";
import { Track } from "#editor/track.js";

/** Of a stroke no more than this is cut off by looking for the nearest approach. */
const MOST_TRIMMED = 0.1;
/** What cutting off one px costs, in px that an end misses. */
const PRICE_OF_TRIMMING = 0.1;
/** A stroke that comes from this far out and crosses the ring is meant to begin there. Screen px */
const OVERSHOOT = 60;
/** Farther than this from the ring an end is far from it. Screen px */
const FARTHEST = 100;
/** A bridge reaches this much farther along the ring than it reaches across, up to a length in screen px. */
const BRIDGE_SLANT = 2;
const LONGEST_REACH = 60;
/** Less than this needs no bridge. Screen px */
const SMALLEST_MISS = 1;
/** How far ahead an end is compared with what the stroke does next, as a share of it. */
const AHEAD = 0.3;
/** Length over which the way of a line is taken. Screen px */
const WAY = 8;
const SAMPLES = 20;
const BRIDGE_STEPS = 8;

/**
 * How far a stroke's ends miss a ring, in the mean: none at all where it comes from afar and
 * crosses it.
 * @param {Ring} ring @param {Point[]} stroke @param {number} scale @returns {number} image px
 */
export function missOf(ring, stroke, scale) {
  const track = new Track(ring);
  const ends = [stroke, stroke.toReversed()].map((line) => {
    const lengths = lengthsAlong(line);
    const most = (MOST_TRIMMED / 2) * lengths[lengths.length - 1];
    const near = [0, 1, 2, 3].map((step) => track.nearest(pointAlong(line, lengths, (most * step) / 3)).off);
    return Math.min(...near);
  });
  const isAfar = Math.max(...ends) * scale >= OVERSHOOT;
  if (isAfar && crossings(ring, stroke, lengthsAlong(stroke)).length > 1) return 0;
  return (ends[0] + ends[1]) / 2;
}

/**
 * The stroke put in for the stretch of the ring from its start forwards to its end.
 * @param {Ring} ring @param {Point[]} stroke without loops @param {number} scale screen px per image px
 * @returns {Attachment | null} null where an end is far from the ring, or both come to one place
 */
export function attach(ring, stroke, scale) {
  const track = new Track(ring);
  const lengths = lengthsAlong(stroke);
  const whole = lengths[lengths.length - 1];
  if (whole * scale < SMALLEST_MISS) return null;
  const hits = crossings(ring, stroke, lengths);
  const starts = ownEnds(track, stroke, hits, scale);
  const lasts = ownEnds(
    new Track(ring.toReversed()),
    stroke.toReversed(),
    hits.map((hit) => whole - hit).reverse(),
    scale,
  );
  const pair = cheapest(starts, lasts, MOST_TRIMMED * whole);
  if (!pair || Math.max(pair.start.off, pair.last.off) * scale > FARTHEST) return null;
  const { start, last } = pair;
  /** Counted forwards again; the reversed ring begins with the last vertex. */
  const backTo = track.length - distance(ring[ring.length - 1], ring[0]);
  const end = { ...last, at: backTo - last.at, along: whole - last.along };
  if (end.along <= start.along) return null;
  const line = lineBetween(stroke, lengths, start.along, end.along);
  return bridged(track, line, start, end, scale);
}

/** Where along a stroke it crosses a ring. @param {Ring} ring @param {Point[]} stroke @param {number[]} lengths */
function crossings(ring, stroke, lengths) {
  /** @type {number[]} */
  const hits = [];
  for (let step = 0; step + 1 < stroke.length; step += 1) {
    const [a, b] = [stroke[step], stroke[step + 1]];
    const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
    for (let index = 0; index < ring.length; index += 1) {
      const [c, d] = [ring[index], ring[(index + 1) % ring.length]];
      if (Math.max(c[0], d[0]) < left || Math.min(c[0], d[0]) > right) continue;
      const hit = crossing(a, b, c, d);
      if (hit) hits.push(lengths[step] + hit.fraction * distance(a, b));
    }
  }
  return hits.sort((one, other) => one - other);
}

/** What of a line lies between its first and its last crossing of a ring; an end that crosses nothing stays. @param {Ring} ring @param {Point[]} line @returns {Point[]} */
export function acrossRing(ring, line) {
  const lengths = lengthsAlong(line);
  const whole = lengths[lengths.length - 1];
  const hits = crossings(ring, line, lengths);
  if (!hits.length) return line;
  const [first, last] = [hits[0], hits[hits.length - 1]];
  if (first < last) return lineBetween(line, lengths, first, last);
  return first < whole / 2 ? lineBetween(line, lengths, first, whole) : lineBetween(line, lengths, 0, first);
}

/** Where the start of a stroke, which runs forwards along the ring, could come onto it. @param {Track} track @param {Point[]} stroke @param {number[]} hits @param {number} scale @returns {End[]} */
function ownEnds(track, stroke, hits, scale) {
  const lengths = lengthsAlong(stroke);
  const whole = lengths[lengths.length - 1];
  const endAt = (/** @type {number} */ along) => {
    const near = track.nearest(pointAlong(stroke, lengths, along));
    return { ...near, along, trimmed: along, cost: near.off + PRICE_OF_TRIMMING * along };
  };
  const [first] = hits;
  const isOvershoot = first < whole / 2 && track.nearest(stroke[0]).off * scale >= OVERSHOOT;
  if (isOvershoot) return [{ ...endAt(first), trimmed: 0, cost: 0 }];
  const most = MOST_TRIMMED * whole;
  const sampled = (/** @type {number} */ from, /** @type {number} */ to) =>
    Array.from({ length: SAMPLES }, (_, step) => from + ((to - from) * step) / SAMPLES);
  const places = [...sampled(0, most), ...hits.filter((hit) => hit < most)];
  const found = places.sort((one, other) => one - other).map(endAt);
  const way = [...found, ...sampled(most, AHEAD * whole).map(endAt)];
  return found.map((end, at) => ({ ...end, cost: end.cost + overlap(track, way, at) }));
}

/** How far a stroke goes back, close by the ring, behind the place where it would begin. @param {Track} track @param {End[]} way @param {number} from */
function overlap(track, way, from) {
  let [most, behind] = [0, 0];
  for (let next = from + 1; next < way.length; next += 1) {
    const step = track.apart(way[next - 1].at, way[next].at);
    if (Math.abs(step) > track.length / 4) break;
    behind -= step;
    most = Math.max(most, behind - way[next].off);
  }
  return most;
}

/** @param {End[]} starts @param {End[]} lasts @param {number} most that may be cut off both, image px */
function cheapest(starts, lasts, most) {
  let best = null;
  for (const start of starts) {
    for (const last of lasts) {
      const cost = start.cost + last.cost;
      if (start.trimmed + last.trimmed > most) continue;
      if (!best || cost < best.cost) best = { start, last, cost };
    }
  }
  return best;
}

/** @param {Track} track @param {Point[]} line @param {Approach} start @param {Approach} end @param {number} scale @returns {Attachment | null} */
function bridged(track, line, start, end, scale) {
  const left = track.length - track.forwards(start.at, end.at);
  const reachOf = (/** @type {Approach} */ { off }) =>
    off * scale < SMALLEST_MISS ? 0 : Math.min(BRIDGE_SLANT * off, LONGEST_REACH / scale, left / 4);
  const [from, to] = [start.at - reachOf(start), end.at + reachOf(end)];
  const [first, last] = [track.point(from), track.point(to)];
  if (distance(first, last) * scale < SMALLEST_MISS) return null;
  const way = WAY / scale;
  const headway = headingOf(line, way);
  const [backX, backY] = headingOf(line.toReversed(), way);
  const before = bridge(first, track.way(from, way), line[0], headway);
  const after = bridge(line[line.length - 1], [-backX, -backY], last, track.way(to, way));
  return {
    line: [
      ...(from === start.at ? [first] : [...before, line[0]]),
      ...line.slice(1, -1),
      ...(to === end.at ? [last] : [line[line.length - 1], ...after, last]),
    ],
    kept: track.between(to, from),
    removed: [first, ...track.between(from, to), last],
  };
}

/** From a line's first point to the point a length along it. @param {Point[]} line @param {number} reach @returns {Point} */
export function headingOf(line, reach) {
  const lengths = lengthsAlong(line);
  const there = pointAlong(line, lengths, Math.min(reach, lengths[lengths.length - 1]));
  return [there[0] - line[0][0], there[1] - line[0][1]];
}

/**
 * A cubic from one point to another that leaves the first one way and comes to the second another
 * way (Hermite), without its last point.
 * @param {Point} from @param {Point} leaving @param {Point} to @param {Point} coming @returns {Point[]}
 */
function bridge(from, leaving, to, coming) {
  const size = distance(from, to);
  const [m0, m1] = [leaving, coming].map(([x, y]) => {
    const length = Math.hypot(x, y);
    return length === 0 ? [0, 0] : [(size * x) / length, (size * y) / length];
  });
  const cubic = (/** @type {number} */ t, /** @type {0 | 1} */ axis) =>
    (2 * t ** 3 - 3 * t ** 2 + 1) * from[axis] +
    (t ** 3 - 2 * t ** 2 + t) * m0[axis] +
    (3 * t ** 2 - 2 * t ** 3) * to[axis] +
    (t ** 3 - t ** 2) * m1[axis];
  return Array.from({ length: BRIDGE_STEPS }, (_, step) => [
    cubic(step / BRIDGE_STEPS, 0),
    cubic(step / BRIDGE_STEPS, 1),
  ]);
}
