/**
 * An annotator at work: the pre-label, saving, decisions without a contour, and submitting.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/editor.js").Mode} Mode
 * @typedef {import("#editor/saver.js").SaveState} SaveState
 */
import { ConflictPanel } from "#editor/conflict-panel.js";
import { call } from "#editor/connection.js";
import { drawingOf, sameRegions, savedForm, SCHEMA } from "#editor/drawing.js";
import { fetchEditorPage, showEditorPage } from "#editor/editor-page.js";
import { Holding } from "#editor/holding.js";
import { IndexedJournal } from "#editor/journal.js";
import { sendLeftovers } from "#editor/leftovers.js";
import { openScan, prepareScan } from "#editor/navigation.js";
import { RevisionsPanel } from "#editor/revisions-panel.js";
import { saveNotice, saveWords } from "#editor/save-words.js";
import { Saver } from "#editor/saver.js";
import { sendingTo } from "#editor/sending.js";
import { SingleStructure } from "#editor/single-structure.js";
import { offerStarts } from "#editor/starting.js";
import { IndexedUndoStore } from "#editor/undo-store.js";
import { remember } from "#editor/submitted.js";
import { Undoing } from "#editor/undoing.js";
import { showWaitingProposals } from "#editor/waiting-proposals.js";
import { WorkClock } from "#editor/work-clock.js";
import { WorkLock } from "#editor/work-lock.js";

/** How long leaving a scan waits for its saves. ms */
const LEAVING = 1500;
/** How long submitting waits for them. ms */
const SUBMITTING = 5000;
/** @type {import("#editor/connection.js").Answer} */
const NO_ANSWER = { status: 0, data: null };
const IN_CONFLICT =
  "Not now: another window has saved this scan. Choose in the panel first, “Save my choice” or “Take the other”.";

