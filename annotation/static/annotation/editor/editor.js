/**
 * The workbench round one scan: it shows image and outlines on the stage, hands gestures to the
 * tools and keys to commands. Saving and submitting (`annotating.js`) and review (`reviewing.js`)
 * are modes on top of it.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/overlay.js").Label} Label
 * @typedef {import("#editor/overlay.js").Pin} Pin
 * @typedef {import("#editor/keys.js").Command} Command
 * @typedef {import("#editor/tools/tool.js").Tool} Tool
 * @typedef {{regions: Region[], origin: string, suggestionVersion: string, decision: string,
 *   reason: string}} Drawing one moment of the work
 * @typedef {{
 *   mode: "annotate" | "review" | "read", notice: string, user: number,
 *   image: {id: number, width: number, height: number, pixels: string},
 *   plane: string, thickness_definition: string, spacing: [number, number] | null,
 *   labels: Label[],
 *   annotation: {id: number, revision: number, regions: Region[], state: string, origin: string,
 *     suggestion_version: string, decision: string, reason: string} | null,
 *   suggestion: {version: string, probability: number | null, regions: Region[]} | null,
 *   issues: {x: number, y: number, text: string}[],
 *   urls: {save: string, submit: string, take_back: string, review: string, next: string},
 * }} EditorData
 * @typedef {{
 *   readonly editable: boolean, readonly saved: Promise<void>,
 *   changed(gesture: {tool: string, ms: number}): void, close(): void,
 * }} Mode
 */
import { Annotating } from "#editor/annotating.js";
import { History } from "#editor/history.js";
import { commandFor, isTyping, keyName } from "#editor/keys.js";
import { measureLabel } from "#editor/measurement.js";
import { Panel } from "#editor/panel.js";
import { PointerInput } from "#editor/pointer-input.js";
import { Reading } from "#editor/reading.js";
import { deleteRegion, regionAt, toggleCut } from "#editor/regions.js";
import { Reviewing } from "#editor/reviewing.js";
import { Stage } from "#editor/stage.js";
import { DrawTool } from "#editor/tools/draw-tool.js";
import { RedrawTool } from "#editor/tools/redraw-tool.js";
import { VertexTool } from "#editor/tools/vertex-tool.js";

const ZOOM_STEP = 1.25;
const MODES = { annotate: Annotating, review: Reviewing, read: Reading };
const FOLDED = "myotrace-panel-folded";

/** @param {EditorData} data @returns {Drawing} */
function firstDrawing({ annotation }) {
  return {
    regions: annotation?.regions ?? [],
    origin: annotation?.origin ?? "drawn",
    suggestionVersion: annotation?.suggestion_version ?? "",
    decision: annotation?.decision ?? "",
    reason: annotation?.reason ?? "",
  };
}

export class Editor {
  /** @type {Map<string, Command>} */
  commands = new Map();
  /** @type {Record<string, Tool>} */
  #tools = {};
  /** @type {Tool | null} */
  activeTool = null;
  /** @type {Region[] | null} */
  #preview = null;
  #pressedAt = 0;
  /** @type {Point | null} */
  #picked = null;
  #otherShown = true;
  /** @type {Region[]} */
  #other = [];
  #drawScheduled = false;
  #listeners = new AbortController();

