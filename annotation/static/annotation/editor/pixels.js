/** The pixels of scans, fetched once and kept for the few that are near. */

/** How many scans are kept: two of them are shown or next, the others one has just seen. */
const KEPT = 12;

/** @type {Map<string, Promise<ImageBitmap>>} by address, the one asked for longest ago first */
const kept = new Map();
/** @type {WeakMap<ImageBitmap, Blob>} */
const files = new WeakMap();

/** @param {ImageBitmap} bitmap @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context to draw it on @param {number} width @param {number} height */
export function greyOf(bitmap, context, width, height) {
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = new Uint8ClampedArray(width * height);
  for (let index = 0; index < grey.length; index += 1) grey[index] = data[4 * index];
  return grey;
}

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
  const file = await response.blob();
  const pixels = await createImageBitmap(file, { colorSpaceConversion: "none" });
  files.set(pixels, file);
  return pixels;
}

/** The file of a scan's pixels: it goes to a worker at no cost. @param {string} url */
export async function pixelFileOf(url) {
  const file = files.get(await pixelsOf(url));
  if (!file) throw new Error("the scan has no file");
  return file;
}
