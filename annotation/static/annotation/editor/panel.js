/**
 * The pieces of the page round the stage: numbers and messages. The server writes them; this
 * fills them in.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/measurement.js").Measured} Measured
 */
import { momentWords } from "#editor/moments.js";
import { area, number } from "#editor/numbers.js";

/** @param {string} name @param {string} text @param {string} className */
function make(name, text, className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

/** @param {number} parts @param {number} holes */
function counted(parts, holes) {
  const [ofParts, ofHoles] = [parts === 1 ? "part" : "parts", holes === 1 ? "hole" : "holes"];
  return holes ? `${parts} ${ofParts}, ${holes} ${ofHoles}` : `${parts} ${ofParts}`;
}

export class Panel {
  #editor;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    for (const button of this.#all("[data-cut]")) {
      button.addEventListener("click", () => editor.toggleCut(button.dataset.cut ?? ""));
    }
    for (const button of this.#all("[data-lock]")) {
      button.addEventListener("click", () => editor.toggleLock(button.dataset.lock ?? ""));
    }
    for (const time of this.#all('[data-piece="revisions"] time')) {
      if (time instanceof HTMLTimeElement) time.textContent = this.#moment(new Date(time.dateTime));
    }
    for (const row of this.#all("[data-label]")) {
      row.addEventListener("click", () => editor.select(row.dataset.label ?? ""));
    }
  }

  /** @param {string} selector @returns {HTMLElement[]} */
  #all(selector) {
    return [...this.#editor.host.querySelectorAll(selector)].filter(
      (node) => node instanceof HTMLElement,
    );
  }

  /** @param {string} text */
  say(text) {
    const message = this.#editor.piece("message");
    message.textContent = text;
    message.title = text;
  }

  /** @param {import("#editor/window-level.js").Window} window */
  showWindow(window) {
    for (const [name, value] of Object.entries(window)) this.#slider("window", name).value = String(value);
  }

  /** How strong outlines are drawn, in percent. */
  get opacities() {
    const percent = (/** @type {string} */ name) => Number(this.#slider("opacity", name).value);
    return { fill: percent("fill"), line: percent("line") };
  }

  /** @param {string} name @param {number} percent */
  showOpacity(name, percent) {
    this.#slider("opacity", name).value = String(percent);
  }

  /** @param {string} kind @param {string} name */
  #slider(kind, name) {
    const [slider] = this.#all(`[data-${kind}="${name}"]`);
    return /** @type {HTMLInputElement} */ (slider);
  }

  /** @param {Region[]} regions @param {Measured[]} measured one a label, in the labels' order */
  showWork(regions, measured) {
    const { label, locked, mode } = this.#editor;
    for (const button of this.#all("[data-lock]")) {
      const isLocked = locked.has(button.dataset.lock ?? "");
      button.setAttribute("aria-pressed", String(isLocked));
      const text = isLocked ? "Locked" : "Lock";
      if (button.textContent !== text) button.textContent = text;
    }
    this.#all("[data-label]").forEach((row, index) => {
      row.setAttribute("aria-pressed", String(row.dataset.label === label));
      this.#fill(row, measured[index]);
    });
    for (const button of this.#all("[data-cut]")) {
      const side = button.dataset.cut ?? "";
      const isCut = regions.some((region) => region.label === label && region.cut.includes(side));
      button.setAttribute("aria-pressed", String(isCut));
      button.toggleAttribute("disabled", !mode.editable);
    }
  }

  /** @param {HTMLElement} row @param {Measured} measured */
  #fill(row, { drawn, parts, holes, csaMm2, csaPx2, isVisibleCsa, thickness, echoIntensity }) {
    const put = (/** @type {string} */ name, /** @type {string} */ text) => {
      const output = row.querySelector(`[data-value="${name}"]`);
      if (output && output.textContent !== text) output.textContent = text;
    };
    const csaPx = csaPx2 === null ? "–" : `${number(csaPx2, 0)} px²`;
    const mtPx = thickness === null ? "–" : `${number(thickness.valuePx, 1)} px`;
    put("csa", csaMm2 === null ? csaPx : area(csaMm2, this.#editor.data.area_unit));
    put("csa-name", isVisibleCsa ? "visible CSA" : "CSA");
    put("mt", thickness?.valueMm == null ? mtPx : `${number(thickness.valueMm, 1)} mm`);
    put("ei", echoIntensity === null ? "–" : number(echoIntensity, 0));
    put("parts", drawn ? counted(parts, holes) : "–");
  }

  /** @param {Date} at */
  #moment(at) {
    return momentWords(at, this.#editor.data.time_zone);
  }

  /** @param {{number: number, at: Date, says: string}} revision */
  addRevision({ number, at, says }) {
    const time = make("time", this.#moment(at));
    time.setAttribute("datetime", at.toISOString());
    const button = document.createElement("button");
    button.type = "button";
    button.value = String(number);
    button.append(make("b", String(number)), ` ${says.replace(/(^|-)([a-z])/g, (_, dash, letter) => (dash && " ") + letter.toUpperCase())} `, time);
    const item = make("li", "");
    item.append(button);
    this.#editor.piece("revisions").prepend(item);
  }
}