  /** @param {HTMLElement} host whose pieces this fills @param {EditorData} data */
  constructor(host, data) {
    this.host = host;
    this.data = data;
    this.history = new History(firstDrawing(data));
    this.label = this.regions[0]?.label ?? data.labels[0]?.name ?? "";
    this.stage = new Stage(this.piece("stage"), data.image, data.labels, data.spacing);
    this.panel = new Panel(this);
    this.input = new PointerInput(this.stage, this);
    this.#tools = {
      redraw: new RedrawTool(this),
      vertices: new VertexTool(this),
      draw: new DrawTool(this),
    };
    this.#addCommands();
    /** @type {Mode} */
    this.mode = new MODES[data.mode](this);
    this.#listen();
    this.#begin();
  }

  close() {
    this.#listeners.abort();
    this.input.close();
    this.stage.close();
    this.mode.close();
  }

  async #begin() {
    this.host.toggleAttribute("data-folded", localStorage.getItem(FOLDED) === "yes");
    this.useTool(this.#firstTool());
    this.draw();
    this.host.focus({ preventScroll: true });
    try {
      await this.stage.picture.load(this.data.image.pixels);
    } catch (error) {
      this.say(`${error instanceof Error ? error.message : error}. Reload the page to try again.`);
    }
  }

  /** The tool that a person begins with. */
  #firstTool() {
    if (!this.mode.editable) return null;
    return this.regions.length || this.data.suggestion ? "redraw" : "draw";
  }

  /** The regions as they are now. */
  get regions() {
    return this.history.present.regions;
  }

  get scale() {
    return this.stage.viewport.scale;
  }

  /** @param {string} name @returns {HTMLElement} */
  piece(name) {
    const found = this.host.querySelector(`[data-piece="${name}"]`);
    if (!(found instanceof HTMLElement)) throw new Error(`the page has no piece ${name}`);
    return found;
  }

  /** @param {Tool} tool that a mode brings along */
  addTool(tool) {
    this.#tools[tool.name] = tool;
  }

  /** @param {string} name @param {string[]} keys @param {string} does @param {() => void} run */
  addCommand(name, keys, does, run) {
    this.commands.set(name, { keys, does, run });
  }

  #addCommands() {
    const zoom = (/** @type {number} */ factor) => this.#zoom(factor);
    this.addCommand("fit", ["0"], "Fit the scan into the window", () => this.#fit());
    this.addCommand("zoom-in", ["+", "="], "Zoom in", () => zoom(ZOOM_STEP));
    this.addCommand("zoom-out", ["-"], "Zoom out", () => zoom(1 / ZOOM_STEP));
    this.addCommand("fold", ["F"], "Fold the panel away or back", () => this.#fold());
    this.addCommand("help", ["?"], "Show these keys", () => this.panel.toggleHelp());
    this.addCommand("reset-window", [], "", () => this.#setWindow(0, 0));
    if (this.data.suggestion) {
      this.addCommand("other", ["Q"], "Show or hide the pre-label", () => this.#toggleOther());
    }
  }

  /** @param {boolean} editable whether the tools are offered */
  setEditable(editable) {
    this.host.toggleAttribute("data-editable", editable);
  }

  /** The commands of whoever may change outlines. */
  addDrawingCommands() {
    const tool = (/** @type {string} */ name) => () => this.useTool(name);
    this.addCommand("redraw", ["R"], "Redraw part of an outline", tool("redraw"));
    this.addCommand("vertices", ["V"], "Move, insert and delete points", tool("vertices"));
    this.addCommand("draw", ["D"], "Draw a new outline", tool("draw"));
    this.addCommand("finish", ["Enter"], "Close the outline being drawn", () =>
      this.activeTool?.finish?.(),
    );
    this.addCommand("back", ["Backspace"], "Take the last point back", () => {
      if (!this.activeTool?.back?.()) this.#remove();
    });
    this.addCommand("remove", ["Delete"], "Delete the chosen point, else the region", () =>
      this.#remove(),
    );
    this.addCommand("undo", ["Ctrl+Z"], "Undo", () => this.undo());
    this.addCommand("redo", ["Ctrl+Shift+Z", "Ctrl+Y"], "Redo", () => this.redo());
    this.addCommand("cancel", ["Escape"], "Give the stroke up", () => {
      if (!this.input.cancel()) this.activeTool?.leave?.();
    });
    this.data.labels.forEach(({ name, title, number }) =>
      this.addCommand(`label-${number}`, [String(number)], `Choose ${title}`, () =>
        this.select(name),
      ),
    );
  }

  #listen() {
    const { signal } = this.#listeners;
    this.host.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    this.host.addEventListener("keyup", (event) => this.#keyUp(event), { signal });
    this.host.addEventListener("click", (event) => this.#click(event), { signal });
    this.host.addEventListener("input", (event) => this.#slide(event), { signal });
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (event.defaultPrevented || isTyping(event.target, event)) return;
    if (keyName(event) === "Space") this.input.panning = true;
    const command = commandFor(this.commands, event);
    if (!command && keyName(event) !== "Space") return;
    event.preventDefault();
    this.#pressedAt = performance.now();
    if (!event.repeat || /^(Ctrl\+|[-+=0]$)/.test(keyName(event))) command?.run();
  }

  /** @param {KeyboardEvent} event */
  #keyUp(event) {
    if (event.key === " ") this.input.panning = false;
  }

  /** A button that was clicked hands the keys back; one that was reached by keys keeps them. @param {MouseEvent} event */
  #click(event) {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button) return;
    this.commands.get(button.dataset.command ?? "")?.run();
    const isPointer = event.detail > 0 && document.activeElement === button;
    if (isPointer && !button.closest("form, dialog")) this.host.focus({ preventScroll: true });
  }

  /** @param {Event} event */
  #slide({ target }) {
    if (!(target instanceof HTMLInputElement) || !target.dataset.window) return;
    const { brightness, contrast } = this.stage.picture;
    const moved = { brightness, contrast, [target.dataset.window]: Number(target.value) };
    this.#setWindow(moved.brightness, moved.contrast);
  }

  /** @param {number} brightness @param {number} contrast */
  #setWindow(brightness, contrast) {
    this.stage.picture.adjust(brightness, contrast);
    this.adjusted();
  }

  /** The pointer goes down on the stage. */
  pressed() {
    this.#pressedAt = performance.now();
    this.host.focus({ preventScroll: true });
  }

  /** Brightness or contrast has changed. */
  adjusted() {
    this.panel.showWindow(this.stage.picture);
  }

  #fit() {
    this.stage.viewport.fit();
    this.stage.place();
  }

  /** @param {number} factor */
  #zoom(factor) {
    const { width, height } = this.stage.container.getBoundingClientRect();
    this.stage.viewport.zoom(factor, [width / 2, height / 2]);
    this.stage.place();
  }

  #fold() {
    this.host.toggleAttribute("data-folded");
    localStorage.setItem(FOLDED, this.host.hasAttribute("data-folded") ? "yes" : "no");
  }

  /** @param {string | null} name */
  useTool(name) {
    if (name !== null && !this.#tools[name]) return;
    this.input.cancel();
    this.activeTool?.leave?.();
    this.activeTool = name === null ? null : this.#tools[name];
    this.stage.container.dataset.tool = name ?? "";
    this.panel.showTool(name ?? "");
  }

  /** @param {string} label */
  select(label) {
    this.label = label;
    this.#picked = null;
    this.draw();
  }

  /** Chooses the region under a point, if there is one. @param {Point} point */
  pick(point) {
    const index = regionAt(this.regions, point);
    if (index < 0) return;
    this.select(this.regions[index].label);
    this.#picked = point;
  }

  /** The region that is deleted and drawn stronger: the picked one, else the newest of its label. */
  get #chosen() {
    const picked = this.#picked ? regionAt(this.regions, this.#picked) : -1;
    if (this.regions[picked]?.label === this.label) return picked;
    return this.regions.findLastIndex(({ label }) => label === this.label);
  }

  /** @param {string} text that tells what came of a gesture */
  say(text) {
    this.panel.say(text);
  }

  /** Outlines to compare with. @param {Region[]} regions @param {boolean} shown at first */
  showOther(regions, shown = true) {
    this.#other = regions;
    this.#otherShown = shown;
    this.draw();
  }

  #toggleOther() {
    this.#otherShown = !this.#otherShown;
    this.draw();
    this.say(this.#otherShown ? "The pre-label is shown." : "The pre-label is hidden.");
  }

  /** @param {Pin[]} pins */
  showPins(pins) {
    this.stage.overlay.showPins(pins);
    this.draw();
  }

  /** @param {import("#editor/overlay.js").Sketch} sketch */
  sketch(sketch) {
    this.stage.overlay.showSketch(sketch);
  }

  /** @param {Region[] | null} regions shown while a gesture lasts */
  preview(regions) {
    this.#preview = regions;
    this.draw();
  }

  /** Ends a gesture in a change. @param {Region[]} regions @param {string} tool @param {string} said */
  commit(regions, tool, said) {
    const { origin } = this.history.present;
    this.change(
      { regions, origin: origin === "drawn" ? "drawn" : "correction", decision: "", reason: "" },
      tool,
      said,
    );
  }

  /** @param {Partial<Drawing>} drawing @param {string} tool @param {string} said */
  change(drawing, tool, said) {
    this.history.push({ ...this.history.present, ...drawing });
    this.#changed(tool);
    this.say(said);
  }

  /** @param {string} tool */
  #changed(tool) {
    this.#preview = null;
    const ms = Math.round(performance.now() - this.#pressedAt);
    this.mode.changed({ tool, ms: ["undo", "redo"].includes(tool) ? 0 : ms });
    this.draw();
    this.host.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: { tool } }));
  }

  undo() {
    if (this.history.undo()) this.#changed("undo");
    else this.say("There is nothing to undo.");
  }

  redo() {
    if (this.history.redo()) this.#changed("redo");
    else this.say("There is nothing to redo.");
  }

  /** The same drawing in the server's form. @param {Partial<Drawing>} drawing */
  settle(drawing) {
    this.history.replace({ ...this.history.present, ...drawing });
    this.draw();
  }

  #remove() {
    if (this.activeTool?.remove?.()) return;
    const index = this.#chosen;
    if (index < 0) return this.say("There is no region of this structure to delete.");
    this.commit(deleteRegion(this.regions, index), "delete", "Region deleted. Ctrl+Z brings it back.");
  }

  /** @param {string} side */
  toggleCut(side) {
    if (!this.regions.some(({ label }) => label === this.label)) {
      return this.say("Outline the muscle first, then say where the view cuts it.");
    }
    this.commit(toggleCut(this.regions, this.label, side), "cut", `Cut ${side} changed.`);
  }

  /** Shows the work as it is now, once a frame. */
  draw() {
    if (this.#drawScheduled) return;
    this.#drawScheduled = true;
    requestAnimationFrame(() => {
      this.#drawScheduled = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const regions = this.#preview ?? this.regions;
    const measured = this.data.labels.map(({ name }) => measureLabel(regions, name, this.data));
    const lines = measured.flatMap(({ thickness }) => (thickness ? [thickness.line] : []));
    this.stage.overlay.showOther(this.#otherShown ? this.#other : []);
    this.stage.show(regions, this.#chosen, lines);
    this.panel.showWork(this.history, regions, measured);
  }
}
