/**
 * Which pixels lie in an outline, by the rule of docs/algorithms/raster.md: those whose centre
 * does. Computed in whole thousandths of a pixel, so that nothing is rounded.
 *
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Ring} Ring
 */
const GRID = 1000;
const HALF = 500;

/**
 * @param {Part[]} parts that do not overlap @param {number} width @param {number} height px
 * @param {(row: number, from: number, to: number) => void} visit each run of pixels, `to` left out
 */
export function eachRun(parts, width, height, visit) {
  /** Only of rows that are met. @type {number[][]} */
  const rows = Array(height);
  for (const ring of parts.flat()) addCrossings(ring, width, rows);
  rows.forEach((columns, row) => {
    columns.sort((a, b) => a - b);
    for (let i = 0; i + 1 < columns.length; i += 2) {
      if (columns[i] < columns[i + 1]) visit(row, columns[i], columns[i + 1]);
    }
  });
}

/** The columns from which on the pixels of each row change sides. @param {Ring} ring @param {number} width @param {number[][]} rows */
function addCrossings(ring, width, rows) {
  let [fromX, fromY] = ring[ring.length - 1].map(onThousandths);
  for (const [pxX, pxY] of ring) {
    const [toX, toY] = [onThousandths(pxX), onThousandths(pxY)];
    const isDown = fromY < toY;
    const [x0, y0, x1, y1] = isDown ? [fromX, fromY, toX, toY] : [toX, toY, fromX, fromY];
    const first = Math.max(0, Math.ceil((y0 - HALF) / GRID));
    const last = Math.min(rows.length, Math.ceil((y1 - HALF) / GRID));
    for (let row = first; row < last; row += 1) {
      const down = row * GRID + HALF - y0;
      const column = Math.ceil(((x0 - HALF) * (y1 - y0) + down * (x1 - x0)) / ((y1 - y0) * GRID));
      (rows[row] ??= []).push(Math.min(width, Math.max(0, column)));
    }
    [fromX, fromY] = [toX, toY];
  }
}

/** @param {number} px */
function onThousandths(px) {
  return Math.round(px * GRID);
}
