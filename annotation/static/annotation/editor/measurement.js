/**
 * Cross-sectional area and muscle thickness of an outline, by the definitions of
 * `domain/measurement.py`; tests hold both to the same figures.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {[number, number]} Spacing mm per px across and down
 * @typedef {[Point, Point]} Line
 * @typedef {{from: Point, to: Point, left: number, right: number}} Edge
 * @typedef {{valuePx: number, valueMm: number | null, line: Line}} Thickness
 * @typedef {{drawn: boolean, parts: number, holes: number, csaMm2: number | null,
 *   csaPx2: number | null, isVisibleCsa: boolean, thickness: Thickness | null, echoIntensity: number | null}} Measured
 */
import { echoIntensity } from "#editor/echo-intensity.js";
import { bounds, footOnRing, partsArea, ringArea } from "#editor/geometry.js";

/** Of the largest circle's radius, in the outline's unit: small beside the 0.1 mm that is shown. */
const CIRCLE_TOLERANCE = 5e-3;
/** Chords that differ by less than this are equally long. px */
const ROUNDING = 1e-9;

/** @type {Record<string, (outline: Ring, spacing: Spacing | null) => Thickness>} */
const DEFINITIONS = {
  max_vertical: maxVertical,
  centroid_column: centroidColumn,
  central_third_mean: centralThirdMean,
  max_inscribed_circle: maxInscribedCircle,
};

/** @param {Part[]} parts @param {Spacing} spacing */
export function csaMm2(parts, [x, y]) {
  return partsArea(parts) * x * y;
}

/**
 * All regions of a label together. CSA only on transverse scans, mm only with a calibration.
 * @param {Region[]} regions @param {string} label
 * @param {{plane: string, thickness_definition: string, spacing: Spacing | null}} site
 * @param {import("#editor/echo-intensity.js").Grey | null} grey null until the scan is loaded
 * @returns {Measured}
 */
export function measureLabel(regions, label, { plane, thickness_definition, spacing }, grey = null) {
  const drawn = regions.filter((region) => region.label === label);
  const parts = drawn.flatMap((region) => region.parts);
  const hasCsa = parts.length > 0 && plane === "transverse";
  return {
    drawn: parts.length > 0,
    parts: parts.length,
    holes: parts.flat().length - parts.length,
    csaMm2: hasCsa && spacing ? csaMm2(parts, spacing) : null,
    csaPx2: hasCsa ? partsArea(parts) : null,
    isVisibleCsa: drawn.some(({ cut }) => cut.length > 0),
    thickness: parts.length ? thickness(parts, thickness_definition, spacing) : null,
    echoIntensity: grey && echoIntensity(parts, grey),
  };
}

/** Measures labels again only where their regions or the scan have become others. */
export class Measuring {
  /** @type {Map<string, {drawn: Region[], grey: object | null, measured: Measured}>} */
  #last = new Map();

  /** @param {Parameters<typeof measureLabel>[2]} site */
  constructor(site) {
    this.site = site;
  }

  /** @param {Region[]} regions @param {string} label @param {import("#editor/echo-intensity.js").Grey | null} grey @returns {Measured} */
  of(regions, label, grey) {
    const drawn = regions.filter((region) => region.label === label);
    const last = this.#last.get(label);
    const isSame =
      last?.grey === grey &&
      last?.drawn.length === drawn.length &&
      drawn.every((region, index) => region === last.drawn[index]);
    if (last && isSame) return last.measured;
    const measured = measureLabel(drawn, label, this.site, grey);
    this.#last.set(label, { drawn, grey, measured });
    return measured;
  }
}

/**
 * Measured on the largest part with its holes filled.
 * @param {Part[]} parts at least one @param {string} definition @param {Spacing | null} spacing
 * @returns {Thickness}
 */
export function thickness(parts, definition, spacing) {
  const outlines = parts.map(([outline]) => outline);
  const largest = outlines.reduce((a, b) => (filledArea(b) > filledArea(a) ? b : a));
  return DEFINITIONS[definition](largest, spacing);
}