/** @implements {Mode} */
export class Annotating {
  editable = true;
  #clock = new WorkClock();
  #listeners = new AbortController();
  #undoStore = new IndexedUndoStore();
  #journal = new IndexedJournal(() => this.#undoStore.clearAll());
  /** @type {ConflictPanel | null} */
  #conflict = null;
  /** @type {SingleStructure | null} */
  #single = null;
  #editor;
  #scope;
  #lock;
  #holding;
  #undoing;
  #saver;
  #revisions;
  #annotationId;
  /** @type {Promise<void> | null} */
  #submitting = null;
  /** @type {Promise<void>} */
  #begun;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    const { data } = editor;
    this.#annotationId = data.annotation?.id ?? null;
    this.#scope = `${data.user}:${data.image.id}`;
    this.#lock = new WorkLock(this.#scope);
    this.#holding = new Holding(data.urls.reservation, (why) => this.#isTaken(why));
    this.#undoing = new Undoing(editor.history, this.#undoStore, this.#scope);
    this.#saver = new Saver({
      journal: this.#journal,
      scope: this.#scope,
      place: { title: data.title, page: location.pathname, save: data.urls.save },
      revision: data.annotation?.revision ?? 0,
      send: sendingTo(data.urls.save, data.user),
      onState: (state) => this.#showState(state),
      onSaved: (answer, isLatest) => this.#saved(answer, isLatest),
    });
    this.#takeHandedOver();
    this.#revisions = new RevisionsPanel(
      editor,
      (number) => data.urls.revision.replace("/0/", `/${this.#annotationId}/`) + number,
      () => this.#showSuggestion(false),
    );
    this.editable = !this.#isOutdated;
    editor.setEditable(this.editable);
    editor.showPins(data.issues.map((issue, i) => ({ ...issue, number: i + 1 })));
    this.#showSuggestion(!editor.regions.length && !data.sweep);
    this.#addActions();
    this.#listen();
    this.#begun = this.#begin();
  }

  /** What the page before has left is shown from the start. */
  #takeHandedOver() {
    const newest = this.#journal.handover.given(this.#scope).at(-1);
    if (newest && newest.schema <= SCHEMA) this.#editor.settle(drawingOf(newest.work));
  }

  /** Whether this browser has saved a newer revision than the page shows. */
  get #isOutdated() {
    const { annotation } = this.#editor.data;
    return this.#journal.handover.confirmed(this.#scope) > (annotation?.revision ?? 0);
  }

  shown() {
    const isQuiet = !this.#editor.piece("message").textContent;
    if (this.offered && isQuiet) this.#editor.say("Dotted: the pre-label. Draw over what is wrong; {submit} submits it as it is.");
    if (!this.#editor.data.annotation) this.#holding.start();
    prepareScan(this.#editor.data.urls.next);
    this.#showLeft();
    this.#sendLeftovers();
    showWaitingProposals(this.#editor);
  }

  close() {
    this.#listeners.abort();
    this.#holding.close();
    this.#saver.close();
    this.#lock.close();
  }

  /** Takes the scan, then what was left unsaved, then undo. */
  async #begin() {
    const { signal } = this.#listeners;
    const isMine = await this.#lock.take(() => this.#letGo());
    if (signal.aborted) return;
    if (!isMine) return this.#lookOn("elsewhere");
    if (this.#isOutdated) return this.#openNewest();
    const work = await this.#saver.start();
    if (signal.aborted) return;
    if (this.#saver.state.kind === "newer") return this.#lookOn("newer");
    if (work) this.#takeUp(work);
    await this.#undoing.recall();
    if (this.#saver.state.kind === "saved" && this.#annotationId) this.#showState(this.#saver.state);
    this.#editor.draw();
  }

  /** The server wrote this page before it had what was saved last: it is asked once more. */
  async #openNewest() {
    const newer = await fetchEditorPage(location.href).catch(() => null);
    if (this.#listeners.signal.aborted) return;
    if (!newer) return this.#lookOn("outdated");
    const { annotation } = JSON.parse(newer.data);
    this.#journal.handover.confirm(this.#scope, annotation?.revision ?? 0);
    showEditorPage(newer);
  }

  /** @param {import("#editor/journal.js").Work} work */
  #takeUp(work) {
    this.#editor.settle(drawingOf(work));
    this.#showSuggestion(false);
    this.#editor.say("Changes that were not saved yet are back.");
  }

  /** Another person has opened the scan, after this page was out of reach for long. @param {string} why */
  #isTaken(why) {
    if (this.#editor.touched) this.#editor.say(`${why} What you have drawn stays in this window.`);
    else location.reload();
  }

  /** Another window wants to work; it finds in the journal what is not saved. */
  async #letGo() {
    if (await this.leave()) this.#lookOn("elsewhere");
  }

  /** @param {"elsewhere" | "newer" | "outdated"} closed */
  #lookOn(closed) {
    const { data, history, host } = this.#editor;
    const annotation = { id: 0, revision: 0, state: "", ...data.annotation };
    const shown = { ...annotation, ...savedForm(history.present) };
    host.restart({ ...data, mode: "look-on", closed, annotation: shown });
  }

  async #sendLeftovers() {
    const { user } = this.#editor.data;
    const stuck = await sendLeftovers(this.#journal, user, this.#scope);
    this.#editor.piece("leftovers").hidden = !stuck.length;
    this.#editor.piece("leftover-scans").replaceChildren(
      ...stuck.map(({ title, page }) => {
        const link = document.createElement("a");
        [link.href, link.textContent] = [page, title];
        return link;
      }),
    );
  }

  /** How many scans are left is no reason to show this one later. */
  async #showLeft() {
    const { status, data } = await call("GET", this.#editor.data.urls.left).catch(() => NO_ANSWER);
    if (status === 200) this.#editor.piece("left").textContent = data.left;
  }

  /** Work that is not saved yet stays in the journal; what the journal cannot keep holds the scan open. */
  async leave() {
    await this.#flushed(LEAVING);
    if (this.#saver.state.kind === "saved" || !this.#saver.journalFailed) return true;
    this.#editor.say(
      "This scan stays open: its changes are only in this window until they are saved.",
      () => this.#saver.state.kind !== "saved",
    );
    return false;
  }

  /** Resolves when all is saved. */
  get saved() {
    return this.#begun.then(() => this.#saver.saved);
  }

  #addActions() {
    const { actions, data } = this.#editor;
    const group = "Scan";
    const undecided = { enabled: () => !this.isInConflict, otherwise: IN_CONFLICT };
    if (data.suggestion) {
      actions.add({
        name: "take-over",
        group,
        label: "Take over the pre-label",
        keys: ["A"],
        ...undecided,
        run: () => this.#takeOver(),
      });
    }
    offerStarts(this.#editor, undecided);
    actions.add(
      {
        name: "submit",
        group,
        label: "Submit, and open the next scan",
        keys: ["Ctrl+Enter"],
        decides: true,
        ...undecided,
        run: () => this.#submit(),
      },
      {
        name: "save-choice",
        group,
        label: "End a conflict: save what is shown",
        applies: () => this.isInConflict,
        run: () => this.#saveChoice(),
      },
      {
        name: "take-theirs",
        group,
        label: "End a conflict: take the other version",
        applies: () => this.isInConflict,
        run: () => this.#takeTheirs(),
      },
    );
    this.#single = new SingleStructure(this.#editor, {
      held: () => (this.isInConflict ? IN_CONFLICT : ""),
      submit: () => this.#submit(),
    });
  }

  /** Whether another window's work waits for a choice; until then nothing is taken over, copied or submitted. */
  get isInConflict() {
    return this.#conflict !== null;
  }

  /** In single-structure mode only a number, or its row, chooses another structure. */
  get keepsStructure() {
    return this.#single?.isOn ?? false;
  }

  /** @param {string} label */
  structureChosen(label) {
    this.#single?.chosen(label);
  }

  #listen() {
    const { signal } = this.#listeners;
    const flush = () => this.#saver.flush();
    window.addEventListener("online", flush, { signal });
    window.addEventListener("online", () => this.#sendLeftovers(), { signal });
    window.addEventListener("focus", flush, { signal });
    window.addEventListener("pagehide", () => this.#saver.flush(true), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && location.reload(), { signal });
    window.addEventListener("beforeunload", (event) => this.#warn(event), { signal });
    this.#editor.host.addEventListener("pointerdown", () => this.#clock.tick(), { signal });
    this.#editor.host.addEventListener("keydown", () => this.#clock.tick(), { signal });
    this.#editor.piece("decision").addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        this.#decide();
      },
      { signal },
    );
  }

  /** Unsaved work that the journal keeps comes back by itself; only other work needs a warning. @param {Event} event */
  #warn(event) {
    if (this.#saver.state.kind !== "saved" && this.#saver.journalFailed) event.preventDefault();
  }

  /** @param {{tool: string, ms: number}} gesture */
  changed({ tool, ms }) {
    this.#revisions.end();
    this.#saver.change(this.#work({ [tool]: 1, [`${tool}_ms`]: ms }));
    this.#undoing.keep();
    this.#conflict?.changed();
    if (["pre-label", "copy"].includes(tool)) this.#showSuggestion(false);
    if (tool === "pre-label") this.#saver.flush();
  }

  /** @param {Record<string, number>} tools */
  #work(tools) {
    const { data, history } = this.#editor;
    const offered_version = data.suggestion?.version ?? "";
    return { ...savedForm(history.present), offered_version, seconds: this.#clock.take(), tools };
  }

  /** @param {boolean} shown else Q shows it */
  #showSuggestion(shown) {
    this.#editor.comparing.show(shown ? "pre-label" : null);
  }

  /** @param {any} answer @param {boolean} isLatest */
  #saved(answer, isLatest) {
    const editor = this.#editor;
    this.#annotationId = answer.id;
    this.#holding.close();
    if (isLatest && !sameRegions(answer.regions, editor.regions)) {
      editor.settle({ regions: answer.regions });
      this.#undoing.keep();
    }
    const says = answer.head?.decision || answer.head?.origin || "saved";
    editor.panel.addRevision({ number: answer.revision, at: new Date(), says });
    this.#announce("saved", { revision: answer.revision });
  }

  /** @param {string} name @param {unknown} detail */
  #announce(name, detail) {
    this.#editor.host.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  /** @param {SaveState} state */
  #showState(state) {
    const editor = this.#editor;
    editor.messages.check();
    const words = editor.piece("save-state");
    words.textContent = saveWords(state, !this.#saver.journalFailed, editor.data.time_zone);
    words.title = words.textContent;
    words.dataset.kind = state.kind;
    this.#showNotice(saveNotice(state, !this.#saver.journalFailed));
    editor.piece("conflict").hidden = state.kind !== "conflict";
    if (state.kind !== "conflict") this.#endConflict();
    else if (!this.#conflict) this.#beginConflict(state.head);
  }

  /** @param {import("#editor/save-words.js").Notice | null} notice */
  #showNotice(notice) {
    const editor = this.#editor;
    editor.piece("unsaved").hidden = !notice;
    editor.piece("unsaved-title").textContent = notice?.title ?? "";
    editor.piece("unsaved-text").textContent = notice?.text ?? "";
    editor.piece("sign-in").hidden = !notice?.signIn;
  }

  /** @param {any} head the revision that was saved elsewhere */
  #beginConflict(head) {
    this.#editor.host.removeAttribute("data-folded");
    this.#conflict = new ConflictPanel(this.#editor, drawingOf({ ...head.head, regions: head.regions }));
    this.#announce("conflict", { head });
  }

  #endConflict() {
    if (!this.#conflict) return;
    this.#conflict.close();
    this.#conflict = null;
    this.#showSuggestion(false);
  }

  /** @returns {import("#editor/editor.js").Offered | null} */
  get #preLabel() {
    const { suggestion } = this.#editor.data;
    if (!suggestion) return null;
    const { regions, version } = suggestion;
    return { regions, version, tool: "pre-label", title: `Pre-label ${version}` };
  }

  /** The pre-label while it is shown. */
  get offered() {
    const isShown = this.#editor.comparing.shown === "pre-label";
    return isShown && !this.isInConflict ? this.#preLabel : null;
  }

  #takeOver() {
    const preLabel = this.#preLabel;
    if (!preLabel) return;
    this.#editor.takeOver(preLabel, `${preLabel.title} taken over. Correct it with {redraw}.`);
    this.#editor.useTool("redraw");
  }

  /** What is shown becomes a new revision on top of the other. */
  async #saveChoice() {
    if (this.#conflict?.isAllTheirs) return this.#takeTheirs();
    await this.#saver.keepMine(this.#work({}));
  }

  async #takeTheirs() {
    const head = await this.#saver.takeTheirs();
    if (!head) return;
    this.#editor.settle(drawingOf({ ...head.head, regions: head.regions }));
    this.#undoing.keep();
    this.#editor.say(`Revision ${head.revision} of the other window is shown.`);
  }

  #decide() {
    const editor = this.#editor;
    const form = editor.piece("decision");
    if (!(form instanceof HTMLFormElement)) return;
    const said = new FormData(form);
    const decision = String(said.get("decision") ?? "");
    const reason = String(said.get("reason") ?? "").trim();
    if (!decision || !reason) return editor.say("Choose what is the case and give a reason.");
    if (this.isInConflict) return editor.say(IN_CONFLICT, () => this.isInConflict);
    const none = { regions: [], origin: "drawn", decision, reason };
    if (!editor.change(none, "decision", "Recorded.")) return;
    editor.host.focus({ preventScroll: true });
    this.#submit();
  }

  /** Once at a time, however often the key is pressed. */
  #submit() {
    const form = this.#editor.piece("decision");
    if (form instanceof HTMLFormElement && form.contains(document.activeElement)) return form.requestSubmit();
    this.#submitting ??= this.#submitNow().finally(() => (this.#submitting = null));
  }

  async #submitNow() {
    const editor = this.#editor;
    if (editor.holdsDraft()) return;
    if (editor.offered && !editor.takeOver(editor.offered, "")) return;
    const { regions, decision } = editor.history.present;
    if (!regions.length && !decision) {
      return editor.say("Nothing to submit yet: outline the muscle, or say below why you cannot.");
    }
    editor.say("Submitting.");
    await this.#flushed(SUBMITTING);
    if (this.#saver.state.kind !== "saved") {
      const isUnsaved = () => this.#saver.state.kind !== "saved";
      return editor.say("Not submitted: your changes have to be saved first.", isUnsaved);
    }
    const { submit, next } = editor.data.urls;
    await this.#post(submit.replace("/0/", `/${this.#annotationId}/`), next);
  }

  /** Saves what waits, and waits no longer than this for it. @param {number} most ms */
  async #flushed(most) {
    this.#saver.flush();
    await Promise.race([this.saved, new Promise((resolve) => setTimeout(resolve, most))]);
  }

  #rememberSubmitted() {
    const { title, image, urls } = this.#editor.data;
    const address = urls.taking_back.replace("/0/", `/${this.#annotationId}/`);
    remember({ title, image: image.id, page: location.pathname, address });
  }

  /** @param {string} url @param {string} next where to go then */
  async #post(url, next) {
    try {
      const { status, data } = await call("POST", url, {});
      if (status !== 200) {
        return this.#editor.say(`Not submitted: ${data?.detail ?? `the server answered ${status}`}`);
      }
      await this.#undoing.forget();
      this.#editor.drafts.forget();
      this.#rememberSubmitted();
      this.#editor.sweeping?.finished("done");
      await openScan(next);
    } catch {
      this.#editor.say("Not submitted: the server is not reached. Your changes are saved.");
    }
  }
}
