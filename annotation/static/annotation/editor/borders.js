/**
 * Where structures overlap, and where narrow gaps run between them.
 *
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{kind: "overlap" | "gap", labels: [string, string], px2: number}} Finding
 */
import { Arrangement } from "#editor/arrangement.js";
import { number } from "#editor/numbers.js";
import { closed, SMALLEST_PIECE, windingRings } from "#editor/shapes.js";

/** A gap is narrower than this. mm, and px without a calibration */
const WIDEST_GAP_MM = 0.5;
const WIDEST_GAP_PX = 5;
/** The notch at the end of a border lies open; a gap has this much of its rim on structures at least. */
const LEAST_ENCLOSED = 0.75;
/** The layer that holds the structures with what lies narrow between them. */
const CLOSED = 0;

/** @param {Region[]} regions @param {[number, number] | null} spacing mm per px @returns {Finding[]} */
export function borderFindings(regions, spacing) {
  const labels = [...new Set(regions.map(({ label }) => label))];
  if (labels.length < 2) return [];
  const parts = regions.flatMap((region) => region.parts);
  const widest = spacing ? WIDEST_GAP_MM / Math.max(...spacing) : WIDEST_GAP_PX;
  const laid = new Arrangement([
    closed(parts, widest / 2),
    ...labels.map((label) =>
      regions.filter((one) => one.label === label).flatMap((one) => windingRings(one.parts)),
    ),
  ]);
  return [...overlaps(laid, labels), ...gaps(laid, labels)];
}

/** @param {Arrangement} laid @param {string[]} labels @returns {Finding[]} */
function overlaps(laid, labels) {
  return pairsOf(labels).flatMap(([one, other]) => {
    const [i, j] = [labels.indexOf(one) + 1, labels.indexOf(other) + 1];
    const px2 = laid.faces.reduce(
      (sum, { windings, area }) => (windings[i] > 0 && windings[j] > 0 ? sum + area : sum),
      0,
    );
    return finding("overlap", [one, other], px2);
  });
}

/** @param {Arrangement} laid @param {string[]} labels @returns {Finding[]} */
function gaps(laid, labels) {
  const owner = laid.faces.map(({ windings }) => windings.findIndex((n, layer) => layer > CLOSED && n > 0));
  const isBetween = (/** @type {number} */ face) =>
    owner[face] < 0 && laid.faces[face].windings[CLOSED] > 0;
  /** @type {Map<string, Finding>} */
  const found = new Map();
  for (const piece of laid.pieces(isBetween)) {
    const rim = rimOf(laid, piece, owner, labels.length);
    const [first, second] = rim.beside.map((length, layer) => ({ length, layer }))
      .filter(({ length }) => length > 0)
      .sort((a, b) => b.length - a.length);
    if (!second || rim.onStructures < LEAST_ENCLOSED * rim.whole) continue;
    const pair = [first.layer, second.layer].sort((a, b) => a - b).map((layer) => labels[layer]);
    const before = found.get(String(pair))?.px2 ?? 0;
    const px2 = before + laid.area(piece);
    found.set(String(pair), { kind: "gap", labels: [pair[0], pair[1]], px2 });
  }
  return [...found.values()].flatMap(({ kind, labels: pair, px2 }) => finding(kind, pair, px2));
}

/** How long a piece lies beside each structure. @param {Arrangement} laid @param {number[]} piece @param {number[]} owner @param {number} count */
function rimOf(laid, piece, owner, count) {
  const inside = new Set(piece);
  const beside = Array(count).fill(0);
  let whole = 0;
  for (const { left, right, length } of laid.borders) {
    if (inside.has(left) === inside.has(right)) continue;
    const beyond = inside.has(left) ? right : left;
    whole += length;
    if (owner[beyond] > 0) beside[owner[beyond] - 1] += length;
  }
  return { beside, whole, onStructures: beside.reduce((sum, length) => sum + length, 0) };
}

/** @param {Finding["kind"]} kind @param {[string, string]} labels @param {number} px2 @returns {Finding[]} */
function finding(kind, labels, px2) {
  return px2 < SMALLEST_PIECE ? [] : [{ kind, labels, px2 }];
}

/** @param {string[]} labels @returns {[string, string][]} */
function pairsOf(labels) {
  return labels.flatMap((one, i) =>
    labels.slice(i + 1).map((other) => /** @type {[string, string]} */ ([one, other])),
  );
}

/** @param {Finding} finding @param {[number, number] | null} spacing @param {(label: string) => string} titleOf */
export function findingWords({ kind, labels, px2 }, spacing, titleOf) {
  const size = spacing
    ? `${number(px2 * spacing[0] * spacing[1], 2)} mm²`
    : `${number(px2, 0)} px²`;
  const pair = labels.map(titleOf).join(" and ");
  return kind === "overlap" ? `${pair} overlap by ${size}.` : `A gap of ${size} between ${pair}.`;
}
