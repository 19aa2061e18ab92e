/**
 * Brightness and contrast are a matter of display: grey levels pass through a table, the image
 * itself stays as it is.
 */

/** Contrast steps that halve the window. */
const HALVING = 40;

/**
 * @param {number} brightness -100 to 100, 0 as acquired
 * @param {number} contrast -100 to 100, 0 as acquired
 * @returns {Uint8ClampedArray} 256 displayed grey levels
 */
export function lookupTable(brightness, contrast) {
  const level = 127.5 - brightness * 1.275;
  const window = 255 * 2 ** (-contrast / HALVING);
  const table = new Uint8ClampedArray(256);
  for (let grey = 0; grey < 256; grey += 1) table[grey] = 255 * ((grey - level) / window + 0.5);
  return table;
}
