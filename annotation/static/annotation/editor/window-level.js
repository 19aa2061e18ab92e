/**
 * Brightness, contrast and gamma are a matter of display: grey levels pass through a table, the
 * image itself stays as it is.
 *
 * @typedef {{brightness: number, contrast: number, gamma: number}} Window
 *   each -100 to 100, 0 as acquired
 */

/** Contrast steps that halve the window. */
const HALVING = 40;
/** Gamma steps that halve the exponent, which lifts the dark greys. */
const GAMMA_HALVING = 60;

/** @param {Window} window @returns {Uint8ClampedArray} 256 displayed grey levels */
export function lookupTable({ brightness, contrast, gamma }) {
  const level = 127.5 - brightness * 1.275;
  const width = 255 * 2 ** (-contrast / HALVING);
  const exponent = 2 ** (-gamma / GAMMA_HALVING);
  const table = new Uint8ClampedArray(256);
  for (let grey = 0; grey < 256; grey += 1) {
    const share = Math.min(1, Math.max(0, (grey - level) / width + 0.5));
    table[grey] = 255 * share ** exponent;
  }
  return table;
}
