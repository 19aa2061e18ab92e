/**
 * Work on a sweep: from frame to frame in place, what is proposed for a frame, and playing it.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/sweep.js").Frame} Frame
 * @typedef {import("#editor/sweep.js").Proposal} Proposal
 * @typedef {{take: number, author: number | null, frames: string}} SweepData
 *   `author`: whose work is reviewed; null where one outlines
 */
import { movement, shifted } from "#editor/carrying.js";
import { call } from "#editor/connection.js";
import { FrameStrip } from "#editor/frame-strip.js";
import { blendOf } from "#editor/interpolation.js";
import { openScan, prepareScan } from "#editor/navigation.js";
import { number } from "#editor/numbers.js";
import { pixelFileOf, pixelsOf } from "#editor/pixels.js";
import { Player } from "#editor/player.js";
import { ProposalStore } from "#editor/proposal-store.js";
import { framesIn, Sweep } from "#editor/sweep.js";

/** Pixels are fetched beforehand this many frames to both sides. */
const NEAR = 2;
/** Shifts below this are nothing to speak of. px */
const STILL = 0.5;

/** @type {{take: number, author: number | null, sweep: Sweep} | null} what was open last: a sweep outlives its frames' editors */
let last = null;

export class Sweeping {
  /** @type {Sweep | null} */
  #sweep = null;
  /** @type {FrameStrip | null} */
  #strip = null;
  /** @type {Player | null} */
  #player = null;
  /** @type {Proposal | null} */
  #shown = null;
  #isMoving = false;
  #listeners = new AbortController();
  #editor;
  #image;
  #isReview;
  #take;
  #store;

  /** @param {Editor} editor @param {SweepData} data */
  constructor(editor, data) {
    this.#editor = editor;
    this.#image = editor.data.image.id;
    this.#isReview = data.author !== null;
    this.#take = data.take;
    this.#store = new ProposalStore(editor.data.user);
    this.#addActions();
    this.#listen();
    if (last?.take === data.take && last.author === data.author) this.#use(last.sweep);
    else this.#load(data);
  }