/** @param {Ring} outline */
function filledArea(outline) {
  return Math.abs(ringArea(outline));
}

/** The longest vertical chord, the left-most of equals. @param {Ring} outline @param {Spacing | null} spacing */
function maxVertical(outline, spacing) {
  const columns = [...new Set(outline.map(([x]) => x))].sort((a, b) => a - b);
  const edges = edgesFromLeft(outline);
  /** @type {Edge[]} */
  let met = [];
  let next = 0;
  const chords = columns.flatMap((x) => {
    met = met.filter(({ right }) => right >= x);
    for (; next < edges.length && edges[next].left <= x; next += 1) met.push(edges[next]);
    return chordsAt(met, x);
  });
  return vertical(longest(chords), spacing);
}

/** The longest chord in the column of the centroid. @param {Ring} outline @param {Spacing | null} spacing */
function centroidColumn(outline, spacing) {
  return vertical(longest(chordsAt(edgesFromLeft(outline), centroidX(outline))), spacing);
}

/** The area within the middle third of the width, over that third. @param {Ring} outline @param {Spacing | null} spacing */
function centralThirdMean(outline, spacing) {
  const [left, , right] = bounds([outline]);
  const third = (right - left) / 3;
  const mean = Math.abs(areaUnder(outline, left + third, right - third)) / third;
  const [[x, upper], [, lower]] = longest(chordsAt(edgesFromLeft(outline), (left + right) / 2));
  const centre = (upper + lower) / 2;
  return vertical(verticalLine(x, centre - mean / 2, centre + mean / 2), spacing);
}

/** @param {Line} line @param {Spacing | null} spacing @returns {Thickness} */
function vertical(line, spacing) {
  const valuePx = line[1][1] - line[0][1];
  return { valuePx, valueMm: spacing && valuePx * spacing[1], line };
}

/** @param {number} x @param {number} y0 @param {number} y1 @returns {Line} */
function verticalLine(x, y0, y1) {
  return [
    [x, y0],
    [x, y1],
  ];
}

/** The first of the longest. @param {Line[]} chords at least one */
function longest(chords) {
  const length = (/** @type {Line} */ [[, y0], [, y1]]) => y1 - y0;
  return chords.reduce((a, b) => (length(b) > length(a) + ROUNDING ? b : a));
}

/** @param {Ring} outline @returns {Edge[]} by their left end */
function edgesFromLeft(outline) {
  const edges = outline.map((to, index) => {
    const from = outline.at(index - 1) ?? to;
    return { from, to, left: Math.min(from[0], to[0]), right: Math.max(from[0], to[0]) };
  });
  return edges.sort((a, b) => a.left - b.left);
}

/** Vertical chords in a column as it is met from the left and from the right. @param {Edge[]} edges @param {number} x */
function chordsAt(edges, x) {
  const fromLeft = edges.filter(({ left, right }) => left < x && x <= right);
  const fromRight = edges.filter(({ left, right }) => left <= x && x < right);
  return [...chordsBetween(fromLeft, x), ...chordsBetween(fromRight, x)];
}

/** @param {Edge[]} edges @param {number} x */
function chordsBetween(edges, x) {
  const heights = edges
    .map(({ from, to }) => from[1] + ((to[1] - from[1]) * (x - from[0])) / (to[0] - from[0]))
    .sort((a, b) => a - b);
  return Array.from({ length: heights.length / 2 }, (_, i) =>
    verticalLine(x, heights[2 * i], heights[2 * i + 1]),
  );
}

/** @param {Ring} outline */
function centroidX(outline) {
  let moment = 0;
  outline.forEach(([x0, y0], index) => {
    const [x1, y1] = outline[(index + 1) % outline.length];
    moment += (x0 + x1) * (x0 * y1 - x1 * y0);
  });
  return moment / (6 * ringArea(outline));
}

