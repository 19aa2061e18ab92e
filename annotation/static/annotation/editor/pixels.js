/** The pixels of scans, fetched once and kept for the few that are near. */

/** How many scans are kept: two of them are shown or next, the others one has just seen. */
const KEPT = 12;

/** @type {Map<string, Promise<ImageBitmap>>} by address, the one asked for longest ago first */
const kept = new Map();

/** @param {string} url of the 8-bit grey PNG @returns {Promise<ImageBitmap>} */
export function pixelsOf(url) {
  const pixels = kept.get(url) ?? fetchPixels(url);
  kept.delete(url);
  kept.set(url, pixels);
  pixels.catch(() => kept.delete(url));
  for (const oldest of [...kept.keys()].slice(0, -KEPT)) kept.delete(oldest);
  return pixels;
}

/** @param {string} url @returns {Promise<ImageBitmap>} */
async function fetchPixels(url) {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`the scan could not be loaded (${response.status})`);
  return createImageBitmap(await response.blob(), { colorSpaceConversion: "none" });
}
