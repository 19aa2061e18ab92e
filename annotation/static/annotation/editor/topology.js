/**
 * Shared borders are one border. When a region changes its ground, what it gains is taken from the
 * regions that had it, and each piece that it loses goes to the one neighbour with which it shared
 * most of that piece's border, unless the background shared more of it.
 *
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {"replace" | "add" | "take"} How what parts do to a region's ground
 * @typedef {{linked?: boolean, smallest?: number, locked?: ReadonlySet<string>}} Manner whether
 *   neighbours take what is lost; up to which area, px2, pieces and holes that come about by the way
 *   are not meant; which labels' regions stay as they are, point for point
 */
import { Arrangement } from "#editor/arrangement.js";
import { bounds, partsArea, samePoint } from "#editor/geometry.js";
import { SMALLEST_PIECE, windingRings } from "#editor/shapes.js";

/** A region that loses more than this share has been redrawn the wrong way; nobody takes that over. */
const MOST_HANDED_OVER = 0.5;
/** Smaller pieces that come about by the way are leftovers of a gesture. mm2, and px2 without a calibration */
const SMALLEST_MM2 = 0.5;
const SMALLEST_PX2 = 60;
/** @type {ReadonlySet<string>} */
const NONE = new Set();
/** The layers of an arrangement: the parts of the gesture, the region that changes, then the others. */
const GESTURE = 0;
const ACTIVE = 1;

/** @type {Record<How, (windings: Int32Array) => boolean>} */
const GROUND = {
  replace: (windings) => windings[GESTURE] > 0,
  add: (windings) => windings[GESTURE] > 0 || windings[ACTIVE] > 0,
  take: (windings) => windings[GESTURE] <= 0 && windings[ACTIVE] > 0,
};

/**
 * @param {Region[]} regions @param {number} index of the region that changes @param {How} how
 * @param {Part[]} parts @param {Manner} manner
 * @returns {Region[] | null} null when nothing is left of the region
 */
export function reshape(
  regions,
  index,
  how,
  parts,
  { linked = true, smallest = SMALLEST_PIECE, locked = NONE } = {},
) {
  if (locked.has(regions[index].label)) return regions;
  const reach = bounds([...regions[index].parts, ...parts].flat());
  const near = regions
    .map((_, other) => other)
    .filter((other) => other !== index && meets(regions[other], reach));
  const concerned = [index, ...near];
  const ground = new Ground(regions, concerned, how, parts, locked);
  ground.mergeOwnLabel();
  ground.dropCrumbs(smallest);
  ground.takeFragments(smallest);
  ground.fillHoles(smallest);
  if (linked) ground.handOver();
  const changed = ground.regions();
  if (!changed[0].parts.length) return null;
  return regions
    .map((region, at) => changed[concerned.indexOf(at)] ?? region)
    .filter((region) => region.parts.length);
}

/** Up to which area a brush's leftovers are not meant. @param {[number, number] | null} spacing mm per px @returns {number} px2 */
export function smallestPiece(spacing) {
  return spacing ? SMALLEST_MM2 / spacing[0] / spacing[1] : SMALLEST_PX2;
}

/** @param {Region} region @param {[number, number, number, number]} box */
function meets({ parts }, [left, top, right, bottom]) {
  const [x0, y0, x1, y1] = bounds(parts.flat());
  return x0 <= right && left <= x1 && y0 <= bottom && top <= y1;
}

/** Which faces belong to which region while a gesture is worked out. */
class Ground {
  #regions;
  #drawn;
  #laid;
  /** For each region, whether it stays as it is. @type {boolean[]} */
  #isLocked;
  /** For each region, the active one first, whether it had and whether it has a face. @type {boolean[][]} */
  #had;
  /** @type {boolean[][]} */
  #has;

