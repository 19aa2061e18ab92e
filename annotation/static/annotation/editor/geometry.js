/**
 * Points, rings and parts in image pixels: x right, y down, (0, 0) the top-left corner of the
 * top-left pixel. A ring is not closed by a repeated point; a part is its outline and its holes.
 *
 * @typedef {[number, number]} Point
 * @typedef {Point[]} Ring
 * @typedef {Ring[]} Part
 * @typedef {{label: string, cut: string[], parts: Part[]}} Region
 * @typedef {{index: number, point: Point, distance: number, fraction: number}} Foot
 *   the nearest point on a ring: on the edge from vertex `index`, `fraction` of the way along it
 */

/** Coordinates are kept on this many steps per pixel, as the server keeps them. */
export const GRID = 1000;

/** @param {Point} point @returns {Point} */
export function onGrid([x, y]) {
  return [Math.round(x * GRID) / GRID, Math.round(y * GRID) / GRID];
}

/** @param {Point} point @param {number} width @param {number} height @returns {Point} */
export function inImage([x, y], width, height) {
  return onGrid([Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)]);
}

/** @param {Point} a @param {Point} b */
export function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** @param {Point} a @param {Point} b */
export function samePoint(a, b) {
  return a[0] === b[0] && a[1] === b[1];
}

/** Twice the signed area of a triangle. @param {Point} a @param {Point} b @param {Point} c */
function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** Signed area in px2 by the shoelace formula. @param {Ring} ring */
export function ringArea(ring) {
  let twice = 0;
  for (let index = 0; index < ring.length; index += 1) {
    const [x0, y0] = ring[index];
    const [x1, y1] = ring[(index + 1) % ring.length];
    twice += x0 * y1 - x1 * y0;
  }
  return twice / 2;
}

/** Area of parts in px2, holes taken off. @param {Part[]} parts */
export function partsArea(parts) {
  let area = 0;
  for (const [outline, ...holes] of parts) {
    area += Math.abs(ringArea(outline));
    for (const hole of holes) area -= Math.abs(ringArea(hole));
  }
  return area;
}

/** By the even-odd rule. @param {Point} point @param {Ring[]} rings */
export function insideRings([x, y], rings) {
  let inside = false;
  for (const ring of rings) {
    for (let index = 0, last = ring.length - 1; index < ring.length; last = index, index += 1) {
      const [x0, y0] = ring[last];
      const [x1, y1] = ring[index];
      if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
    }
  }
  return inside;
}

/** @param {Point} point @param {Point} a @param {Point} b */
export function footOnSegment(point, a, b) {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square;
  const fraction = Math.min(1, Math.max(0, along));
  /** @type {Point} */
  const foot = [a[0] + fraction * dx, a[1] + fraction * dy];
  return { point: foot, fraction, distance: distance(point, foot) };
}

/** @param {Point} point @param {Ring} ring @returns {Foot} */
export function footOnRing(point, ring) {
  /** @type {Foot} */
  let best = { index: 0, point: ring[0], distance: Infinity, fraction: 0 };
  for (let index = 0; index < ring.length; index += 1) {
    const foot = footOnSegment(point, ring[index], ring[(index + 1) % ring.length]);
    if (foot.distance < best.distance) best = { index, ...foot };
  }
  return best;
}

/**
 * Where two segments cross, or null; touching at an end counts as crossing, parallel ones never.
 * @param {Point} a @param {Point} b @param {Point} c @param {Point} d
 * @returns {{point: Point, fraction: number, otherFraction: number} | null} fractions along a-b and c-d
 */
export function crossing(a, b, c, d) {
  const rx = b[0] - a[0];
  const ry = b[1] - a[1];
  const sx = d[0] - c[0];
  const sy = d[1] - c[1];
  const scale = rx * sy - ry * sx;
  if (scale === 0) return null;
  const fraction = ((c[0] - a[0]) * sy - (c[1] - a[1]) * sx) / scale;
  const otherFraction = ((c[0] - a[0]) * ry - (c[1] - a[1]) * rx) / scale;
  if (fraction < 0 || fraction > 1 || otherFraction < 0 || otherFraction > 1) return null;
  return { point: [a[0] + fraction * rx, a[1] + fraction * ry], fraction, otherFraction };
}

