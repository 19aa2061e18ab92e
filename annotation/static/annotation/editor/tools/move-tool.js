/**
 * Move: all outlines as one, by a drag or the arrow keys; mirrored where they lie.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/tools/tool.js").Pointer} Pointer
 */
import { mirrored, moved } from "#editor/moving.js";
import { arrowActions } from "#editor/tools/tool.js";

export class MoveTool {
  name = "move";
  offer = { label: "Move all outlines", keys: ["O"] };
  /** @type {Action[]} */
  actions = [
    {
      name: "mirror",
      bar: "Mirror",
      group: "Move",
      label: "Mirror all outlines, left to right",
      keys: ["X"],
      otherwise: "There is no outline yet.",
      enabled: () => this.desk.regions.length > 0,
      run: () => this.#mirror(),
    },
    ...arrowActions({
      name: "move",
      group: "Move",
      what: "all outlines",
      enabled: () => this.desk.regions.length > 0,
      run: (by) => this.#commit(this.#movedBy(by), "Outlines moved."),
    }),
  ];

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Pointer} pointer */
  press({ point: [x, y] }) {
    const { desk } = this;
    if (!desk.regions.length) {
      desk.say("There is no outline yet to move.");
      return null;
    }
    /** @param {Pointer} pointer */
    const after = ({ point }) => this.#movedBy([point[0] - x, point[1] - y]);
    return {
      /** @param {Pointer} pointer */
      move: (pointer) => desk.preview(after(pointer)),
      /** @param {Pointer} pointer */
      release: (pointer) => this.#commit(after(pointer), "Outlines moved. {undo} takes them back."),
      cancel: () => desk.preview(null),
    };
  }

  #mirror() {
    this.#commit(mirrored(this.desk.regions, this.desk.data.image), "Outlines mirrored.");
  }

  /** @param {Point} shift px */
  #movedBy(shift) {
    return moved(this.desk.regions, shift, this.desk.data.image);
  }

  /** @param {Region[]} regions @param {string} said */
  #commit(regions, said) {
    const { desk } = this;
    if (regions.length === desk.regions.length) return desk.commit(regions, this.name, said);
    desk.preview(null);
    desk.say("An outline would leave the scan; they stay where they were.");
  }
}
