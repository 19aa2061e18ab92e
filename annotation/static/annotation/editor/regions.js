/**
 * What can be done to an image's regions. Every function answers new regions and leaves the old
 * as they were; `null` says that nothing came of it.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/topology.js").Manner} Manner
 * @typedef {{region: number, part: number, ring: number}} RingPlace
 * @typedef {RingPlace & {vertex: number}} VertexPlace
 */
import {
  crossesItself,
  distance,
  footOnRing,
  insideRings,
  onGrid,
  partsArea,
  ringsCross,
  samePoint,
} from "#editor/geometry.js";
import { cutAcross } from "#editor/redraw.js";
import { common, difference, filled, overlapArea, union } from "#editor/shapes.js";
import { reshape } from "#editor/topology.js";

/** Of simplifying a line drawn across a region. px */
const LINE_TOLERANCE = 0.35;

/** @param {Region[]} regions @param {string | null} label all labels if null */
export function ringPlaces(regions, label = null) {
  /** @type {RingPlace[]} */
  const places = [];
  regions.forEach((region, r) => {
    if (label !== null && region.label !== label) return;
    region.parts.forEach((part, p) =>
      part.forEach((_, k) => places.push({ region: r, part: p, ring: k })),
    );
  });
  return places;
}

/** @param {Region[]} regions @param {RingPlace} place */
export function ringAt(regions, { region, part, ring }) {
  return regions[region].parts[part][ring];
}

/** @param {Region[]} regions @param {RingPlace} place @param {Ring} ring @returns {Region[]} */
export function withRing(regions, place, ring) {
  return regions.map((region, r) =>
    r !== place.region
      ? region
      : {
          ...region,
          parts: region.parts.map((part, p) =>
            p !== place.part ? part : part.map((old, k) => (k === place.ring ? ring : old)),
          ),
        },
  );
}

/** The region under a point, the smallest if several. @param {Region[]} regions @param {Point} point */
export function regionAt(regions, point) {
  let found = -1;
  regions.forEach(({ parts }, index) => {
    if (!insideRings(point, parts.flat())) return;
    if (found < 0 || partsArea(parts) < partsArea(regions[found].parts)) found = index;
  });
  return found;
}

/** @param {Region[]} regions @param {Point} point @param {number} reach px @returns {VertexPlace | null} */
export function vertexNear(regions, point, reach) {
  /** @type {VertexPlace | null} */
  let nearest = null;
  let best = reach;
  for (const place of ringPlaces(regions)) {
    ringAt(regions, place).forEach((vertex, index) => {
      const away = distance(vertex, point);
      if (away <= best) [best, nearest] = [away, { ...place, vertex: index }];
    });
  }
  return nearest;
}

/** @param {Region[]} regions @param {Point} point @param {number} reach px */
export function edgeNear(regions, point, reach) {
  let nearest = null;
  let best = reach;
  for (const place of ringPlaces(regions)) {
    const foot = footOnRing(point, ringAt(regions, place));
    if (foot.distance <= best) {
      best = foot.distance;
      nearest = { ...place, edge: foot.index, point: onGrid(foot.point) };
    }
  }
  return nearest;
}

/** A region of which no ring changes stays as it is. @param {Region[]} regions @param {(ring: Ring) => Ring} change @returns {Region[]} */
function mapRings(regions, change) {
  return regions.map((region) => {
    const parts = region.parts.map((part) => part.map(change));
    const isSame = parts.every((part, p) => part.every((ring, k) => ring === region.parts[p][k]));
    return isSame ? region : { ...region, parts };
  });
}

/** Moves a vertex, and with it every vertex at the same place: a shared border stays shared. @param {Region[]} regions @param {Point} from @param {Point} to */
export function moveVertex(regions, from, to) {
  return mapRings(regions, (ring) =>
    ring.some((point) => samePoint(point, from))
      ? ring.map((point) => (samePoint(point, from) ? to : point))
      : ring,
  );
}

/** Moves a vertex of one region only: its neighbours keep theirs. @param {Region[]} regions @param {number} index @param {Point} from @param {Point} to */
export function detachVertex(regions, index, from, to) {
  const [moved] = moveVertex([regions[index]], from, to);
  return withRegion(regions, index, moved);
}