/** @param {Point} a @param {Point} b @param {Point} point on the line through a and b */
function within(a, b, point) {
  return (
    Math.min(a[0], b[0]) <= point[0] &&
    point[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= point[1] &&
    point[1] <= Math.max(a[1], b[1])
  );
}

/** Whether two segments have a point in common. @param {Point} a @param {Point} b @param {Point} c @param {Point} d */
function segmentsMeet(a, b, c, d) {
  return (
    segmentsCross(a, b, c, d) ||
    (turn(a, b, c) === 0 && within(a, b, c)) ||
    (turn(a, b, d) === 0 && within(a, b, d)) ||
    (turn(c, d, a) === 0 && within(c, d, a)) ||
    (turn(c, d, b) === 0 && within(c, d, b))
  );
}

/** Whether two segments cross inside both. @param {Point} a @param {Point} b @param {Point} c @param {Point} d */
function segmentsCross(a, b, c, d) {
  return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

/** Whether edges of a ring meet anywhere but at the vertex between neighbours. @param {Ring} ring */
export function crossesItself(ring) {
  const count = ring.length;
  const edges = spansOf(ring);
  return edges.some((one, index) => {
    const a = ring[one.at];
    const b = ring[(one.at + 1) % count];
    for (let next = index + 1; next < count && edges[next].left <= one.right; next += 1) {
      const other = edges[next];
      if (other.top > one.bottom || other.bottom < one.top) continue;
      const c = ring[other.at];
      const d = ring[(other.at + 1) % count];
      if ((one.at + 1) % count === other.at) {
        if (turn(a, b, d) === 0 && (within(a, b, d) || within(c, d, a))) return true;
      } else if ((other.at + 1) % count === one.at) {
        if (turn(c, d, b) === 0 && (within(c, d, b) || within(a, b, c))) return true;
      } else if (segmentsMeet(a, b, c, d)) return true;
    }
    return false;
  });
}

/** The boxes of a ring's edges, from left to right. @param {Ring} ring */
function spansOf(ring) {
  const spans = ring.map(([x0, y0], at) => {
    const [x1, y1] = ring[(at + 1) % ring.length];
    return {
      at,
      left: Math.min(x0, x1),
      right: Math.max(x0, x1),
      top: Math.min(y0, y1),
      bottom: Math.max(y0, y1),
    };
  });
  return spans.sort((one, other) => one.left - other.left);
}

/** Whether edges of two rings cross; rings may touch. @param {Ring} first @param {Ring} second */
export function ringsCross(first, second) {
  return first.some((a, i) =>
    second.some((c, j) =>
      segmentsCross(a, first[(i + 1) % first.length], c, second[(j + 1) % second.length]),
    ),
  );
}

/**
 * Ramer-Douglas-Peucker on an open line; both ends are kept.
 * @param {Point[]} line @param {number} tolerance px @returns {Point[]}
 */
export function simplifyLine(line, tolerance) {
  if (line.length < 3) return line.slice();
  const kept = new Set([0, line.length - 1]);
  /** @type {[number, number][]} */
  const open = [[0, line.length - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [from, to] = span;
    let farthest = 0;
    let where = -1;
    for (let index = from + 1; index < to; index += 1) {
      const away = footOnSegment(line[index], line[from], line[to]).distance;
      if (away > farthest) [farthest, where] = [away, index];
    }
    if (farthest > tolerance) {
      kept.add(where);
      open.push([from, where], [where, to]);
    }
  }
  return line.filter((_, index) => kept.has(index));
}

/**
 * Ramer-Douglas-Peucker on a ring, begun at its first point and the point farthest from it. A ring
 * that would fall below three points is given back as it was.
 * @param {Ring} ring @param {number} tolerance px @returns {Ring}
 */
export function simplifyRing(ring, tolerance) {
  let far = 0;
  for (let index = 1; index < ring.length; index += 1) {
    if (distance(ring[index], ring[0]) > distance(ring[far], ring[0])) far = index;
  }
  const there = simplifyLine(ring.slice(0, far + 1), tolerance);
  const back = simplifyLine([...ring.slice(far), ring[0]], tolerance);
  const simple = [...there, ...back.slice(1, -1)];
  return simple.length >= 3 ? simple : ring;
}

/** Points on the grid, without the same point twice in a row. @param {Ring} ring @returns {Ring} */
export function tidyRing(ring) {
  const points = ring.map(onGrid);
  const tidy = points.filter((point, index) => !index || !samePoint(point, points[index - 1]));
  while (tidy.length > 1 && samePoint(tidy[0], tidy[tidy.length - 1])) tidy.pop();
  return tidy;
}

/** A ring cut at the points that it passes more than once, into rings that do not. @param {Ring} ring @returns {Ring[]} */
export function ringsWithoutRepeats(ring) {
  /** @type {Ring[]} */
  const rings = [];
  /** @type {Ring} */
  let way = [];
  for (const point of ring) {
    const met = way.findIndex((earlier) => samePoint(earlier, point));
    if (met >= 0) {
      rings.push(way.slice(met));
      way = way.slice(0, met);
    }
    way.push(point);
  }
  return [...rings, way].filter(({ length }) => length >= 3);
}

/** @param {Ring[]} rings @returns {[number, number, number, number]} x0, y0, x1, y1 */
export function bounds(rings) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (const [x, y] of ring) {
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x);
      y1 = Math.max(y1, y);
    }
  }
  return [x0, y0, x1, y1];
}