  close() {
    this.#player?.stop();
    this.#listeners.abort();
    if (this.#sweep) this.#remember(this.#sweep);
  }

  /** The tool that corrected the frame before. */
  get tool() {
    const tool = this.#sweep?.view?.tool;
    return tool === "draw" ? null : (tool ?? null);
  }

  get isProposed() {
    return this.#proposal !== null;
  }

  /** @returns {import("#editor/editor.js").Offered | null} */
  get offered() {
    const proposal = this.#proposal;
    return proposal && { ...proposal, title: `${proposal.says}:` };
  }

  /** The scan is on the screen: what comes next is fetched. */
  prepare() {
    const sweep = this.#sweep;
    if (!sweep) return;
    for (let away = 1; away <= NEAR; away += 1) {
      for (const frame of [sweep.beside(this.#image, away), sweep.beside(this.#image, -away)]) {
        if (frame) pixelsOf(frame.pixels).catch(() => {});
      }
    }
    const next = sweep.toward(this.#image, 1);
    if (next && !this.#editor.data.urls.next.endsWith(next.page)) prepareScan(next.page);
  }

  /** The proposal appears while nothing is drawn. */
  show() {
    const proposal = this.#proposal;
    if (proposal === this.#shown) return;
    this.#shown = proposal;
    this.#editor.stage.overlay.showProposed(proposal?.regions ?? []);
    if (proposal) this.#editor.say(`${proposal.says}. {accept} accepts, {reject} rejects.`);
  }

  /** The frame's work is handed in, or decided on. @param {"done" | "returned"} state */
  finished(state) {
    this.#sweep?.finish(this.#image, state);
  }

  /** The work on a frame is open again, or waits for a decision again. @param {number} image @param {"draft" | "waiting"} state */
  reopened(image, state) {
    this.#sweep?.finish(image, state);
  }

  /** @returns {Proposal | null} */
  get #proposal() {
    const { data, history } = this.#editor;
    const { regions, decision } = history.present;
    if (!this.#sweep || !this.#canPropose || regions.length || decision) return null;
    return this.#sweep.proposalFor(this.#image, data.suggestion);
  }

  get #canPropose() {
    return !this.#isReview && this.#editor.mode.editable;
  }

  #addActions() {
    const group = "Sweep";
    const enabled = () => this.#sweep !== null;
    const applies = () => this.#canPropose;
    const isProposed = () => this.isProposed;
    const otherwise = "Nothing is proposed for this frame.";
    this.#editor.actions.add(
      {
        name: "previous-frame",
        group,
        label: "Previous frame",
        keys: [","],
        repeats: true,
        enabled,
        run: () => this.#step(-1),
      },
      {
        name: "next-frame",
        group,
        label: "Next frame",
        keys: ["."],
        repeats: true,
        enabled,
        run: () => this.#step(1),
      },
      {
        name: "play",
        group,
        label: "Play the frames; any key stops",
        keys: ["/"],
        enabled,
        pressed: () => this.#player?.isPlaying ?? false,
        run: () => this.#play(),
      },
      {
        name: "propose",
        group,
        label: "Propose the outline on the next frame",
        keys: ["P"],
        applies,
        enabled,
        run: () => this.#propose(),
      },
      {
        name: "accept",
        group,
        label: "Accept what is proposed",
        keys: ["Enter"],
        mayEcho: true,
        applies,
        enabled: isProposed,
        otherwise,
        run: () => this.#accept(),
      },
      {
        name: "accept-on",
        group,
        label: "Accept, and propose on the next frame",
        keys: ["Shift+Enter"],
        mayEcho: true,
        applies,
        enabled: isProposed,
        otherwise,
        run: () => {
          this.#accept();
          this.#propose();
        },
      },
      {
        name: "reject",
        group,
        label: "Reject what is proposed",
        keys: ["Backspace"],
        applies,
        enabled: isProposed,
        otherwise,
        run: () => this.#reject(),
      },
      {
        name: "fill-in",
        group,
        label: "Propose the frames between two outlined ones",
        keys: ["J"],
        applies,
        enabled,
        run: () => this.#fillIn(),
      },
    );
  }

  #listen() {
    const { host } = this.#editor;
    const { signal } = this.#listeners;
    host.addEventListener("change", () => this.#changed(), { signal });
    const stop = (/** @type {Event} */ event) => this.#stopOn(event);
    host.addEventListener("pointerdown", stop, { signal, capture: true });
    host.addEventListener("keydown", stop, { signal, capture: true });
  }

  /** @param {SweepData} data */
  async #load({ take, author, frames }) {
    try {
      const kept = this.#isReview ? [] : this.#store.ofSweep(take).catch(() => []);
      const { status, data } = await call("GET", frames, undefined);
      if (status !== 200) throw new Error(`the server answered ${status}`);
      const sweep = new Sweep(data);
      const { back, needless } = sweep.recall(await kept);
      if (this.#listeners.signal.aborted) return;
      last = { take, author, sweep };
      this.#use(sweep);
      this.prepare();
      this.#drop(needless);
      if (back.length) this.#editor.say(`Proposals are back: ${framesIn(back.length)}.`);
    } catch {
      this.#editor.say("The frames could not be loaded. Reload the page to try again.");
    }
  }

  /** @param {Sweep} sweep @param {number[]} images whose proposals were made here and wait */
  async #keep(sweep, images) {
    const { title } = this.#editor.data;
    const kept = images.flatMap((image) => {
      const [frame, proposal] = [sweep.beside(image, 0), sweep.madeFor(image)];
      return frame && proposal ? [{ image, title, page: frame.page, proposal }] : [];
    });
    try {
      await this.#store.keep(this.#take, kept);
    } catch {
      for (const { image, proposal } of kept) {
        sweep.propose(image, { ...proposal, says: `${proposal.says}, only in this window` });
      }
    }
  }

  /** @param {number[]} images whose proposals are accepted or rejected */
  #drop(images) {
    if (images.length) this.#store.remove(images).catch(() => {});
  }

  /** @param {Sweep} sweep */
  #use(sweep) {
    this.#sweep = sweep;
    const list = this.#editor.piece("frames");
    this.#strip = new FrameStrip(list, sweep, this.#isReview, (frame) => this.#goTo(frame));
    this.#player = new Player(sweep.frames, (pixels, index) => {
      this.#editor.stage.picture.show(pixels);
      this.#showAt(index);
    });
    if (sweep.view) this.#takeView(sweep.view);
    this.#showAt(sweep.indexOf(this.#image));
    this.#editor.draw();
  }

  /** @param {import("#editor/sweep.js").View} view */
  #takeView({ place, window, label }) {
    const { stage } = this.#editor;
    stage.viewport.takePlace(place);
    stage.place();
    stage.picture.adjust(window);
    this.#editor.adjusted();
    this.#editor.label = label;
  }

  /** @param {Sweep} sweep */
  #remember(sweep) {
    const { stage, label, activeTool, regions } = this.#editor;
    const tool = activeTool?.name ?? sweep.view?.tool ?? null;
    sweep.view = { place: stage.viewport.place, window: stage.picture.window, label, tool };
    sweep.keep(this.#image, regions);
    if (regions.length) sweep.begin(this.#image);
  }

  /** @param {number} index */
  #showAt(index) {
    this.#strip?.show(index);
    const frames = this.#sweep?.frames ?? [];
    this.#editor.piece("frame-number").textContent = `${frames[index]?.number} of ${frames.length}`;
  }

  #changed() {
    if (!this.#sweep) return;
    this.#sweep.begin(this.#image);
    this.#showAt(this.#sweep.indexOf(this.#image));
    if (!this.#sweep.madeFor(this.#image)) return;
    if (this.isProposed) this.#keep(this.#sweep, [this.#image]);
    else this.#drop([this.#image]);
  }

  /** @param {number} step */
  #step(step) {
    const sweep = this.#sweep;
    const frame = sweep?.toward(this.#image, step);
    if (frame) return this.#goTo(frame);
    const isEnd = !sweep?.beside(this.#image, step);
    const [end, rest] = step > 0 ? ["last", "later"] : ["first", "earlier"];
    this.#editor.say(isEnd ? `This is the ${end} frame.` : `No ${rest} frame is submitted yet.`);
  }

  /** @param {Frame} frame */
  async #goTo(frame) {
    if (this.#isMoving || frame.image === this.#image) return;
    this.#isMoving = true;
    await openScan(frame.page);
    this.#isMoving = false;
  }

  async #play() {
    if (!this.#sweep || !this.#player) return;
    if (this.#player.isPlaying) return this.#stop();
    this.#editor.host.toggleAttribute("data-playing", true);
    this.#editor.say("Playing. Any key stops.");
    this.#editor.draw();
    try {
      await this.#player.play(this.#sweep.indexOf(this.#image));
    } catch {
      this.#stop();
      this.#editor.say("A frame could not be loaded.");
    }
  }

  /** The picture that plays is not that of the open frame: nothing can be done on it. @param {Event} event */
  #stopOn(event) {
    const isRepeat = event instanceof KeyboardEvent && event.repeat;
    const isPlayButton = event.target instanceof Element && event.target.closest("[data-action=play]");
    if (!this.#player?.isPlaying || isRepeat || isPlayButton) return;
    event.preventDefault();
    event.stopPropagation();
    this.#stop();
  }

  /** The frame at which it stops is opened. */
  #stop() {
    const { host, stage, data } = this.#editor;
    const frame = this.#player?.stop();
    host.toggleAttribute("data-playing", false);
    if (frame?.page && frame.image !== this.#image) {
      this.#editor.say(`Stopped at frame ${frame.number}.`);
      return this.#goTo(frame);
    }
    this.#editor.say("Stopped.");
    stage.picture.load(data.image.pixels);
    this.#showAt(this.#sweep?.indexOf(this.#image) ?? 0);
  }

  async #propose() {
    const sweep = this.#sweep;
    const next = sweep?.beside(this.#image, 1);
    if (!sweep || this.#isMoving) return;
    if (!next) return this.#editor.say("This is the last frame.");
    if (sweep.stateOf(next) === "empty") {
      const { regions } = this.#editor;
      if (!regions.length) return this.#editor.say("Outline this frame first; then it is carried over.");
      sweep.propose(next.image, await this.#carried(regions, next));
      await this.#keep(sweep, [next.image]);
    }
    const isOpen = sweep.isOpen(next);
    await this.#goTo(next);
    if (!isOpen) sayThere(`Frame ${next.number} is outlined already.`);
  }

  /** @param {Region[]} regions @param {Frame} next @returns {Promise<Proposal>} */
  async #carried(regions, next) {
    const { number: from = 0 } = this.#sweep?.beside(this.#image, 0) ?? {};
    const { image } = this.#editor.data;
    const files = await Promise.all([pixelFileOf(image.pixels), pixelFileOf(next.pixels)]);
    const shift = (await movement(files, regions)) ?? [0, 0];
    const moved = Math.hypot(...shift);
    const says =
      moved < STILL
        ? `Carried over from frame ${from}`
        : `Carried over from frame ${from}, moved by ${number(moved, 1)} px`;
    return { regions: shifted(regions, shift, image), tool: "carried", version: "", says };
  }

  #accept() {
    const { offered } = this;
    if (!offered) return;
    this.#editor.takeOver(offered, "Accepted. {propose} proposes on the next frame.");
    if (this.#editor.activeTool?.name === "draw") this.#editor.useTool("redraw");
  }

  #reject() {
    this.#sweep?.reject(this.#image);
    this.#drop([this.#image]);
    this.#editor.say("Rejected. This frame is not outlined.");
    this.#changedProposals();
  }

  async #fillIn() {
    const sweep = this.#sweep;
    const gaps = sweep?.gapsAt(this.#image) ?? [];
    if (!sweep || !gaps.length) {
      return this.#editor.say("Outline a frame before and one after; {fill-in} fills in those between.");
    }
    try {
      for (const gap of gaps) await this.#fillGap(sweep, gap);
    } catch (error) {
      return this.#editor.say(error instanceof Error ? error.message : String(error));
    }
    const filled = gaps.flatMap((gap) => gap.between);
    await this.#keep(sweep, filled.map(({ image }) => image));
    const [first, last] = [filled[0].number, filled[filled.length - 1].number];
    const frames = filled.length === 1 ? `Frame ${first} is` : `Frames ${first} to ${last} are`;
    this.#changedProposals();
    this.#editor.say(`${frames} proposed. {next-frame} opens the next one.`);
  }

  /** @param {Sweep} sweep @param {ReturnType<Sweep["gapsAt"]>[number]} gap */
  async #fillGap(sweep, { from, to, between: frames }) {
    const [first, last] = await Promise.all([this.#outlineOf(sweep, from), this.#outlineOf(sweep, to)]);
    const blend = blendOf(first, last);
    for (const [index, frame] of frames.entries()) {
      await new Promise((resolve) => setTimeout(resolve));
      sweep.propose(frame.image, {
        regions: blend((index + 1) / (frames.length + 1)),
        tool: "interpolated",
        version: "",
        says: `Between frames ${from.number} and ${to.number}`,
      });
    }
  }

  /** @param {Sweep} sweep @param {Frame} frame @returns {Promise<Region[]>} */
  async #outlineOf(sweep, frame) {
    if (frame.image === this.#image) return this.#editor.regions;
    const seen = sweep.outlineOf(frame.image);
    if (seen?.length) return seen;
    const { data } = await call("GET", frame.annotation, undefined).catch(() => ({ data: null }));
    if (!data?.regions?.length) throw new Error(`Frame ${frame.number} could not be read.`);
    return data.regions;
  }

  #changedProposals() {
    if (this.#sweep) this.#showAt(this.#sweep.indexOf(this.#image));
    this.#editor.draw();
  }
}

/** Says something in the editor that is open now. @param {string} text */
function sayThere(text) {
  const editor = document.querySelector("contour-editor");
  /** @type {import("#editor/contour-editor.js").ContourEditor | null} */ (editor)?.say(text);
}
