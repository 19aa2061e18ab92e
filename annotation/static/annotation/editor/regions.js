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
import { difference, filled, overlapArea, union } from "#editor/shapes.js";
import { reshape } from "#editor/topology.js";

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

/** @param {Region[]} regions @param {(ring: Ring) => Ring} change @returns {Region[]} */
function mapRings(regions, change) {
  return regions.map((region) => ({
    ...region,
    parts: region.parts.map((part) => part.map(change)),
  }));
}

/** Moves a vertex, and with it every vertex at the same place: a shared border stays shared. @param {Region[]} regions @param {Point} from @param {Point} to */
export function moveVertex(regions, from, to) {
  return mapRings(regions, (ring) =>
    ring.some((point) => samePoint(point, from))
      ? ring.map((point) => (samePoint(point, from) ? to : point))
      : ring,
  );
}

/** Inserts a vertex into every edge between the same two points. @param {Region[]} regions @param {Point} a @param {Point} b @param {Point} point */
export function insertVertex(regions, a, b, point) {
  return mapRings(regions, (ring) =>
    ring.flatMap((vertex, index) => {
      const next = ring[(index + 1) % ring.length];
      const shared =
        (samePoint(vertex, a) && samePoint(next, b)) || (samePoint(vertex, b) && samePoint(next, a));
      return shared ? [vertex, point] : [vertex];
    }),
  );
}

/** Deletes a vertex wherever it stands; a hole of three points goes with it, an outline of three refuses. @param {Region[]} regions @param {Point} point @returns {Region[] | null} */
export function deleteVertex(regions, point) {
  const without = regions.map((region) => ({
    ...region,
    parts: region.parts.map((part) =>
      part
        .map((ring) => ring.filter((vertex) => !samePoint(vertex, point)))
        .filter((ring, index) => index === 0 || ring.length >= 3),
    ),
  }));
  return without.every(({ parts }) => parts.every(([outline]) => outline.length >= 3))
    ? without
    : null;
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

/** Takes from the others what the regions with a vertex at a point now cover. @param {Region[]} regions @param {Point} point */
export function claimGround(regions, point) {
  return regions.reduce((all, { parts }) => {
    if (!parts.flat(2).some((vertex) => samePoint(vertex, point))) return all;
    const index = all.findIndex((region) => region.parts === parts);
    return index < 0 ? all : (reshape(all, index, "replace", parts) ?? all);
  }, regions);
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
