/**
 * Single-structure mode: one label and one shape a scan; Enter submits it and opens the next. A
 * person's choice stays on their machine; until it is made, sites with one structure have it.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {{isOn?: boolean, label?: string}} Kept
 */
const STORED = "myotrace-single";

/** Whether this person has been told, since the page was opened, what Enter leaves without an outline. */
let isTold = false;

export class SingleStructure {
  #editor;
  #place;
  /** @type {Kept} */
  #kept;

  /** @param {Editor} editor @param {{held: () => string, submit: () => void}} work `held`: why nothing can be submitted now, else empty */
  constructor(editor, { held, submit }) {
    this.#editor = editor;
    this.#place = `${STORED}-${editor.data.user}`;
    this.#kept = read(localStorage.getItem(this.#place));
    const { labels } = editor.data;
    if (this.isOn && labels.some(({ name }) => name === this.#kept.label)) editor.label = this.#kept.label ?? "";
    editor.actions.add(
      {
        name: "single",
        group: "Scan",
        label: "Single-structure mode: one label, one shape, Enter submits",
        keys: ["Shift+O"],
        pressed: () => this.isOn,
        run: () => this.#toggle(),
      },
      {
        name: "submit-single",
        group: "Scan",
        label: "Submit, and open the next scan (single-structure mode)",
        keys: ["Enter"],
        decides: true,
        applies: () => this.isOn,
        run: () => {
          if (held()) editor.say(held());
          else if (this.#check()) submit();
        },
      },
    );
    this.#show();
  }

  get isOn() {
    return this.#kept.isOn ?? this.#editor.data.labels.length === 1;
  }

  /** The structure that is chosen is the one also on the next scan. @param {string} label */
  chosen(label) {
    if (this.isOn && label !== this.#kept.label) this.#keep({ ...this.#kept, label });
  }

  #toggle() {
    const isOn = !this.isOn;
    this.#keep({ isOn, label: this.#editor.label });
    this.#show();
    this.#editor.draw();
    this.#editor.say(
      isOn
        ? `Single-structure mode: only ${this.#title}. {submit-single} submits and opens the next.`
        : "All structures again. {submit} submits.",
    );
  }

  #show() {
    this.#editor.host.toggleAttribute("data-single", this.isOn);
    this.#editor.piece("single").hidden = !this.isOn;
  }

  get #title() {
    return this.#editor.titleOf(this.#editor.label);
  }

  /** Whether there is one shape to submit; says why not. */
  #check() {
    const { atHand: regions, label, data } = this.#editor;
    const own = regions.filter((region) => region.label === label);
    const shapes = own.flatMap(({ parts }) => parts).length;
    if (regions.length && shapes !== 1) {
      this.#editor.say(
        shapes
          ? `There are ${shapes} outlines of ${this.#title}. Delete the wrong one; {submit} submits all.`
          : `${this.#title} has no outline yet. A number chooses another structure.`,
      );
      return false;
    }
    const missing = data.labels.filter(({ name }) => regions.every((region) => region.label !== name));
    if (isTold || !regions.length || !missing.length) return true;
    isTold = true;
    const titles = missing.map(({ title }) => title).join(", ");
    this.#editor.say(`Without an outline: ${titles}. {submit-single} again submits without.`);
    return false;
  }

  /** @param {Kept} kept */
  #keep(kept) {
    this.#kept = kept;
    localStorage.setItem(this.#place, JSON.stringify(kept));
  }
}

/** @param {string | null} text @returns {Kept} */
function read(text) {
  try {
    const found = JSON.parse(text ?? "{}");
    return typeof found === "object" && found ? found : {};
  } catch {
    return {};
  }
}
