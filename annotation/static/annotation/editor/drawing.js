/**
 * One moment of the work on a scan, and the form in which it is saved.
 *
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{regions: Region[], origin: string, suggestionVersion: string, decision: string,
 *   reason: string, basedOn: number | null}} Drawing
 *   `basedOn`: the revision that was restored or copied
 * @typedef {{regions: Region[], origin: string, suggestion_version: string, decision: string,
 *   reason: string, based_on: number | null}} SavedDrawing
 */

/** The form of outlines that this code writes and reads; a newer one is left alone. */
export const SCHEMA = 1;

/** @param {Partial<SavedDrawing> | null} saved @returns {Drawing} */
export function drawingOf(saved) {
  return {
    regions: saved?.regions ?? [],
    origin: saved?.origin ?? "drawn",
    suggestionVersion: saved?.suggestion_version ?? "",
    decision: saved?.decision ?? "",
    reason: saved?.reason ?? "",
    basedOn: saved?.based_on ?? null,
  };
}

/** @param {Drawing} drawing @returns {SavedDrawing} */
export function savedForm({ regions, origin, suggestionVersion, decision, reason, basedOn }) {
  return {
    regions,
    origin,
    suggestion_version: suggestionVersion,
    decision,
    reason,
    based_on: basedOn,
  };
}

/** Whether they say the same, whatever order a database keeps keys in. @param {Region[]} first @param {Region[]} second */
export function sameRegions(first, second) {
  return first === second || asText(first) === asText(second);
}

/** @param {Drawing} first @param {Drawing} second */
export function sameDrawing(first, second) {
  return (
    sameRegions(first.regions, second.regions) &&
    first.decision === second.decision &&
    first.reason === second.reason
  );
}

/** @param {Region[]} regions */
function asText(regions) {
  return JSON.stringify(regions.map(({ label, cut, parts }) => [label, cut, parts]));
}
