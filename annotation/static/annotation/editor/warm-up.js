/**
 * The first operation after a page is loaded would be the slowest, while its code is compiled: one
 * is made beforehand, in an idle moment, and its result thrown away.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { replaceRing, ringAt, ringPlaces, takeParts } from "#editor/regions.js";
import { swept } from "#editor/shapes.js";

const RADIUS = 3;

/** @param {() => Region[]} regionsNow asked for when the moment comes */
export function warmUpWhenIdle(regionsNow) {
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  whenIdle(() => warmUp(regionsNow()));
}

/** A bite out of the first outline, and that outline put in place of itself. @param {Region[]} regions */
export function warmUp(regions) {
  const [place] = ringPlaces(regions);
  if (!place) return;
  const ring = ringAt(regions, place);
  takeParts(regions, regions[place.region].label, swept(ring.slice(0, 2), RADIUS));
  replaceRing(regions, place, ring);
}
