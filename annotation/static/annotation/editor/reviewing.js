/**
 * An expert reviews another's work: approve it, correct and approve it, or return it with a reason
 * and remarks pinned to the scan. Nothing is saved before one of these is chosen.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/editor.js").Mode} Mode
 * @typedef {import("#editor/geometry.js").Point} Point
 */
import { approvals } from "#editor/approvals.js";
import { call } from "#editor/connection.js";
import { openScan, prepareScan } from "#editor/navigation.js";
import { PinTool } from "#editor/tools/pin-tool.js";
import { WorkClock } from "#editor/work-clock.js";

/** @implements {Mode} */
export class Reviewing {
  editable = false;
  saved = Promise.resolve();
  #deciding = false;
  /** @type {{x: number, y: number, text: string}[]} */
  #remarks = [];
  #clock = new WorkClock();
  #listeners = new AbortController();
  #editor;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    editor.setEditable(false);
    editor.comparing.show(editor.data.compared_first ?? "pre-label");
    this.#showPins();
    editor.toolbox.add(new PinTool((point) => this.#pin(point)));
    this.#addActions();
    this.#listen();
  }

  #addActions() {
    const group = "Review";
    this.#editor.actions.add(
      { name: "approve", group, label: "Approve", keys: ["A"], decides: true, run: () => this.#approve() },
      {
        name: "correct",
        group,
        label: "Correct, then approve with A",
        keys: ["C"],
        applies: () => !this.editable,
        run: () => this.#correct(),
      },
      {
        name: "return",
        group,
        label: "Return with a reason",
        keys: ["X"],
        run: () => this.#openReturn(),
      },
      {
        name: "send-return",
        group,
        label: "Return now",
        keys: ["Ctrl+Enter"],
        run: () => this.#return(),
      },
      {
        name: "other-reading",
        group,
        label: "Show the other reading of the scan",
        keys: ["B"],
        applies: () => !this.editable && this.#otherReading !== null,
        run: () => this.#showOtherReading(),
      },
      {
        name: "skip",
        group,
        label: "Leave it undecided, and open the next",
        keys: ["Shift+N"],
        run: () => openScan(this.#editor.data.urls.next),
      },
      {
        name: "undo-approval",
        group,
        label: "Take the last approval back",
        keys: ["Ctrl+Z"],
        applies: () => !this.editable,
        enabled: () => approvals.canBeUndone(),
        otherwise: "There is no approval of just now. Older ones are undone on the page of the scan.",
        run: () => this.#undoApproval(),
      },
    );
  }

  #undoApproval() {
    const { sweeping } = this.#editor;
    return approvals.undo(
      (text) => this.#editor.say(text),
      (image) => sweeping?.reopened(image, "waiting"),
    );
  }

