/**
 * Vertices: drag one, press on an edge to insert one, Alt-click, double-click or Delete to delete.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 */
import { distance, samePoint } from "#editor/geometry.js";
import {
  deleteVertex,
  edgeNear,
  insertVertex,
  isSound,
  moveVertex,
  ringAt,
  vertexNear,
} from "#editor/regions.js";

/** Handles are shown this near to the pointer. Screen px */
const HANDLE_REACH = 80;
const DOUBLE_CLICK_MS = 350;

export class VertexTool {
  name = "vertices";
  offer = { label: "Move, insert and delete points", keys: ["V"], button: { text: "Points" } };
  actions = [
    {
      name: "remove-point",
      group: "Points",
      label: "Delete the chosen point",
      keys: ["Delete", "Backspace"],
      enabled: () => this.#selectedStands,
      run: () => this.#remove(),
    },
  ];
  /** @type {Point | null} */
  #selected = null;
  /** @type {{at: number, point: Point} | null} */
  #click = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Pointer | null} pointer */
  hover(pointer) {
    if (!pointer) return this.desk.sketch(this.#selection());
    const { regions } = this.desk;
    const vertex = vertexNear(regions, pointer.point, pointer.reach);
    const edge = vertex ? null : edgeNear(regions, pointer.point, pointer.reach);
    const handles = this.#handlesNear(regions, pointer.point);
    if (vertex) {
      const point = ringAt(regions, vertex)[vertex.vertex];
      this.desk.sketch({ handles, target: { point, kind: "vertex" } });
    } else if (edge) this.desk.sketch({ handles, target: { point: edge.point, kind: "insert" } });
    else this.desk.sketch({ ...this.#selection(), handles });
  }

  /** @returns {import("#editor/overlay.js").Sketch} */
  #selection() {
    return this.#selected ? { target: { point: this.#selected, kind: "vertex" } } : {};
  }

  /** @param {Region[]} regions @param {Point} point */
  #handlesNear(regions, point) {
    const reach = HANDLE_REACH / this.desk.scale;
    return regions.flatMap(({ parts }) => parts.flat(2)).filter((p) => distance(p, point) <= reach);
  }

  /** @param {Pointer} pointer */
  press({ point, reach, alt }) {
    const { regions } = this.desk;
    const vertex = vertexNear(regions, point, reach);
    if (vertex) return this.#pressVertex(ringAt(regions, vertex)[vertex.vertex], alt);
    const edge = edgeNear(regions, point, reach);
    if (edge) return this.#insert(edge);
    this.desk.pick(point);
    this.#selected = null;
    this.desk.sketch({});
    return null;
  }

  /** @param {Point} vertex @param {boolean} alt */
  #pressVertex(vertex, alt) {
    const click = this.#click;
    this.#click = { at: performance.now(), point: vertex };
    const isDouble =
      click && samePoint(click.point, vertex) && this.#click.at - click.at < DOUBLE_CLICK_MS;
    this.#selected = vertex;
    if (!alt && !isDouble) return this.#drag(this.desk.regions, vertex, "Moved a point.", false);
    this.#remove();
    return null;
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

  /** @param {Region[]} regions @param {Point} from @param {string} said @param {boolean} isNew */
  #drag(regions, from, said, isNew) {
    const { desk } = this;
    /** @type {Point} */
    let to = from;
    const show = () => {
      desk.preview(moveVertex(regions, from, to));
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
        if (isNew || !samePoint(to, from)) this.#drop(moveVertex(regions, from, to), to, said);
        desk.sketch(this.#selection());
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
    this.desk.commit(after, this.name, said);
  }

  /** Whether the selected vertex is still one. */
  get #selectedStands() {
    const selected = this.#selected;
    return (
      selected !== null &&
      this.desk.regions.some(({ parts }) => parts.flat(2).some((p) => samePoint(p, selected)))
    );
  }

  #remove() {
    if (!this.#selected) return;
    const after = deleteVertex(this.desk.regions, this.#selected);
    if (!after) this.desk.say("An outline needs three points; Delete takes the whole region away.");
    else if (!isSound(after)) this.desk.say("Without this point the outline would cross itself.");
    else this.desk.commit(after, this.name, "Deleted a point.");
    this.#selected = null;
    this.desk.sketch({});
  }

  leave() {
    this.#selected = null;
    this.desk.sketch({});
  }
}
