/**
 * The workbench round one scan: it shows image and outlines on the stage, hands gestures to the
 * tools and keys to actions. Saving and submitting (`annotating.js`) and review (`reviewing.js`)
 * are modes on top of it.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/overlay.js").Label} Label
 * @typedef {import("#editor/overlay.js").Pin} Pin
 * @typedef {import("#editor/tools/tool.js").Tool} Tool
 * @typedef {import("#editor/drawing.js").Drawing} Drawing
 * @typedef {{
 *   schema: number, mode: "annotate" | "review" | "read" | "look-on", notice: string, user: number,
 *   closed?: "elsewhere" | "newer" | "outdated", title: string,
 *   image: {id: number, width: number, height: number, pixels: string},
 *   plane: string, thickness_definition: string, time_zone: string,
 *   area_unit: import("#editor/numbers.js").AreaUnit, spacing: [number, number] | null,
 *   why_no_mm: string,
 *   labels: Label[],
 *   annotation: {id: number, revision: number, regions: Region[], state: string, origin: string,
 *     suggestion_version: string, decision: string, reason: string} | null,
 *   suggestion: {version: string, probability: number | null, regions: Region[]} | null,
 *   uncertainty: import("#editor/uncertainty.js").Sources | null,
 *   comparisons: import("#editor/comparing.js").Source[],
 *   starts: import("#editor/starting.js").Start[],
 *   sweep: import("#editor/sweeping.js").SweepData | null,
 *   issues: {id: number, x: number, y: number, text: string, answer: string}[],
 *   correction: boolean, decide_now?: boolean, compared_first?: string,
 *   urls: {save: string, left: string, reservation: string, revision: string, submit: string, take_back: string, taking_back: string, review: string, withdraw: string, answer: string, next: string},
 * }} EditorData
 * @typedef {{regions: Region[], tool: string, version: string, title: string}} Offered
 *   `tool`: where it comes from, as an origin
 * @typedef {{
 *   readonly editable: boolean, readonly saved: Promise<void>,
 *   changed(gesture: {tool: string, ms: number}): void, close(): void,
 *   leave(): Promise<boolean>, shown?(): void, structureChosen?(label: string): void,
 *   readonly keepsStructure?: boolean, readonly offered?: Offered | null,
 * }} Mode `shown`: the scan has appeared; `offered`: what is shown to be taken over; `keepsStructure`: a press on another does not choose it; `leave` makes the work safe before another scan is shown, and says whether it is
 */
import { Actions } from "#editor/actions.js";
import { Annotating } from "#editor/annotating.js";
import { answerRemarks } from "#editor/answering.js";
import { Appearance } from "#editor/appearance.js";
import { BorderCheck } from "#editor/border-check.js";
import { showKeys, showStates } from "#editor/buttons.js";
import { drawingOf, SCHEMA } from "#editor/drawing.js";
import { Comparing } from "#editor/comparing.js";
import { bounds } from "#editor/geometry.js";
import { Drafts } from "#editor/drafts.js";
import { Guideline } from "#editor/guideline.js";
import { Help } from "#editor/help.js";
import { History } from "#editor/history.js";
import { Keyboard } from "#editor/keyboard.js";
import { Keymap } from "#editor/keymap.js";
import { LookingOn } from "#editor/looking-on.js";
import { Looking } from "#editor/looking.js";
import { Measuring } from "#editor/measurement.js";
import { Messages } from "#editor/messages.js";
import { Panel } from "#editor/panel.js";
import { PointerInput } from "#editor/pointer-input.js";
import { Reading } from "#editor/reading.js";
import { deleteRegion, firstChanged, regionAt, toggleCut } from "#editor/regions.js";
import { Reviewing } from "#editor/reviewing.js";
import { Stage } from "#editor/stage.js";
import { offerTakingBack } from "#editor/submitted.js";
import { Sweeping } from "#editor/sweeping.js";
import { ToolBar } from "#editor/tool-bar.js";
import { Toolbar } from "#editor/toolbar.js";
import { ToolDesk } from "#editor/tool-desk.js";
import { Toolbox } from "#editor/toolbox.js";
import { TOOLS } from "#editor/tools/all.js";
import { DrawTool } from "#editor/tools/draw-tool.js";
import { Uncertainty } from "#editor/uncertainty.js";
import { warmUpWhenIdle } from "#editor/warm-up.js";

