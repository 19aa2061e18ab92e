/**
 * Scales in mm round what is seen of the scan.
 *
 * @typedef {import("#editor/viewport.js").Viewport} Viewport
 */
import { element } from "#editor/svg.js";

/** Where a scale stays when the scan's edge is out of sight. Stage px */
const INSET = 12;

/**
 * Ticks of 1, 5 and 10 mm along the top and the left edge, with figures.
 * @param {Viewport} viewport @param {[number, number]} spacing mm per px
 */
export function rulers({ x, y, scale, width, height }, [xMm, yMm]) {
  const top = Math.max(y - 3, INSET);
  const left = Math.max(x - 3, INSET);
  const across = ticks(width * xMm, scale / xMm);
  const down = ticks(height * yMm, scale / yMm);
  const lines = [
    ...across.map(([at, long]) => `M${x + at} ${top}v${-long}`),
    ...down.map(([at, long]) => `M${left} ${y + at}h${-long}`),
  ];
  const figureY = top > INSET ? top - 12 : top + 14;
  const figureX = left > INSET ? left - 12 : left + 20;
  return [
    element("path", { d: lines.join("") }),
    text("mm", Math.max(x - 6, figureX), figureY),
    ...figured(across, scale / xMm).map(([at, mm]) => text(mm, x + at + 7, figureY)),
    ...figured(down, scale / yMm).map(([at, mm]) => text(mm, figureX, y + at + 4)),
  ];
}

/** Which ticks have figures: every 10 mm, every 5 where there is room. @param {[number, number, number][]} marks @param {number} perMm stage px @returns {[number, string][]} place, figure */
function figured(marks, perMm) {
  const step = perMm >= 20 ? 5 : 10;
  return marks.flatMap(([at, , mm]) => (mm > 0 && mm % step === 0 ? [[at, String(mm)]] : []));
}

/** @param {string} content @param {number} x its right end @param {number} y */
function text(content, x, y) {
  const node = element("text", { x, y, "text-anchor": "end" });
  node.textContent = content;
  return node;
}

/** @param {number} length mm @param {number} perMm stage px @returns {[number, number, number][]} place, tick length, mm */
export function ticks(length, perMm) {
  const step = perMm >= 4 ? 1 : 5;
  /** @type {[number, number, number][]} */
  const marks = [];
  for (let mm = 0; mm <= length + 1e-9; mm += step) {
    marks.push([mm * perMm, mm % 10 === 0 ? 9 : mm % 5 === 0 ? 6 : 3, mm]);
  }
  return marks;
}
