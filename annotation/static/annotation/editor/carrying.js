/**
 * Outlines carried over to the next frame with the tissue. How far it has moved is worked out in a
 * worker, so that a person's hand never waits for it.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { bounds, inImage } from "#editor/geometry.js";
import { noded } from "#editor/shared-chains.js";

/** Room round the outlines, as a share of their larger side. */
const ROOM = 0.25;

/** @type {Worker | null} */
let worker = null;

/** Where the tissue round the outlines is looked for. @param {Region[]} regions @returns {import("#editor/registration.js").Box} */
export function boxRound(regions) {
  const [x0, y0, x1, y1] = bounds(regions.flatMap(({ parts }) => parts.flat()));
  const room = ROOM * Math.max(x1 - x0, y1 - y0);
  return { x: x0 - room, y: y0 - room, width: x1 - x0 + 2 * room, height: y1 - y0 + 2 * room };
}

/** By how much the tissue round the outlines has moved, px; null where that is not clear. @param {Blob[]} files of the one picture and the other @param {Region[]} regions @returns {Promise<Point | null>} */
export function movement([from, to], regions) {
  worker ??= new Worker(import.meta.resolve("#editor/registration.js"), { type: "module" });
  const asked = worker;
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => {
      port1.close();
      resolve(data);
    };
    const failed = () => {
      worker = null;
      resolve(null);
    };
    asked.addEventListener("error", failed, { once: true });
    asked.postMessage({ from, to, box: boxRound(regions) }, [port2]);
  });
}

/** Corners on a neighbour's edge are its corners, too, so that a shared border moves as one. @param {Region[]} regions @param {Point} shift @param {{width: number, height: number}} picture whose size bounds them @returns {Region[]} */
export function shifted(regions, [dx, dy], { width, height }) {
  const rings = noded(regions.flatMap(({ parts }) => parts.flat()));
  const moved = rings.map((ring) => ring.map(([x, y]) => inImage([x + dx, y + dy], width, height)));
  return regions.map((region) => ({
    ...region,
    parts: region.parts.map((part) => part.map(() => moved.shift() ?? [])),
  }));
}
