/**
 * Vertices: drag one, press on an edge to insert one; Shift-drag takes one off the neighbour's
 * border; Alt-drag wipes away those it passes; all of it by keys, too.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/regions.js").VertexPlace} VertexPlace
 */
import { distance, inImage, onGrid, samePoint } from "#editor/geometry.js";
import { number } from "#editor/numbers.js";
import {
  claimGround,
  deleteVertices,
  detachVertex,
  edgeNear,
  insertVertex,
  isSound,
  moveVertex,
  ringAt,
  ringPlaces,
  vertexNear,
} from "#editor/regions.js";
import { arrowActions } from "#editor/tools/tool.js";

/** Handles are shown this near to the pointer. Screen px */
const HANDLE_REACH = 80;
const DOUBLE_CLICK_MS = 350;

export class VertexTool {
  name = "vertices";
  keepsRegions = true;
  offer = { label: "Move, insert and delete points", keys: ["V"], button: { text: "Points" } };
  /** @type {Action[]} */
  actions = [
    {
      name: "remove-point",
      bar: "Delete point",
      group: "Points",
      label: "Delete the chosen point",
      keys: ["Delete", "Backspace"],
      otherwise: "Choose a point first: press on it, or {next-point}. Whole regions are deleted with another tool.",
      enabled: () => this.#standing !== null,
      run: () => this.#remove(this.#standing ? [this.#standing] : []),
    },
    {
      name: "insert-point",
      bar: "Insert point",
      group: "Points",
      label: "Insert a point after the chosen one",
      keys: ["Insert", "I"],
      enabled: () => this.#standing !== null,
      run: () => this.#insertAfter(),
    },
    this.#walkAction("next-point", "Choose the next point", "N", 1),
    this.#walkAction("previous-point", "Choose the point before", "P", -1),
    ...arrowActions({
      name: "nudge",
      group: "Points",
      what: "the chosen point",
      enabled: () => this.#standing !== null,
      run: ([dx, dy]) => this.#nudge(dx, dy),
    }),
  ];
  /** @type {Point | null} */
  #selected = null;
  /** @type {{at: number, point: Point} | null} */
  #click = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {string} name @param {string} label @param {string} key @param {number} step @returns {Action} */
  #walkAction(name, label, key, step) {
    return {
      name,
      group: "Points",
      label,
      keys: [key],
      repeats: true,
      otherwise: "There is no outline of this structure yet.",
      enabled: () => ringPlaces(this.desk.regions, this.desk.label).length > 0,
      run: () => this.#walk(step),
    };
  }

  /** @param {Pointer | null} pointer */
  hover(pointer) {
    if (!pointer) return this.#showSelection();
    const { regions } = this.desk;
    const vertex = vertexNear(regions, pointer.point, pointer.reach);
    const edge = vertex ? null : edgeNear(regions, pointer.point, pointer.reach);
    const handles = this.#handlesNear(regions, pointer.point);
    if (vertex) {
      const point = ringAt(regions, vertex)[vertex.vertex];
      this.desk.sketch({ handles, target: { point, kind: "vertex" } });
    } else if (edge) this.desk.sketch({ handles, target: { point: edge.point, kind: "insert" } });
    else this.#showSelection(handles);
  }

  /** @param {Point[]} [handles] */
  #showSelection(handles = []) {
    const point = this.#standing;
    this.desk.sketch({ handles, target: point && { point, kind: "vertex" } });
  }

  /** @param {Region[]} regions @param {Point} point */
  #handlesNear(regions, point) {
    const reach = HANDLE_REACH / this.desk.scale;
    return regions.flatMap(({ parts }) => parts.flat(2)).filter((p) => distance(p, point) <= reach);
  }

  /** The selected vertex, if it is still one. */
  get #standing() {
    const selected = this.#selected;
    const stands = this.desk.regions.some(({ parts }) =>
      parts.flat(2).some((point) => selected && samePoint(point, selected)),
    );
    return stands ? selected : null;
  }

  /** @param {Pointer} pointer */
  press(pointer) {
    if (pointer.alt) return this.#wipe(pointer);
    const { regions } = this.desk;
    const { point, reach } = pointer;
    const vertex = vertexNear(regions, point, reach);
    if (vertex) return this.#pressVertex(vertex, pointer.shift || !this.desk.linked);
    const edge = edgeNear(regions, point, reach);
    if (edge) return this.#insert(edge);
    this.desk.pick(point);
    this.#selected = null;
    this.desk.sketch({});
    return null;
  }

  /** @param {VertexPlace} place @param {boolean} alone without the neighbours' */
  #pressVertex(place, alone) {
    const { regions } = this.desk;
    const vertex = ringAt(regions, place)[place.vertex];
    const click = this.#click;
    this.#click = null;
    const isDouble =
      click && samePoint(click.point, vertex) && performance.now() - click.at < DOUBLE_CLICK_MS;
    this.#selected = vertex;
    if (isDouble) {
      this.#remove([vertex]);
      return null;
    }
    if (!alone) return this.#drag(regions, vertex, "Moved a point.", false);
    const owner = this.#ownerOf(place, vertex);
    const move = (/** @type {Point} */ to) => detachVertex(regions, owner, vertex, to);
    return this.#drag(regions, vertex, "Moved a point off the neighbour's border.", false, move);
  }

  /** Which region a point is taken along with: the chosen structure's if it has it. @param {VertexPlace} place @param {Point} vertex */
  #ownerOf(place, vertex) {
    const { regions, label } = this.desk;
    const own = regions.findIndex(
      (one) => one.label === label && one.parts.flat(2).some((point) => samePoint(point, vertex)),
    );
    return own < 0 ? place.region : own;
  }

  /** @param {NonNullable<ReturnType<typeof edgeNear>>} edge */
  #insert(edge) {
    const { regions } = this.desk;
    const ring = ringAt(regions, edge);
    const [a, b] = [ring[edge.edge], ring[(edge.edge + 1) % ring.length]];
    if (samePoint(edge.point, a) || samePoint(edge.point, b)) return null;
    const inserted = insertVertex(regions, a, b, edge.point);
    return this.#drag(inserted, edge.point, "Inserted a point.", true);
  }

  /** @param {Region[]} regions @param {Point} from @param {string} said @param {boolean} isNew @param {(to: Point) => Region[]} move */
  #drag(regions, from, said, isNew, move = (to) => moveVertex(regions, from, to)) {
    const { desk } = this;
    /** @type {Point} */
    let to = from;
    const show = () => {
      desk.preview(move(to));
      desk.sketch({ target: { point: to, kind: isNew ? "insert" : "vertex" } });
    };
    show();
    return {
      /** @param {Pointer} pointer */
      move: ({ point }) => {
        to = point;
        show();
      },
      release: () => {
        desk.preview(null);
        this.#selected = from;
        if (isNew || !samePoint(to, from)) this.#drop(move(to), to, said);
        else this.#click = { at: performance.now(), point: from };
        this.#showSelection();
      },
      cancel: () => {
        desk.preview(null);
        desk.sketch({});
      },
    };
  }

  /** @param {Region[]} after @param {Point} to @param {string} said */
  #drop(after, to, said) {
    if (!isSound(after)) {
      this.desk.say("The outline would cross itself there; it stays as it was.");
      return;
    }
    this.#selected = to;
    this.desk.commit(claimGround(this.desk.regions, after, this.desk), this.name, said);
  }

  /** @param {Pointer} pointer */
  #wipe({ point, reach }) {
    const { desk } = this;
    /** @type {Map<string, Point>} */
    const wiped = new Map();
    const wipe = (/** @type {Point} */ at) => {
      for (const vertex of desk.regions.flatMap(({ parts }) => parts.flat(2))) {
        if (distance(vertex, at) <= reach) wiped.set(String(vertex), vertex);
      }
      desk.preview(deleteVertices(desk.regions, [...wiped.values()]));
      desk.sketch({ brush: { track: [at], radius: reach, kind: "erase" } });
    };
    wipe(point);
    return {
      /** @param {Pointer} pointer */
      move: ({ point: at }) => wipe(at),
      release: () => {
        desk.preview(null);
        desk.sketch({});
        this.#remove([...wiped.values()]);
      },
      cancel: () => {
        desk.preview(null);
        desk.sketch({});
      },
    };
  }

  /** @param {Point[]} points */
  #remove(points) {
    if (!points.length) return;
    const { desk } = this;
    const after = deleteVertices(desk.regions, points);
    if (!after) desk.say("An outline needs three points; it stays. With another tool {remove} takes the whole region away.");
    else if (!isSound(after)) desk.say("Without this the outline would cross itself.");
    else {
      const said = points.length === 1 ? "Deleted a point." : `Deleted ${points.length} points.`;
      desk.commit(claimGround(desk.regions, after, desk), this.name, said);
    }
    this.#selected = null;
    desk.sketch({});
  }

  /** The ring on which the selected point stands, the chosen structure's first, and where on it. */
  #place() {
    const { regions, label } = this.desk;
    const own = ringPlaces(regions, label);
    for (const place of [...own, ...ringPlaces(regions)]) {
      const ring = ringAt(regions, place);
      const at = ring.findIndex((point) => this.#selected && samePoint(point, this.#selected));
      if (at >= 0) return { ring, at };
    }
    return { ring: ringAt(regions, own[0]), at: -1 };
  }

  /** @param {number} step */
  #walk(step) {
    const { ring, at } = this.#place();
    this.#selected = ring[at < 0 ? 0 : (at + step + ring.length) % ring.length];
    this.#showSelection();
    const [x, y] = this.#selected;
    this.desk.say(`Point at ${number(x, 1)}, ${number(y, 1)}.`);
  }

  #insertAfter() {
    const { ring, at } = this.#place();
    const [a, b] = [ring[at], ring[(at + 1) % ring.length]];
    const middle = onGrid([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    if (samePoint(middle, a) || samePoint(middle, b)) return;
    this.#drop(insertVertex(this.desk.regions, a, b, middle), middle, "Inserted a point.");
    this.#showSelection();
  }

  /** @param {number} dx @param {number} dy image px */
  #nudge(dx, dy) {
    const from = this.#standing;
    if (!from) return;
    const { regions, linked, data } = this.desk;
    const to = inImage([from[0] + dx, from[1] + dy], data.image.width, data.image.height);
    const { region } = vertexNear(regions, from, 0) ?? { region: 0 };
    const moved = linked ? moveVertex(regions, from, to) : detachVertex(regions, region, from, to);
    this.#drop(moved, to, "Moved a point.");
    this.#showSelection();
  }

  leave() {
    this.#selected = null;
    this.desk.sketch({});
  }
}
