/**
 * Rings laid over each other divide the plane into faces. A face knows how often each layer winds
 * round it; regions are sets of faces, so what is taken from one and given to another neither
 * overlaps nor leaves a gap, and both have the same points on their border.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Ring} Ring
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {{windings: Int32Array, area: number}} Face `area` in px2; face 0 is all that lies outside
 * @typedef {{left: number, right: number, length: number}} Border between two faces; `length` in px
 * @typedef {(face: number) => boolean} FaceTest
 */
import { GRID, ringArea, ringsWithoutRepeats } from "#editor/geometry.js";
import { LineWork } from "#editor/snapping.js";

const OUTSIDE = 0;

export class Arrangement {
  /** @type {Face[]} */
  faces = [];
  /** @type {Border[]} */
  borders = [];
  #work;
  /** Of half-edge 2i, along edge i, and 2i + 1, back: the next one round the face on its left. @type {Int32Array} */
  #next;
  /** The face on the left of each half-edge. @type {Int32Array} */
  #face;

  /** @param {Ring[][]} layers rings in px that run round what they enclose with a positive area */
  constructor(layers) {
    this.#work = new LineWork(layers);
    const count = 2 * this.#work.edges.length;
    this.#next = new Int32Array(count);
    this.#face = new Int32Array(count).fill(-1);
    const spokes = this.#link();
    this.#findFaces(spokes, layers.length);
    this.borders = this.#work.edges.map(({ from, to }, edge) => ({
      left: this.#face[2 * edge],
      right: this.#face[2 * edge + 1],
      length: Math.hypot(this.#work.x[to] - this.#work.x[from], this.#work.y[to] - this.#work.y[from]) / GRID,
    }));
  }

  /** @param {number} half */
  #start(half) {
    const { from, to } = this.#work.edges[half >> 1];
    return half & 1 ? to : from;
  }

  /** Sorts the half-edges that leave each node by their angle, and links them round the faces. @returns {Map<number, number[]>} */
  #link() {
    /** @type {Map<number, number[]>} */
    const spokes = new Map();
    for (let half = 0; half < this.#next.length; half += 1) {
      const node = this.#start(half);
      const known = spokes.get(node);
      if (known) known.push(half);
      else spokes.set(node, [half]);
    }
    for (const leaving of spokes.values()) {
      leaving.sort((a, b) => this.#compareAngles(a, b));
      leaving.forEach((half, index) => {
        const before = leaving[(index || leaving.length) - 1];
        this.#next[half ^ 1] = before;
      });
    }
    return spokes;
  }

  /** @param {number} half @returns {[number, number]} */
  #heading(half) {
    const { x, y } = this.#work;
    const [from, to] = [this.#start(half), this.#start(half ^ 1)];
    return [x[to] - x[from], y[to] - y[from]];
  }

  /** From -180 degrees, exclusive, to 180. @param {number} a @param {number} b */
  #compareAngles(a, b) {
    const [ax, ay] = this.#heading(a);
    const [bx, by] = this.#heading(b);
    return sector(ax, ay) - sector(bx, by) || Math.sign(ay * bx - ax * by);
  }

  /** @param {Map<number, number[]>} spokes @param {number} layers */
  #findFaces(spokes, layers) {
    this.faces = [{ windings: new Int32Array(layers), area: Infinity }];
    const { x, y } = this.#work;
    const nodes = [...spokes.keys()].sort((a, b) => x[a] - x[b] || y[a] - y[b]);
    for (const node of nodes) {
      const outermost = /** @type {number} */ (spokes.get(node)?.at(-1));
      if (this.#face[outermost] >= 0) continue;
      const around = this.#faceLeftOf(node);
      this.#claim(outermost, around);
      if (around !== OUTSIDE) this.faces[around].area += this.#areaRound(outermost);
      this.#spread(outermost);
    }
  }

  /** The face in which a connected piece of line work lies, by its leftmost node. @param {number} node */
  #faceLeftOf(node) {
    const { x, y, edges } = this.#work;
    let [found, nearest, leaning] = [-1, -Infinity, 0];
    for (let edge = 0; edge < edges.length; edge += 1) {
      if (this.#face[2 * edge] < 0) continue;
      const { from, to } = edges[edge];
      if (y[from] > y[node] === y[to] > y[node]) continue;
      const lean = (x[to] - x[from]) / (y[to] - y[from]);
      const at = x[from] + (y[node] - y[from]) * lean;
      if (at > x[node] || at < nearest || (at === nearest && lean < leaning)) continue;
      [nearest, leaning] = [at, lean];
      found = y[from] < y[to] ? 2 * edge + 1 : 2 * edge;
    }
    return found < 0 ? OUTSIDE : this.#face[found];
  }

  /** @param {number} half @param {number} face */
  #claim(half, face) {
    for (let at = half; this.#face[at] < 0; at = this.#next[at]) this.#face[at] = face;
  }

  /** Twice signed and halved, px2. @param {number} half on the way round a face */
  #areaRound(half) {
    const { x, y } = this.#work;
    const [x0, y0] = [x[this.#start(half)], y[this.#start(half)]];
    let twice = 0;
    let at = half;
    do {
      const [from, to] = [this.#start(at), this.#start(at ^ 1)];
      twice += (x[from] - x0) * (y[to] - y0) - (x[to] - x0) * (y[from] - y0);
      at = this.#next[at];
    } while (at !== half);
    return twice / 2 / GRID / GRID;
  }

  /** The faces of a connected piece of line work, from one on. @param {number} half */
  #spread(half) {
    const open = [half];
    for (let start = open.pop(); start !== undefined; start = open.pop()) {
      let at = start;
      do {
        if (this.#face[at ^ 1] < 0) {
          this.#claim(at ^ 1, this.#addFace(at));
          open.push(at ^ 1);
        }
        at = this.#next[at];
      } while (at !== start);
    }
  }

  /** The face across a half-edge. @param {number} half @returns {number} */
  #addFace(half) {
    const windings = this.faces[this.#face[half]].windings.slice();
    const way = half & 1 ? 1 : -1;
    this.#work.edges[half >> 1].uses.forEach((winding, layer) => {
      windings[layer] += way * winding;
    });
    this.faces.push({ windings, area: this.#areaRound(half ^ 1) });
    return this.faces.length - 1;
  }

  /** @param {FaceTest} isIn @returns {number[][]} faces that hang together by more than a point */
  pieces(isIn) {
    const piece = new Int32Array(this.faces.length).fill(-1);
    const beside = this.#neighbours();
    /** @type {number[][]} */
    const pieces = [];
    this.faces.forEach((_, first) => {
      if (piece[first] >= 0 || !isIn(first)) return;
      const found = [first];
      piece[first] = pieces.length;
      for (const face of found) {
        for (const other of beside[face]) {
          if (piece[other] >= 0 || !isIn(other)) continue;
          piece[other] = pieces.length;
          found.push(other);
        }
      }
      pieces.push(found);
    });
    return pieces;
  }

  /** @type {Set<number>[] | null} */
  #beside = null;

  #neighbours() {
    if (this.#beside) return this.#beside;
    const beside = this.faces.map(() => /** @type {Set<number>} */ (new Set()));
    for (const { left, right } of this.borders) {
      if (left === right) continue;
      beside[left].add(right);
      beside[right].add(left);
    }
    this.#beside = beside;
    return beside;
  }

  /** @param {number[]} faces px2 */
  area(faces) {
    return faces.reduce((sum, face) => sum + this.faces[face].area, 0);
  }

  /**
   * The parts of several sets of faces, each an outline with a positive and holes with a negative
   * area. Crossings that are no corner of any of them are left out.
   * @param {FaceTest[]} sets @returns {Part[][]}
   */
  parts(sets) {
    const members = sets.map((isIn) => this.faces.map((_, face) => isIn(face)));
    const needless = this.#needless(members);
    return members.map((isIn) => this.#partsOf(isIn, needless));
  }

  /** @param {boolean[]} isIn @param {Set<number>} needless @returns {Part[]} */
  #partsOf(isIn, needless) {
    const pieces = this.pieces((face) => isIn[face]);
    const pieceOf = new Int32Array(this.faces.length);
    pieces.forEach((faces, piece) => faces.forEach((face) => (pieceOf[face] = piece)));
    const parts = pieces.map(() => /** @type {Part} */ ([]));
    const walked = new Uint8Array(this.#next.length);
    const isBorder = (/** @type {number} */ half) =>
      isIn[this.#face[half]] && !isIn[this.#face[half ^ 1]];
    for (let half = 0; half < this.#next.length; half += 1) {
      if (walked[half] || !isBorder(half)) continue;
      const rings = this.#walk(half, isBorder, walked, needless);
      for (const ring of rings) {
        const part = parts[pieceOf[this.#face[half]]];
        if (ringArea(ring) > 0) part.unshift(ring);
        else part.push(ring);
      }
    }
    return parts.filter(([outline]) => outline && ringArea(outline) > 0);
  }

  /** @param {number} start @param {(half: number) => boolean} isBorder @param {Uint8Array} walked @param {Set<number>} needless */
  #walk(start, isBorder, walked, needless) {
    const { x, y } = this.#work;
    /** @type {Ring} */
    const ring = [];
    let half = start;
    do {
      walked[half] = 1;
      const node = this.#start(half);
      if (!needless.has(node)) ring.push([x[node] / GRID, y[node] / GRID]);
      half = this.#next[half];
      while (!isBorder(half)) half = this.#next[half ^ 1];
    } while (half !== start);
    return ringsWithoutRepeats(ring);
  }

  /** Crossings through which a border only passes, where nothing lies in the way of the straight line. @param {boolean[][]} members @returns {Set<number>} */
  #needless(members) {
    const { edges, given } = this.#work;
    /** @type {Map<number, number[]>} */
    const beside = new Map();
    edges.forEach(({ from, to }, edge) => {
      const [left, right] = [this.#face[2 * edge], this.#face[2 * edge + 1]];
      if (!members.some((isIn) => isIn[left] !== isIn[right])) return;
      beside.set(from, [...(beside.get(from) ?? []), to]);
      beside.set(to, [...(beside.get(to) ?? []), from]);
    });
    /** @type {Set<number>} */
    const needless = new Set();
    for (const [node, ends] of beside) {
      if (node < given || ends.length !== 2) continue;
      const [a, b] = ends;
      if (beside.get(a)?.includes(b) || !this.#isPassedOver(a, node, b, beside)) continue;
      needless.add(node);
      beside.set(a, (beside.get(a) ?? []).map((end) => (end === node ? b : end)));
      beside.set(b, (beside.get(b) ?? []).map((end) => (end === node ? a : end)));
      beside.delete(node);
    }
    return needless;
  }

  /** Whether the straight line from `a` to `b` is the same as that by `node`, but for rounding. @param {number} a @param {number} node @param {number} b @param {Map<number, number[]>} nodes */
  #isPassedOver(a, node, b, nodes) {
    const { x, y } = this.#work;
    const turn = (/** @type {number} */ i, /** @type {number} */ j, /** @type {number} */ k) =>
      (x[j] - x[i]) * (y[k] - y[i]) - (y[j] - y[i]) * (x[k] - x[i]);
    const off = turn(a, node, b);
    if (Math.abs(off) > Math.hypot(x[b] - x[a], y[b] - y[a])) return false;
    if (off === 0) return true;
    const [left, right] = [Math.min(x[a], x[b], x[node]), Math.max(x[a], x[b], x[node])];
    for (const other of nodes.keys()) {
      if (x[other] < left || x[other] > right) continue;
      if (other === a || other === b || other === node) continue;
      const sides = [turn(a, node, other), turn(node, b, other), turn(b, a, other)];
      if (sides.every((side) => side * off >= 0)) return false;
    }
    return true;
  }
}

/** @param {number} dx @param {number} dy */
function sector(dx, dy) {
  if (dy !== 0) return dy < 0 ? 0 : 2;
  return dx > 0 ? 1 : 3;
}
