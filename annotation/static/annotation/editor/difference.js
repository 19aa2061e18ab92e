/**
 * What moved between two versions of the outlines, and by how much: in mm where the scan is
 * calibrated, else in px.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{label: string, kind: "same" | "moved" | "new" | "gone", most: number,
 *   stretches: Point[][]}} Change
 *   `most`: the farthest that the border moved; `stretches`: lines of the newer border, in image px,
 *   that lie farther than the limit from the older one
 */
import { sameRegions } from "#editor/drawing.js";
import { distance, footOnRing } from "#editor/geometry.js";
import { number } from "#editor/numbers.js";

/** A border that moved less is as good as where it was. mm, or px without calibration */
export const LIMIT = 1;
/** Borders are compared at points no farther apart. px */
const STEP = 2;

/** @param {Region[]} older @param {Region[]} newer @param {[number, number] | null} spacing mm per px @returns {Change[]} one a label */
export function changesBetween(older, newer, spacing) {
  const labels = [...new Set([...older, ...newer].map(({ label }) => label))];
  return labels.map((label) => {
    const [before, after] = [older, newer].map((regions) =>
      regions.filter((region) => region.label === label),
    );
    return changeOf(label, before, after, spacing ?? [1, 1]);
  });
}

/** @param {string} label @param {Region[]} before @param {Region[]} after @param {[number, number]} scale @returns {Change} */
function changeOf(label, before, after, scale) {
  const [from, to] = [ringsOf(before), ringsOf(after)];
  if (!from.length) return { label, kind: "new", most: 0, stretches: to.map(closed) };
  if (!to.length) return { label, kind: "gone", most: 0, stretches: from.map(closed) };
  if (sameRegions(before, after)) return { label, kind: "same", most: 0, stretches: [] };
  const there = to.map((ring) => farStretches(ring, from, scale));
  const vanished = from.map((ring) => farStretches(ring, to, scale));
  const most = Math.max(...[...there, ...vanished].map((found) => found.most));
  const stretches = there.flatMap((found) => found.stretches);
  return { label, kind: most > LIMIT ? "moved" : "same", most, stretches };
}

/** @param {Region[]} regions @returns {Ring[]} */
function ringsOf(regions) {
  return regions.flatMap(({ parts }) => parts.flat());
}

/** @param {Ring} ring @returns {Point[]} */
function closed(ring) {
  return [...ring, ring[0]];
}

/** The lines of a ring that lie farther than the limit from all other rings. @param {Ring} ring @param {Ring[]} others @param {[number, number]} scale */
function farStretches(ring, others, scale) {
  const scaled = others.map((other) => other.map((point) => times(point, scale)));
  const points = closed(ring).flatMap((point, index, all) =>
    index ? between(all[index - 1], point) : [point],
  );
  /** @type {Point[][]} */
  const stretches = [];
  let most = 0;
  let isFar = false;
  for (const point of points) {
    const away = Math.min(
      ...scaled.map((other) => footOnRing(times(point, scale), other).distance),
    );
    most = Math.max(most, away);
    if (away > LIMIT && !isFar) stretches.push([]);
    isFar = away > LIMIT;
    if (isFar) stretches[stretches.length - 1].push(point);
  }
  return { most, stretches: stretches.filter((line) => line.length > 1) };
}

/** The points after `a` up to `b`, close to each other. @param {Point} a @param {Point} b @returns {Point[]} */
function between(a, b) {
  const steps = Math.max(1, Math.ceil(distance(a, b) / STEP));
  return Array.from({ length: steps }, (_, index) => {
    const share = (index + 1) / steps;
    return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
  });
}

/** @param {Point} point @param {[number, number]} scale @returns {Point} */
function times([x, y], scale) {
  return [x * scale[0], y * scale[1]];
}

/** @param {Change[]} changes @param {Map<string, string>} titles of the labels @param {boolean} isCalibrated */
export function changesInWords(changes, titles, isCalibrated) {
  const unit = isCalibrated ? "mm" : "px";
  const said = changes.flatMap(({ label, kind, most }) => {
    const title = titles.get(label) ?? label;
    if (kind === "new") return [`${title} was added since.`];
    if (kind === "gone") return [`${title} was deleted since.`];
    return kind === "moved" ? [`${title} moved by up to ${number(most, 1)} ${unit}.`] : [];
  });
  return said.length ? said.join(" ") : `Nothing moved by more than ${LIMIT} ${unit}.`;
}