const MODES = {
  annotate: Annotating,
  review: Reviewing,
  read: Reading,
  "look-on": LookingOn,
};

/** What nothing but the scan, or one's own other frames, informed. */
const OWN_ORIGINS = new Set(["drawn", "carried", "interpolated"]);

const DURING_STROKE = "Not while the pointer is down: end the stroke, or {cancel} gives it up.";

export class Editor {
  /** @type {Region[] | null} */
  #preview = null;
  /** Whether a person has done something here. */
  touched = false;
  #pressedAt = 0;
  /** @type {Point | null} */
  #picked = null;
  /** @type {Region[]} */
  #other = [];
  #drawScheduled = false;
  #statesScheduled = false;
  /** Whether neighbours follow a shared border. */
  linked = true;
  /** Labels whose outlines no tool changes. @type {Set<string>} */
  locked = new Set();
  /** What the brushes share, image px. */
  brush = { radius: 10 };
  #listeners = new AbortController();
  #appearance = new Appearance();
  #measuring;

  /** @param {import("#editor/contour-editor.js").ContourEditor} host whose pieces this fills @param {EditorData} data */
  constructor(host, data) {
    this.host = host;
    this.data = data;
    this.history = new History(drawingOf(data.annotation));
    this.drafts = new Drafts(localStorage, `${data.mode}-${data.user}:${data.image.id}`, () => this.draw());
    this.label = this.regions[0]?.label ?? data.labels[0]?.name ?? "";
    this.stage = new Stage(this.piece("stage"), data.image, data.labels, data.spacing);
    this.panel = new Panel(this);
    this.messages = new Messages((text) => this.panel.say(text), () => this.#moment);
    this.#measuring = new Measuring(data);
    this.borders = new BorderCheck(this.piece("borders"), data);
    this.input = new PointerInput(this.stage, this);
    const keymap = new Keymap(localStorage, data.user);
    this.actions = new Actions(keymap, (text) => this.say(text), (action, how) => this.#refusal(action, how));
    this.keyboard = new Keyboard(host, this.actions, () => this.#begins());
    this.bar = new ToolBar(this.piece("bar"), this.actions);
    this.toolbox = new Toolbox(this, this.actions);
    this.help = new Help(this.#helpPieces, this.actions, keymap, () => this.#showKeys());
    const mode = data.schema > SCHEMA ? "look-on" : data.mode;
    if (mode === "annotate" || mode === "review") this.#addDrawing();
    this.looking = new Looking(this, this.#listeners.signal);
    this.guideline = new Guideline(this);
    this.comparing = new Comparing(this);
    answerRemarks(this, this.#listeners.signal);
    if (data.uncertainty?.map) new Uncertainty(this, data.uncertainty);
    this.actions.add({
      name: "help",
      group: "Help",
      label: "Show these keys",
      keys: ["?", "F1"],
      run: () => this.help.open(),
    });
    this.sweeping = data.sweep ? new Sweeping(this, data.sweep) : null;
    /** @type {Mode} */
    this.mode = new MODES[mode](this);
    offerTakingBack(this);
    this.toolbar = new Toolbar(this.piece("tools"), this.actions);
    this.#showKeys();
    this.#listen();
    this.#begin();
  }

  close() {
    this.#listeners.abort();
    this.sweeping?.close();
    this.toolbox.close();
    this.keyboard.close();
    this.input.close();
    this.borders.close();
    this.stage.close();
    this.mode.close();
  }

  async #begin() {
    this.useTool(this.#firstTool());
    if (this.#draft) this.#sayDraft("The line that you started is back.");
    this.draw();
    this.host.focus({ preventScroll: true });
    try {
      await this.stage.picture.load(this.data.image.pixels);
      if (this.#listeners.signal.aborted) return;
      this.#resumeDraft();
      this.draw();
      requestAnimationFrame(() => this.#painted());
      this.mode.shown?.();
      this.sweeping?.prepare();
      if (this.mode.editable) warmUpWhenIdle(() => this.regions);
    } catch (error) {
      this.say(`${error instanceof Error ? error.message : error}. Reload the page to try again.`);
    }
  }

  #painted() {
    this.#appearance.painted();
    this.stage.container.setAttribute("data-shown", "");
  }

  /** The tool that a person begins with. */
  #firstTool() {
    if (!this.mode.editable) return null;
    if (this.#started) return this.#started;
    const isThere = this.regions.length || this.data.suggestion || this.sweeping?.isProposed;
    return isThere ? (this.sweeping?.tool ?? "redraw") : "draw";
  }

  /** The regions as they are now. */
  get regions() {
    return this.history.present.regions;
  }

  /** What is shown to be taken over while nothing is drawn; the first edit does. @returns {Offered | null} */
  get offered() {
    const { regions, decision } = this.history.present;
    if (regions.length || decision || !this.mode?.editable) return null;
    return this.sweeping?.offered ?? this.mode.offered ?? null;
  }

  /** What tools work on: what is drawn, else what is offered. */
  get atHand() {
    return this.offered?.regions ?? this.regions;
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

  get #helpPieces() {
    return {
      dialog: this.piece("help"),
      list: this.piece("keys"),
      message: this.piece("key-message"),
      characters: this.piece("characters"),
      restore: this.piece("restore-keys"),
    };
  }

  #showKeys() {
    showKeys(this.host, this.actions);
  }

  /** @returns {Tool | null} */
  get activeTool() {
    return this.toolbox.active;
  }

  /** @param {string | null} name */
  useTool(name) {
    this.toolbox.use(name);
  }

  /** Another tool is active. */
  toolChanged() {
    this.stage.container.dataset.tool = this.activeTool?.name ?? "";
    this.bar.show(this.activeTool);
    this.#showKeys();
    this.#resumeDraft();
    this.draw();
  }

  /** The first tool with a line that is not put in. */
  get #started() {
    return this.drafts.unfinished.find((tool) => this.toolbox.has(tool));
  }

  /** The line that was started with the active tool. */
  get #draft() {
    return this.drafts.of(this.activeTool?.name ?? "");
  }

  /** It is shown, and the structure that it is for is chosen. */
  #resumeDraft() {
    const { label } = this.#draft ?? {};
    const isKnown = this.data.labels.some(({ name }) => name === label);
    if (label !== undefined && label !== this.label && isKnown) this.select(label);
    this.activeTool?.resume?.();
  }

  /** Whether a line is started and not put in: nothing is handed in without it, and that is said. */
  holdsDraft() {
    if (!this.#started) return false;
    this.useTool(this.#started);
    this.#sayDraft("Not yet: a line is not put in.");
    return true;
  }

  /** @param {string} said before what can be done with the line */
  #sayDraft(said) {
    this.say(`${said} {${this.activeTool?.finishes}} puts it in, {cancel} gives it up.`);
  }

  /** What can be done by whoever may change outlines. */
  #addDrawing() {
    const desk = new ToolDesk(this);
    for (const Kind of TOOLS) this.toolbox.add(new Kind(Kind === DrawTool ? this : desk));
    const group = "Edit";
    const applies = () => this.mode.editable;
    this.actions.add(
      {
        name: "undo",
        group,
        label: "Undo",
        keys: ["Ctrl+Z"],
        button: { text: "Undo", sign: "↶" },
        repeats: true,
        otherwise: "There is nothing to undo.",
        applies,
        enabled: () => this.drafts.canUndo(this.activeTool?.name ?? "") || this.history.canUndo,
        run: () => this.#stepBack(),
      },
      {
        name: "redo",
        group,
        label: "Redo",
        keys: ["Ctrl+Shift+Z", "Ctrl+Y"],
        button: { text: "Redo", sign: "↷" },
        repeats: true,
        otherwise: "There is nothing to redo.",
        applies,
        enabled: () => this.drafts.canRedo(this.activeTool?.name ?? "") || this.history.canRedo,
        run: () => this.#stepForward(),
      },
      {
        name: "remove",
        group,
        label: "Delete the region",
        keys: ["Delete"],
        button: { text: "Delete", sign: "✕" },
        otherwise: "There is no region of this structure to delete. Points are deleted one by one.",
        applies,
        enabled: () => this.#chosen >= 0 && !this.activeTool?.keepsRegions,
        run: () => this.#remove(),
      },
      {
        name: "cancel",
        group,
        label: "Give the stroke, or the line that is started, up",
        keys: ["Escape"],
        duringStroke: true,
        applies,
        run: () => this.#cancel(),
      },
      {
        name: "unlink",
        group,
        label: "Let neighbours keep their border, or follow again",
        keys: ["L"],
        applies,
        pressed: () => !this.linked,
        run: () => this.#toggleLink(),
      },
      {
        name: "lock",
        group,
        label: "Lock the chosen structure's outline, or unlock it",
        keys: ["Shift+L"],
        applies,
        run: () => this.toggleLock(this.label),
      },
      ...[
        { name: "smaller", label: "Smaller brush, or tolerance", keys: ["["], steps: -1 },
        { name: "larger", label: "Larger brush, or tolerance", keys: ["]"], steps: 1 },
      ].map(({ steps, ...action }) => ({
        ...action,
        group: "Brush",
        repeats: true,
        duringStroke: true,
        applies: () => applies() && this.activeTool?.resize !== undefined,
        run: () => this.activeTool?.resize?.(steps),
      })),
      ...this.data.labels.map(({ name, title, number }) => ({
        name: `label-${number}`,
        group: "Structures",
        label: `Choose ${title}`,
        keys: number < 10 ? [String(number)] : [],
        applies,
        run: () => this.select(name),
      })),
    );
  }

  /** @param {boolean} editable whether the tools are offered */
  setEditable(editable) {
    this.host.toggleAttribute("data-editable", editable);
  }

  #listen() {
    const { signal } = this.#listeners;
    this.host.addEventListener("click", (event) => this.#keepFromStroke(event), { signal, capture: true });
    this.host.addEventListener("click", (event) => this.#click(event), { signal });
    this.host.addEventListener("input", ({ target }) => this.#typed(target), { signal });
  }

  /** A reason or a remark is work, a slider for looking is none. @param {EventTarget | null} target */
  #typed(target) {
    if (target instanceof Element && target.closest("form")) this.touched = true;
  }

  /** Something is begun whose time is taken. */
  #begins() {
    this.messages.begin();
    if (!this.input.isDown) this.#pressedAt = performance.now();
  }

  /** Why an action is not done at this moment, by key or button; empty where it may be. @param {import("#editor/actions.js").Action} action @param {string} how */
  #refusal({ duringStroke, decides, mayEcho }, how) {
    if (this.input.isDown && !duringStroke) return DURING_STROKE;
    const refusal = decides ? this.#appearance.refusal(how) : "";
    if (!refusal) this.#appearance.did(how);
    if (!decides && !mayEcho) this.#appearance.touched();
    return refusal;
  }

  /** What is pressed beside the scan during a stroke, by the palm or another finger, is not meant unless it is for the stroke. @param {Event} event */
  #keepFromStroke(event) {
    const button = event.target instanceof Element && event.target.closest("[data-action]");
    const action = button instanceof HTMLElement && this.actions.named(button.dataset.action ?? "");
    if (!this.input.isDown || (action && action.duringStroke)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A button that was clicked hands the keys back; one that was reached by keys keeps them. @param {MouseEvent} event */
  #click(event) {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button) return;
    const action = this.actions.named(button.dataset.action ?? "");
    if (action) {
      this.#begins();
      this.actions.run(action);
      action.release?.(false);
    }
    const isPointer = event.detail > 0 && document.activeElement === button;
    if (isPointer && !button.closest("form, dialog")) this.host.focus({ preventScroll: true });
  }

  /** The pointer goes down on the stage. */
  pressed() {
    this.#begins();
    this.#appearance.touched();
    this.keyboard.use();
    this.touched = true;
    this.host.focus({ preventScroll: true });
  }

  /** What the pointer did on the stage is over. */
  released() {
    this.toolbox.settle();
  }

  /** The pen is turned round: its eraser end erases for one stroke. @returns {boolean} whether it can */
  takeEraser() {
    if (this.mode.editable) this.toolbox.borrow("erase");
    return this.activeTool?.name === "erase";
  }

  /** The stroke keeps it until it is over. */
  putEraserBack() {
    this.toolbox.giveBack();
  }

  /** Brightness or contrast has changed. */
  adjusted() {
    this.panel.showWindow(this.stage.picture.window);
  }

  /** @param {string} label */
  select(label) {
    this.label = label;
    this.#picked = null;
    if (this.#draft) this.drafts.settle(this.activeTool?.name ?? "", { ...this.#draft, label });
    this.mode.structureChosen?.(label);
    this.draw();
  }

  /** Chooses the region under a point, if there is one. @param {Point} point */
  pick(point) {
    const index = regionAt(this.atHand, point);
    if (index < 0) return;
    const { label } = this.atHand[index];
    if (this.keepsStructure && label !== this.label) return;
    this.select(label);
    this.#picked = point;
  }

  /** The region that is deleted and drawn stronger: the picked one, else the newest of its label. */
  get #chosen() {
    const picked = this.#picked ? regionAt(this.regions, this.#picked) : -1;
    if (this.regions[picked]?.label === this.label) return picked;
    return this.regions.findLastIndex(({ label }) => label === this.label);
  }

  /** Left, top, right and bottom of that region. @returns {[number, number, number, number] | null} */
  get chosenBounds() {
    const region = this.regions[this.#chosen];
    return region ? /** @type {[number, number, number, number]} */ (bounds(region.parts.flat())) : null;
  }

  /**
   * @param {string} text that tells what came of a gesture; `{undo}` stands for the key of that action
   * @param {import("#editor/messages.js").Holds | null} holds as long as which it is true; else it
   *   goes with what it speaks of
   */
  say(text, holds = null) {
    this.messages.say(this.actions.withKeys(text), holds);
  }

  /** What messages speak of. */
  get #moment() {
    return [this.regions, this.activeTool, this.label, this.linked, this.locked.size];
  }

  /** Outlines to compare with, dotted. @param {Region[]} regions */
  showOther(regions) {
    this.#other = regions;
    this.draw();
  }

  /** @param {Pin[]} pins */
  showPins(pins) {
    this.stage.overlay.showPins(pins);
    this.draw();
  }

  /** @param {import("#editor/overlay.js").Sketch} sketch */
  sketch(sketch) {
    this.stage.overlay.showSketch(sketch);
    this.messages.check();
    this.#showStatesSoon();
  }

  /** @param {Region[] | null} regions shown while a gesture lasts */
  preview(regions) {
    this.#preview = regions;
    this.draw();
  }

  /** Ends a gesture in a change. @param {Region[]} regions @param {string} tool @param {string} said @returns {boolean} whether no lock forbids it */
  commit(regions, tool, said) {
    const { origin } = this.history.present;
    return this.change(
      { regions, origin: OWN_ORIGINS.has(origin) ? "drawn" : "correction", decision: "", reason: "" },
      tool,
      said,
    );
  }

  /** The same on what is offered, which is taken over by it. @param {Region[]} regions @param {string} tool @param {string} said */
  edit(regions, tool, said) {
    const { offered } = this;
    if (!offered) return this.commit(regions, tool, said);
    return this.takeOver(offered, "", 0) && this.commit(regions, tool, `${offered.title} taken over. ${said}`);
  }

  /** @param {Offered} offered @param {string} said @param {number} [ms] that it took */
  takeOver({ regions, tool, version }, said, ms) {
    const drawing = { regions, origin: tool, suggestionVersion: version, decision: "", reason: "" };
    return this.change(drawing, tool, said, ms);
  }

  /** @param {Partial<Drawing>} drawing @param {string} tool @param {string} said @param {number} [ms] that it took @returns {boolean} whether no lock forbids it */
  change(drawing, tool, said, ms) {
    const held = firstChanged(this.regions, drawing.regions ?? this.regions, this.locked);
    if (held !== null) {
      this.preview(null);
      this.#sayLocked(held);
      return false;
    }
    this.history.push({ ...this.history.present, basedOn: null, ...drawing });
    this.drafts.endGivenUp();
    this.#changed(tool, ms);
    this.say(said);
    return true;
  }

  refusesChosen() {
    return this.refuses(this.label);
  }

  /** Whether a structure is locked, which is said then. @param {string} label */
  refuses(label) {
    const isLocked = this.locked.has(label);
    if (isLocked) this.#sayLocked(label);
    return isLocked;
  }

  get keepsStructure() {
    return this.mode.keepsStructure ?? false;
  }

  /** @param {string} label */
  #sayLocked(label) {
    this.say(`${this.titleOf(label)} is locked: its outline stays as it is. “Locked” beside the scan unlocks it.`);
  }

  /** @param {string} label */
  titleOf(label) {
    return this.data.labels.find(({ name }) => name === label)?.title ?? label;
  }

  /** @param {string} label */
  toggleLock(label) {
    if (!this.locked.delete(label)) this.locked.add(label);
    this.draw();
    const title = this.titleOf(label);
    this.say(
      this.locked.has(label)
        ? `${title} is locked: no tool changes its outline. Undo still does.`
        : `${title} can be changed again.`,
    );
  }

  /** @param {string} tool @param {number} ms */
  #changed(tool, ms = Math.round(performance.now() - this.#pressedAt)) {
    this.#preview = null;
    this.touched = true;
    this.mode.changed({ tool, ms });
    this.draw();
    this.host.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: { tool } }));
  }

  /** A point of the line that is started, else the last change. */
  #stepBack() {
    const tool = this.activeTool?.name ?? "";
    if (!this.drafts.canUndo(tool)) return this.undo();
    this.drafts.undo(tool);
    this.#draftChanged();
  }

  /** A line that was taken back to nothing comes again after the changes that were undone since. */
  #stepForward() {
    const tool = this.activeTool?.name ?? "";
    const isNext = this.#draft !== null || !this.history.canRedo;
    if (!this.drafts.canRedo(tool) || !isNext) return this.redo();
    this.drafts.redo(tool);
    this.#draftChanged();
  }

  #draftChanged() {
    this.#resumeDraft();
    this.draw();
  }

  undo() {
    if (this.history.undo()) this.#changed("undo", 0);
  }

  redo() {
    if (this.history.redo()) this.#changed("redo", 0);
  }

  /** The same drawing in the server's form. @param {Partial<Drawing>} drawing */
  settle(drawing) {
    this.history.replace({ ...this.history.present, ...drawing });
    this.draw();
  }

  #remove() {
    const after = deleteRegion(this.regions, this.#chosen);
    this.commit(after, "delete", "Region deleted. {undo} brings it back.");
  }

  #toggleLink() {
    this.linked = !this.linked;
    this.draw();
    this.say(
      this.linked
        ? "Neighbours follow a shared border again."
        : "Neighbours keep their border: what you take away leaves a gap.",
    );
  }

  #cancel() {
    if (this.input.cancel()) return;
    this.activeTool?.leave?.();
    if (!this.#draft) return;
    this.drafts.put(this.activeTool?.name ?? "", null);
    this.#draftChanged();
    this.say("The line is given up. {undo} brings it back.");
  }

  /** @param {string} side */
  toggleCut(side) {
    if (!this.atHand.some(({ label }) => label === this.label)) {
      return this.say("Outline the muscle first, then say where the view cuts it.");
    }
    this.edit(toggleCut(this.atHand, this.label, side), "cut", `Cut ${side} changed.`);
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

  /** What a tool shows of itself has changed, so perhaps what it can do. */
  #showStatesSoon() {
    if (this.#statesScheduled) return;
    this.#statesScheduled = true;
    requestAnimationFrame(() => {
      this.#statesScheduled = false;
      if (!this.#preview) showStates(this.host, this.actions);
    });
  }

  #drawNow() {
    const regions = this.#preview ?? this.regions;
    const { grey } = this.stage.picture;
    const measured = this.data.labels.map(({ name }) => this.#measuring.of(regions, name, grey));
    const lines = measured.flatMap(({ thickness }) => (thickness ? [thickness.line] : []));
    this.stage.overlay.showOther(this.#other);
    this.stage.show(regions, this.#chosen, lines);
    this.sweeping?.show();
    this.panel.showWork(regions, measured);
    this.borders.watch(this.regions);
    if (!this.#preview) showStates(this.host, this.actions);
    this.messages.check();
  }
}