  /** @param {Region[]} regions @param {number[]} concerned @param {How} how @param {Part[]} parts @param {ReadonlySet<string>} locked */
  constructor(regions, concerned, how, parts, locked) {
    this.#drawn = parts;
    this.#regions = concerned.map((index) => regions[index]);
    this.#laid = new Arrangement([
      windingRings(parts),
      ...this.#regions.map((region) => windingRings(region.parts)),
    ]);
    const { faces } = this.#laid;
    this.#isLocked = this.#regions.map(({ label }) => locked.has(label));
    this.#had = concerned.map((_, at) => faces.map(({ windings }) => windings[ACTIVE + at] > 0));
    const isGained = faces.map(
      ({ windings }, face) =>
        GROUND[how](windings) && (this.#had[0][face] || !this.#isOfLocked(face)),
    );
    this.#has = this.#had.map((had, at) =>
      at === 0
        ? isGained
        : had.map((isHad, face) => isHad && (this.#isLocked[at] || !isGained[face])),
    );
  }

  /** @param {number} face */
  #isOfLocked(face) {
    return this.#had.some((had, at) => this.#isLocked[at] && had[face]);
  }

  /** @param {number} face */
  #isFree(face) {
    return this.#has.every((has) => !has[face]);
  }

  /** @param {boolean[]} set */
  #pieces(set) {
    return this.#laid.pieces((face) => set[face]);
  }

  /** Whether a piece of a set was a piece of it before. @param {number[]} piece @param {boolean[]} before */
  #wasPiece(piece, before) {
    const inside = new Set(piece);
    return (
      piece.every((face) => before[face]) &&
      this.#laid.borders.every(({ left, right }) => {
        const crosses = inside.has(left) !== inside.has(right);
        return !crosses || !before[inside.has(left) ? right : left];
      })
    );
  }

  /** @param {number[]} piece @param {number | null} owner index of a region here, null for the background */
  #give(piece, owner) {
    for (const face of piece) this.#has.forEach((has, at) => (has[face] = at === owner));
  }

  /** What is drawn into another region of the same label joins it. */
  mergeOwnLabel() {
    const [{ label }] = this.#regions;
    this.#regions.forEach((region, at) => {
      if (at === 0 || region.label !== label) return;
      const common = this.#had[at].some(
        (isHad, face) => isHad && this.#has[0][face] && !this.#had[0][face],
      );
      if (!common) return;
      this.#had[at].forEach((isHad, face) => (this.#has[0][face] ||= isHad));
      this.#has[at].fill(false);
    });
  }

  /** New pieces of the region too small to be meant go back to whose they were. @param {number} smallest */
  dropCrumbs(smallest) {
    for (const piece of this.#pieces(this.#has[0])) {
      if (this.#laid.area(piece) >= smallest || this.#wasPiece(piece, this.#had[0])) continue;
      this.#has[0] = this.#has[0].map((isIn, face) => isIn && !piece.includes(face));
      for (const face of piece) {
        const owner = this.#had.findIndex((had, at) => at > 0 && had[face]);
        if (owner > 0) this.#has[owner][face] = true;
      }
    }
  }

  /** Small pieces that the gesture cuts off a neighbour are the region's own. @param {number} smallest */
  takeFragments(smallest) {
    for (let at = 1; at < this.#has.length; at += 1) {
      if (this.#isLocked[at]) continue;
      const pieces = this.#pieces(this.#has[at]);
      const areas = pieces.map((piece) => this.#laid.area(piece));
      const largest = Math.max(...areas);
      pieces.forEach((piece, index) => {
        if (areas[index] >= Math.min(smallest, largest)) return;
        if (!this.#wasPiece(piece, this.#had[at])) this.#give(piece, 0);
      });
    }
  }

  /** New holes too small to be meant are filled. @param {number} smallest */
  fillHoles(smallest) {
    const [has] = this.#has;
    const [had] = this.#had;
    const around = has.map((isIn) => !isIn);
    const before = had.map((isIn) => !isIn);
    for (const piece of this.#pieces(around)) {
      if (piece.includes(0) || !piece.every((face) => this.#isFree(face))) continue;
      if (this.#laid.area(piece) >= smallest || this.#wasPiece(piece, before)) continue;
      this.#give(piece, 0);
    }
  }

  /** What the region has lost goes to its neighbours. */
  handOver() {
    const most = partsArea(this.#regions[0].parts) * MOST_HANDED_OVER;
    const lost = this.#had[0].map((isHad, face) => isHad && this.#isFree(face));
    for (const piece of this.#pieces(lost)) {
      if (this.#laid.area(piece) > most) continue;
      const heir = this.#heirOf(piece);
      if (heir !== null) this.#give(piece, heir);
    }
  }

  /** Whoever has most of a lost piece's border; the part that the region keeps does not count. @param {number[]} piece @returns {number | null} null for the background */
  #heirOf(piece) {
    const inside = new Set(piece);
    const [{ label }] = this.#regions;
    const shared = this.#regions.map(() => 0);
    let free = 0;
    for (const { left, right, length } of this.#laid.borders) {
      if (inside.has(left) === inside.has(right)) continue;
      const beyond = inside.has(left) ? right : left;
      const owner = this.#has.findIndex((has) => has[beyond]);
      if (owner < 0) free += length;
      else shared[owner] += length;
    }
    let heir = null;
    let longest = free;
    shared.forEach((length, at) => {
      if (at === 0 || this.#regions[at].label === label || length <= longest) return;
      if (this.#isLocked[at]) return;
      [heir, longest] = [at, length];
    });
    return heir;
  }

  /** @returns {Region[]} with a region as it was where nothing of it has changed */
  regions() {
    const parts = this.#laid.parts(this.#has.map((has) => (face) => has[face]));
    return this.#regions.map((region, at) => {
      if (this.#isLocked[at]) return region;
      const isSame =
        this.#has[at].every((isIn, face) => isIn === this.#had[at][face]) &&
        parts[at].flat(2).length === region.parts.flat(2).length;
      const before = at === 0 ? [...region.parts, ...this.#drawn] : region.parts;
      return isSame ? region : { ...region, parts: begunAs(parts[at], before) };
    });
  }
}

/** Rings begun where they began before, if that point is still there. @param {Part[]} parts @param {Part[]} before @returns {Part[]} */
function begunAs(parts, before) {
  const starts = before.flat().map(([first]) => first);
  return parts.map((part) =>
    part.map((ring) => {
      const start = starts.find((one) => ring.some((point) => samePoint(point, one)));
      const at = start ? ring.findIndex((point) => samePoint(point, start)) : 0;
      return at > 0 ? [...ring.slice(at), ...ring.slice(0, at)] : ring;
    }),
  );
}