  get #otherReading() {
    return this.#editor.host.querySelector("a[data-reading]");
  }

  #showOtherReading() {
    const link = this.#otherReading;
    if (link instanceof HTMLAnchorElement) openScan(link.href, { remember: false });
  }

  /** The remarks of the round before, until new ones are pinned. */
  #showPins() {
    const shown = this.#remarks.length ? this.#remarks : this.#editor.data.issues;
    this.#editor.showPins(shown.map(({ x, y, text }, i) => ({ x, y, text, number: i + 1 })));
  }

  shown() {
    prepareScan(this.#editor.data.urls.next);
    if (approvals.canBeUndone()) this.#editor.say(`${approvals.said}. {undo-approval} takes it back.`);
  }

  close() {
    this.#listeners.abort();
  }

  changed() {}

  async leave() {
    if (this.#deciding || !this.#unsaid) return true;
    this.#editor.say("Approve, or undo your changes, before you open another scan.");
    return false;
  }

  get #corrected() {
    const { data, regions } = this.#editor;
    return regions !== data.annotation?.regions;
  }

  /** Whether something would be lost without a decision. */
  get #unsaid() {
    return this.#corrected || this.#remarks.length > 0;
  }

  #listen() {
    const { signal } = this.#listeners;
    const form = this.#editor.piece("return");
    const send = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#return();
    };
    form.addEventListener("submit", send, { signal });
    this.#editor.host.addEventListener("pointerdown", () => this.#clock.tick(), { signal });
    this.#editor.host.addEventListener("keydown", () => this.#clock.tick(), { signal });
    window.addEventListener("beforeunload", (event) => this.#warn(event), { signal });
  }

  /** @param {Event} event */
  #warn(event) {
    if (!this.#deciding && this.#unsaid) event.preventDefault();
  }

  #correct() {
    this.editable = true;
    this.#closeReturn();
    this.#editor.setEditable(true);
    this.#editor.useTool(this.#editor.regions.length ? "redraw" : "draw");
    this.#editor.say("Correct the outline; A approves it with your correction.");
    this.#editor.draw();
  }

  async #approve() {
    if (this.editable && this.#editor.holdsDraft()) return;
    const { regions } = this.#editor;
    if (!this.#corrected) return this.#decide({ decision: "approve", reason: "" });
    return this.#decide({
      decision: "correct",
      reason: "",
      regions,
      seconds: this.#clock.take(),
    });
  }

  #openReturn() {
    const form = this.#editor.piece("return");
    if (!form.hidden) return this.#closeReturn();
    if (this.#corrected) {
      return this.#editor.say("You have corrected it: undo your changes to return it instead.");
    }
    form.hidden = false;
    this.#editor.host.removeAttribute("data-folded");
    this.#editor.useTool("pin");
    this.#editor.say("Click on the scan to pin a remark.");
    form.scrollIntoView({ block: "nearest" });
    form.querySelector("textarea")?.focus();
  }

  #closeReturn() {
    this.#editor.piece("return").hidden = true;
    this.#editor.host.focus({ preventScroll: true });
    this.#editor.useTool(this.editable ? "redraw" : null);
  }

  /** @param {Point} point */
  #pin([x, y]) {
    this.#remarks.push({ x, y, text: "" });
    this.#showRemarks();
    const inputs = this.#editor.piece("remarks").querySelectorAll("input");
    inputs[inputs.length - 1].focus();
  }

  #showRemarks() {
    this.#showPins();
    this.#editor.piece("remarks").replaceChildren(
      ...this.#remarks.map((remark, index) => this.#remarkItem(remark, index)),
    );
  }

  /** @param {{text: string}} remark @param {number} index */
  #remarkItem(remark, index) {
    const item = document.createElement("li");
    const number = document.createElement("b");
    number.textContent = String(index + 1);
    const input = document.createElement("input");
    input.value = remark.text;
    input.maxLength = 500;
    input.setAttribute("aria-label", `Remark ${index + 1}`);
    input.addEventListener("input", () => (remark.text = input.value));
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = "✕";
    remove.setAttribute("aria-label", `Remove remark ${index + 1}`);
    remove.addEventListener("click", () => {
      this.#remarks.splice(index, 1);
      this.#showRemarks();
      this.#editor.host.focus({ preventScroll: true });
    });
    item.append(number, input, remove);
    return item;
  }

  #return() {
    const form = this.#editor.piece("return");
    if (!(form instanceof HTMLFormElement) || form.hidden) return;
    const reason = String(new FormData(form).get("reason") ?? "").trim();
    if (!reason) {
      form.querySelector("textarea")?.focus();
      return this.#editor.say("Say why you return it.");
    }
    if (this.#remarks.some(({ text }) => !text.trim())) {
      return this.#editor.say("Each pinned remark needs words, or remove it.");
    }
    return this.#decide({ decision: "return", reason, issues: this.#remarks });
  }

  /** @param {{reference: number | null, revision: number}} answer */
  #remember({ reference, revision }) {
    const { title, image, urls, correction } = this.#editor.data;
    if (correction) return;
    const undo = reference === null
      ? { address: urls.review, body: { decision: "withdraw", revision } }
      : { address: urls.withdraw.replace("/0/", `/${reference}/`), body: {} };
    approvals.remember({ ...undo, title, image: image.id, page: location.href });
  }

  /** @param {Record<string, unknown>} decision */
  async #decide(decision) {
    const { annotation, urls } = this.#editor.data;
    if (!annotation || this.#deciding) return;
    this.#deciding = true;
    const { revision } = annotation;
    const { decide_now } = this.#editor.data;
    try {
      const body = { revision, ...decision, ...(decide_now ? { decide_now } : {}) };
      const { status, data } = await call("POST", urls.review, body);
      if (status === 200) {
        if (decision.decision !== "return") this.#remember(data);
        this.#editor.drafts.forget();
        const state = decision.decision === "return" ? "returned" : "done";
        this.#editor.sweeping?.finished(state);
        await openScan(urls.next);
        return;
      }
      this.#editor.say(data?.detail ?? `Not recorded: the server answered ${status}.`);
    } catch {
      this.#editor.say("Not recorded: the server is not reached. Try again.");
    }
    this.#deciding = false;
  }
}
