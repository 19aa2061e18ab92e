/**
 * How a number is written for people: the rule of core/numbers.py. So many places, a real minus
 * sign, no minus before a zero.
 */

const MINUS = "\u2212";

/** The units in which areas are shown, as AREA_UNITS of core/numbers.py. */
export const AREA_UNITS = {
  mm2: { sign: "mm²", perMm2: 1, places: 0 },
  cm2: { sign: "cm²", perMm2: 0.01, places: 2 },
};

/** @typedef {keyof typeof AREA_UNITS} AreaUnit */

/** @param {number} value @param {number} places */
export function number(value, places) {
  const text = value.toFixed(places);
  return (Number(text) === 0 ? (0).toFixed(places) : text).replace("-", MINUS);
}

/** An area with its unit. @param {number} mm2 @param {AreaUnit} unit @param {number} more places beyond the unit's */
export function area(mm2, unit, more = 0) {
  const { sign, perMm2, places } = AREA_UNITS[unit];
  return `${number(mm2 * perMm2, places + more)} ${sign}`;
}