/** @param {Region[]} regions @param {number} index @param {Region} region */
function withRegion(regions, index, region) {
  return regions.map((old, r) => (r === index ? region : old));
}

/** Inserts a vertex into every edge between the same two points. @param {Region[]} regions @param {Point} a @param {Point} b @param {Point} point */
export function insertVertex(regions, a, b, point) {
  return mapRings(regions, (ring) => {
      const at = ring.findIndex((vertex, index) => {
        const next = ring[(index + 1) % ring.length];
        return (
          (samePoint(vertex, a) && samePoint(next, b)) ||
          (samePoint(vertex, b) && samePoint(next, a))
        );
      });
      return at < 0 ? ring : [...ring.slice(0, at + 1), point, ...ring.slice(at + 1)];
  });
}

/** Deletes vertices wherever they stand; a hole of fewer than three goes with them, an outline refuses. @param {Region[]} regions @param {Point[]} points @returns {Region[] | null} */
export function deleteVertices(regions, points) {
  const keys = new Set(points.map(String));
  const thinned = mapRings(regions, (ring) => {
    const left = ring.filter((vertex) => !keys.has(String(vertex)));
    return left.length === ring.length ? ring : left;
  });
  if (thinned.some(({ parts }) => parts.some(([outline]) => outline.length < 3))) return null;
  return thinned.map((region, index) => {
    if (region === regions[index]) return region;
    const parts = region.parts.map((part) => part.filter(({ length }) => length >= 3));
    return { ...region, parts };
  });
}

/** Whether every ring is simple and no rings of a region cross. @param {Region[]} regions */
export function isSound(regions) {
  return regions.every(({ parts }) => {
    const rings = parts.flat();
    return rings.every(
      (ring, index) =>
        !crossesItself(ring) && rings.slice(index + 1).every((other) => !ringsCross(ring, other)),
    );
  });
}

/**
 * Puts a drawn ring in as a region; where it overlaps a region of the same label it extends it,
 * and what another label has there is taken from it.
 * @param {Region[]} regions @param {string} label @param {Ring} ring @param {Manner} [manner]
 * @returns {Region[] | null}
 */
export function addRing(regions, label, ring, manner) {
  const drawn = filled(ring);
  return drawn.length ? addParts(regions, label, drawn, manner) : null;
}

/**
 * @param {Region[]} regions @param {string} label @param {Part[]} parts @param {Manner} [manner]
 * @returns {Region[] | null}
 */
export function addParts(regions, label, parts, manner) {
  const touched = regions.findIndex(
    (region) => region.label === label && overlapArea(region.parts, parts) > 0,
  );
  if (touched >= 0) return reshape(regions, touched, "add", parts, manner);
  return reshape([...regions, { label, cut: [], parts: [] }], regions.length, "add", parts, manner);
}

/**
 * Takes parts away from all regions of a label.
 * @param {Region[]} regions @param {string} label @param {Part[]} parts @param {Manner} [manner]
 * @returns {Region[] | null} the same regions if none was concerned
 */
export function takeParts(regions, label, parts, manner) {
  /** @type {Region[] | null} */
  let after = regions;
  for (const region of regions) {
    if (region.label !== label || !overlapArea(region.parts, parts)) continue;
    after = after && reshape(after, after.indexOf(region), "take", parts, manner);
  }
  return after;
}

/**
 * Replaces a ring, mends loops, and lets the neighbours follow.
 * @param {Region[]} regions @param {RingPlace} place @param {Ring} ring @param {Manner} [manner]
 * @returns {Region[] | null}
 */
export function replaceRing(regions, place, ring, manner) {
  const [swapped] = withRing([regions[place.region]], { ...place, region: 0 }, ring);
  const parts = isSound([swapped]) ? swapped.parts : mend(regions, place, ring);
  return reshape(regions, place.region, "replace", parts, manner);
}

/** @param {Region[]} regions @param {RingPlace} place @param {Ring} ring @returns {Part[]} */
function mend(regions, place, ring) {
  const { parts } = regions[place.region];
  const others = parts.filter((_, index) => index !== place.part);
  const [outline, ...holes] = parts[place.part];
  const left = holes.filter((_, index) => index + 1 !== place.ring);
  const whole = filled(place.ring === 0 ? ring : outline);
  const taken = place.ring === 0 ? left : [...left, ...filled(ring).map(([outer]) => outer)];
  const mended = taken.reduce((rest, hole) => difference(rest, [[hole]]), whole);
  return others.length ? union(others, mended) : mended;
}