/** Signed integral of the outline's y over x from `left` to `right`. @param {Ring} outline @param {number} left @param {number} right */
function areaUnder(outline, left, right) {
  let area = 0;
  outline.forEach(([x0, y0], index) => {
    const [x1, y1] = outline[(index + 1) % outline.length];
    const from = Math.min(Math.max(x0, left), right);
    const to = Math.min(Math.max(x1, left), right);
    if (from === to) return;
    const slope = (y1 - y0) / (x1 - x0);
    area += (to - from) * (y0 + slope * ((from + to) / 2 - x0));
  });
  return area;
}

/**
 * The diameter of the largest circle inside; with a calibration the line is that of the circle in
 * mm. @param {Ring} outline @param {Spacing | null} spacing @returns {Thickness}
 */
function maxInscribedCircle(outline, spacing) {
  const inPx = largestCircle(outline);
  if (!spacing) return { valuePx: inPx.diameter, valueMm: null, line: inPx.line };
  const [sx, sy] = spacing;
  if (sx === sy) return { valuePx: inPx.diameter, valueMm: inPx.diameter * sx, line: inPx.line };
  const inMm = largestCircle(outline.map(([x, y]) => [x * sx, y * sy]));
  const [[x0, y0], [x1, y1]] = inMm.line;
  return {
    valuePx: inPx.diameter,
    valueMm: inMm.diameter,
    line: [
      [x0 / sx, y0 / sy],
      [x1 / sx, y1 / sy],
    ],
  };
}

/**
 * By quartering the cells that may still hold its centre.
 * @param {Ring} outline @returns {{diameter: number, line: Line}}
 */
function largestCircle(outline) {
  const [left, top, right, bottom] = bounds([outline]);
  const size = Math.min(right - left, bottom - top);
  /** @type {{x: number, y: number, half: number, radius: number}[]} */
  let cells = [];
  let best = cellAt(outline, centroidX(outline), (top + bottom) / 2, 0);
  const add = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ half) => {
    const cell = cellAt(outline, x, y, half);
    if (cell.radius > best.radius) best = cell;
    cells.push(cell);
  };
  for (let x = left; x < right; x += size) {
    for (let y = top; y < bottom; y += size) add(x + size / 2, y + size / 2, size / 2);
  }
  while (cells.length) {
    const hopeful = cells.filter(
      ({ radius, half }) => radius + half * Math.SQRT2 > best.radius + CIRCLE_TOLERANCE,
    );
    cells = [];
    for (const { x, y, half: whole } of hopeful) {
      const half = whole / 2;
      add(x - half, y - half, half);
      add(x + half, y - half, half);
      add(x - half, y + half, half);
      add(x + half, y + half, half);
    }
  }
  const centre = /** @type {Point} */ ([best.x, best.y]);
  const [x1, y1] = footOnRing(centre, outline).point;
  /** @type {Line} */
  const line = [
    [2 * best.x - x1, 2 * best.y - y1],
    [x1, y1],
  ];
  line.sort(([ax, ay], [bx, by]) => ay - by || ax - bx);
  return { diameter: 2 * best.radius, line };
}

/** A square cell; `radius` is the centre's distance to the border, negative outside. @param {Ring} outline @param {number} x @param {number} y @param {number} half */
function cellAt(outline, x, y, half) {
  let square = Infinity;
  let inside = false;
  let fromX = outline[outline.length - 1][0];
  let fromY = outline[outline.length - 1][1];
  for (let index = 0; index < outline.length; index += 1) {
    const toX = outline[index][0];
    const toY = outline[index][1];
    const dx = toX - fromX;
    const dy = toY - fromY;
    const along = ((x - fromX) * dx + (y - fromY) * dy) / (dx * dx + dy * dy || 1);
    const share = along < 0 ? 0 : along > 1 ? 1 : along;
    const awayX = x - fromX - share * dx;
    const awayY = y - fromY - share * dy;
    square = Math.min(square, awayX * awayX + awayY * awayY);
    if (fromY > y !== toY > y && x < (dx * (y - fromY)) / dy + fromX) inside = !inside;
    fromX = toX;
    fromY = toY;
  }
  return { x, y, half, radius: inside ? Math.sqrt(square) : -Math.sqrt(square) };
}
