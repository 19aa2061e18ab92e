/**
 * An annotator at work: the pre-label, saving, decisions without a contour, and submitting.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/editor.js").Mode} Mode
 * @typedef {import("#editor/journal.js").Entry} Entry
 * @typedef {import("#editor/saver.js").SaveState} SaveState
 */
import { call } from "#editor/connection.js";
import { openScan, prepareScan } from "#editor/navigation.js";
import { IndexedJournal } from "#editor/journal.js";
import { saveWords } from "#editor/save-words.js";
import { Saver } from "#editor/saver.js";
import { WorkClock } from "#editor/work-clock.js";

/** How long leaving a scan waits for its saves. ms */
const LEAVING = 1500;
/** How long submitting waits for them. ms */
const SUBMITTING = 5000;

/** @implements {Mode} */
export class Annotating {
  editable = true;
  #clock = new WorkClock();
  #listeners = new AbortController();
  #editor;
  #saver;
  #annotationId;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    const { data } = editor;
    this.#annotationId = data.annotation?.id ?? null;
    this.#saver = new Saver({
      journal: new IndexedJournal(),
      scope: `${data.user}:${data.image.id}`,
      revision: data.annotation?.revision ?? 0,
      send: (entry, base, leaving) => this.#send(entry, base, leaving),
      onState: (state) => this.#showState(state),
      onSaved: (answer, isLatest) => this.#saved(answer, isLatest),
    });
    editor.setEditable(true);
    editor.showPins(data.issues.map((issue, i) => ({ ...issue, number: i + 1 })));
    this.#showSuggestion(!editor.regions.length);
    this.#addActions();
    this.#listen();
    this.#restore();
  }

  shown() {
    prepareScan(this.#editor.data.urls.next);
  }

  close() {
    this.#listeners.abort();
    this.#saver.close();
  }

  /** Work that is not saved yet stays in the journal; what the journal cannot keep holds the scan open. */
  async leave() {
    await this.#flushed(LEAVING);
    if (this.#saver.state.kind === "saved" || !this.#saver.journalFailed) return true;
    this.#editor.say("This scan stays open: its changes are only in this window until they are saved.");
    return false;
  }

  /** Resolves when all is saved. */
  get saved() {
    return this.#saver.saved;
  }

  #addActions() {
    const { actions, data } = this.#editor;
    const group = "Scan";
    if (data.suggestion) {
      actions.add({
        name: "take-over",
        group,
        label: "Take over the pre-label",
        keys: ["A"],
        run: () => this.#takeOver(),
      });
    }
    actions.add(
      {
        name: "submit",
        group,
        label: "Submit, and open the next scan",
        keys: ["Ctrl+Enter"],
        run: () => this.#submit(),
      },
      { name: "keep-mine", group, label: "Save mine on top", run: () => this.#keepMine() },
      { name: "take-theirs", group, label: "Take the other", run: () => this.#takeTheirs() },
    );
  }

  #listen() {
    const { signal } = this.#listeners;
    const flush = () => this.#saver.flush();
    window.addEventListener("online", flush, { signal });
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

  async #restore() {
    const work = await this.#saver.restore();
    if (!work) return;
    this.#editor.settle({ ...work, suggestionVersion: work.suggestion_version });
    this.#showSuggestion(false);
    this.#editor.say("Changes that were not saved yet are back.");
  }

  /** @param {{tool: string, ms: number}} gesture */
  changed({ tool, ms }) {
    const { regions, origin, suggestionVersion, decision, reason } = this.#editor.history.present;
    this.#saver.change({
      regions,
      origin,
      suggestion_version: suggestionVersion,
      decision,
      reason,
      seconds: this.#clock.take(),
      tools: { [tool]: 1, [`${tool}_ms`]: ms },
    });
    if (tool === "pre-label") this.#showSuggestion(false);
  }

  /** @param {boolean} shown else Q shows it */
  #showSuggestion(shown) {
    this.#editor.showOther(this.#editor.data.suggestion?.regions ?? [], shown);
  }

  /** @param {Entry} entry @param {number} base @param {boolean} leaving */
  #send(entry, base, leaving) {
    return call("PUT", this.#editor.data.urls.save, entry.work, {
      headers: { "If-Match": `"${base}"`, "Idempotency-Key": entry.key },
      keepalive: leaving,
    });
  }

  /** @param {any} answer @param {boolean} isLatest */
  #saved(answer, isLatest) {
    const editor = this.#editor;
    this.#annotationId = answer.id;
    const isSame = JSON.stringify(answer.regions) === JSON.stringify(editor.regions);
    if (isLatest && !isSame) editor.settle({ regions: answer.regions });
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
    const words = editor.piece("save-state");
    words.textContent = saveWords(state, !this.#saver.journalFailed);
    words.title = words.textContent;
    words.dataset.kind = state.kind;
    editor.piece("signed-out").hidden = state.kind !== "signed-out";
    const box = editor.piece("conflict");
    const isNew = state.kind === "conflict" && box.hidden;
    box.hidden = state.kind !== "conflict";
    if (state.kind === "conflict" && isNew) {
      editor.host.removeAttribute("data-folded");
      editor.showOther(state.head.regions);
      this.#announce("conflict", { head: state.head });
    }
  }

  #takeOver() {
    const { suggestion } = this.#editor.data;
    if (!suggestion) return;
    const { regions, version } = suggestion;
    this.#editor.change(
      { regions, origin: "pre-label", suggestionVersion: version, decision: "", reason: "" },
      "pre-label",
      `Pre-label ${version} taken over. Correct it with R.`,
    );
    this.#editor.useTool("redraw");
    this.#saver.flush();
  }

  async #keepMine() {
    const { regions, origin, suggestionVersion, decision, reason } = this.#editor.history.present;
    this.#showSuggestion(false);
    await this.#saver.keepMine({
      regions,
      origin,
      suggestion_version: suggestionVersion,
      decision,
      reason,
      seconds: this.#clock.take(),
      tools: {},
    });
  }

  async #takeTheirs() {
    const head = await this.#saver.takeTheirs();
    if (!head) return;
    const { origin = "drawn", suggestion_version = "", decision = "", reason = "" } = head.head ?? {};
    this.#showSuggestion(false);
    this.#editor.settle({
      regions: head.regions,
      origin,
      suggestionVersion: suggestion_version,
      decision,
      reason,
    });
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
    editor.change({ regions: [], origin: "drawn", decision, reason }, "decision", "Recorded.");
    editor.host.focus({ preventScroll: true });
    this.#submit();
  }

  async #submit() {
    const editor = this.#editor;
    const form = editor.piece("decision");
    if (form instanceof HTMLFormElement && form.contains(document.activeElement)) {
      return form.requestSubmit();
    }
    const { regions, decision } = editor.history.present;
    if (!regions.length && !decision) {
      return editor.say("Nothing to submit yet: outline the muscle, or say below why you cannot.");
    }
    editor.say("Submitting.");
    await this.#flushed(SUBMITTING);
    if (this.#saver.state.kind !== "saved") {
      return editor.say("Not submitted: your changes have to be saved first.");
    }
    const { submit, next } = editor.data.urls;
    await this.#post(submit.replace("/0/", `/${this.#annotationId}/`), next);
  }

  /** Saves what waits, and waits no longer than this for it. @param {number} most ms */
  async #flushed(most) {
    this.#saver.flush();
    await Promise.race([this.saved, new Promise((resolve) => setTimeout(resolve, most))]);
  }

  /** @param {string} url @param {string} next where to go then */
  async #post(url, next) {
    try {
      const { status, data } = await call("POST", url, {});
      if (status === 200) await openScan(next);
      else this.#editor.say(`Not submitted: ${data?.detail ?? `the server answered ${status}`}`);
    } catch {
      this.#editor.say("Not submitted: the server is not reached. Your changes are saved.");
    }
  }
}