/**
 * Splits the region of a label that a line crosses.
 * @param {Region[]} regions @param {string} label @param {Point[]} line @param {number} scale screen px per image px
 * @param {Manner} [manner]
 * @returns {{regions: Region[], pieces: [number, number]} | null} where the two pieces are; null if
 *   the line does not go from one side of an outline to the other
 */
export function splitRegion(regions, label, line, scale, { locked } = {}) {
  const outlines = ringPlaces(regions, label).filter(({ ring }) => ring === 0);
  const found = cutAcross(outlines.map((place) => ringAt(regions, place)), line, scale, LINE_TOLERANCE);
  if (!found) return null;
  const { region: index, part } = outlines[found.ring];
  const region = regions[index];
  const halves = found.halves.map((ring) => common([region.parts[part]], filled(ring)));
  const rest = region.parts.filter((_, p) => p !== part);
  const [whole, ...others] = halves.map((half, at) => (at === 0 ? [...half, ...rest] : half));
  if (halves.some((half) => !half.length)) return null;
  const pieces = [{ ...region, parts: whole }, { ...region, parts: others[0] }];
  const split = [...regions.slice(0, index), ...pieces, ...regions.slice(index + 1)];
  const conforming = pieces.reduce(
    (all, piece, at) => reshape(all, index + at, "replace", piece.parts, { locked }) ?? all,
    split,
  );
  return { regions: conforming, pieces: [index, index + 1] };
}

/** Joins a region to the first of a label. @param {Region[]} regions @param {string} label @param {number} index @returns {Region[] | null} */
export function uniteRegions(regions, label, index) {
  const own = regions.findIndex((region, at) => region.label === label && at !== index);
  if (own < 0 || index < 0) return null;
  const joined = { ...regions[own], parts: union(regions[own].parts, regions[index].parts) };
  return withRegion(regions, own, joined).filter((_, at) => at !== index);
}

/** Takes from a label's regions what another region under a point covers. @param {Region[]} regions @param {string} label @param {Point} point @param {Manner} [manner] @returns {Region[] | null} */
export function yieldGround(regions, label, point, { locked } = {}) {
  const index = regions.findIndex(
    (region) => region.label !== label && insideRings(point, region.parts.flat()),
  );
  const isOverlapped = regions.some(
    (region) => region.label === label && index >= 0 && overlapArea(region.parts, regions[index].parts) > 0,
  );
  return isOverlapped ? reshape(regions, index, "replace", regions[index].parts, { locked }) : null;
}

/** Takes from the others what the regions that have changed now cover. @param {Region[]} before @param {Region[]} after one for one @param {Manner} [manner] */
export function claimGround(before, after, { locked } = {}) {
  const changed = after.filter((region, index) => region !== before[index]);
  return changed.reduce((all, region) => {
    const index = all.indexOf(region);
    return index < 0 ? all : (reshape(all, index, "replace", region.parts, { locked }) ?? all);
  }, after);
}

/** The first of some labels whose regions are not the very same in both. @param {Region[]} before @param {Region[]} after @param {Iterable<string>} labels */
export function firstChanged(before, after, labels) {
  for (const label of labels) {
    const [old, now] = [before, after].map((all) => all.filter((region) => region.label === label));
    if (old.length !== now.length || old.some((region, at) => region !== now[at])) return label;
  }
  return null;
}

/** @param {Region[]} regions @param {number} index */
export function deleteRegion(regions, index) {
  return regions.filter((_, r) => r !== index);
}

/** @param {Region[]} regions @param {number} index @param {string} label */
export function relabel(regions, index, label) {
  return regions.map((region, r) => (r === index ? { ...region, label } : region));
}

/** Says or unsays, for all regions of a label, that the view cuts the muscle on a side. @param {Region[]} regions @param {string} label @param {string} side */
export function toggleCut(regions, label, side) {
  const cut = regions.some((region) => region.label === label && region.cut.includes(side));
  return regions.map((region) => {
    if (region.label !== label) return region;
    const others = region.cut.filter((other) => other !== side);
    return { ...region, cut: cut ? others : [...others, side] };
  });
}
