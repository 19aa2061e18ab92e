/**
 * Two versions of the same work, structure by structure. Nothing here changes either.
 *
 * @typedef {import("#editor/drawing.js").Drawing} Drawing
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { sameRegions } from "#editor/drawing.js";

/** @param {Region[]} regions @param {string} label */
export function ofLabel(regions, label) {
  return regions.filter((region) => region.label === label);
}

/** The structures that the two show differently. @param {Region[]} mine @param {Region[]} theirs */
export function differingLabels(mine, theirs) {
  const labels = [...new Set([...mine, ...theirs].map(({ label }) => label))];
  return labels.filter((label) => !sameRegions(ofLabel(mine, label), ofLabel(theirs, label)));
}

/** @param {Region[]} regions @param {string} label @param {Region[]} from whose regions of that label take the place of its own */
export function withLabelFrom(regions, label, from) {
  return [...regions.filter((region) => region.label !== label), ...ofLabel(from, label)];
}

/** Whether only one of them says that there is no contour: then there is one choice, for the whole scan. @param {Drawing} mine @param {Drawing} theirs */
export function isAboutDecision(mine, theirs) {
  return mine.decision !== theirs.decision || mine.reason !== theirs.reason;
}
