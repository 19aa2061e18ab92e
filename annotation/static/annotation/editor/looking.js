/**
 * How the scan is looked at: brightness, contrast and gamma, how strong outlines are drawn, zoom,
 * the bare scan, the cross. Nothing of it changes the work.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 */
import { Crosshair } from "#editor/crosshair.js";

const ZOOM_STEP = 1.25;
const FOLDED = "myotrace-panel-folded";
const OPACITIES = "myotrace-opacities";

export class Looking {
  #crosshair;
  #editor;

  /** @param {Editor} editor @param {AbortSignal} signal */
  constructor(editor, signal) {
    this.#editor = editor;
    this.#crosshair = new Crosshair(editor.stage);
    editor.host.addEventListener("input", ({ target }) => this.#slide(target), { signal });
    editor.host.toggleAttribute("data-folded", localStorage.getItem(FOLDED) === "yes");
    this.#restoreOpacities();
    this.#addActions();
  }

  #addActions() {
    const { actions, input } = this.#editor;
    const group = "Look";
    actions.add(
      {
        name: "bare",
        group,
        label: "Hold to see the bare scan",
        keys: ["T"],
        run: () => this.#bare(true),
        release: () => this.#bare(false),
      },
      {
        name: "pan",
        group,
        label: "Hold to drag the scan",
        keys: ["Space"],
        run: () => (input.panning = true),
        release: () => (input.panning = false),
      },
      { name: "fit", group, label: "Fit the scan into the window", keys: ["0"], run: () => this.#fit() },
      {
        name: "zoom-region",
        group,
        label: "Zoom to the chosen outline",
        keys: ["Z"],
        otherwise: "There is no outline of this structure to zoom to.",
        enabled: () => this.#editor.chosenBounds !== null,
        run: () => this.#zoomToRegion(),
      },
      {
        name: "zoom-in",
        group,
        label: "Zoom in",
        keys: ["+", "="],
        repeats: true,
        run: () => this.#zoom(ZOOM_STEP),
      },
      {
        name: "zoom-out",
        group,
        label: "Zoom out",
        keys: ["-"],
        repeats: true,
        run: () => this.#zoom(1 / ZOOM_STEP),
      },
      {
        name: "crosshair",
        group,
        label: "Cross with a scale in mm at the pointer",
        keys: ["K"],
        pressed: () => this.#crosshair.isOn,
        run: () => this.#toggleCrosshair(),
      },
      {
        name: "reset-window",
        group,
        label: "Brightness, contrast and gamma as acquired",
        keys: ["N"],
        run: () => this.#adjust({ brightness: 0, contrast: 0, gamma: 0 }),
      },
      {
        name: "fold",
        group,
        label: "Fold the panel away or back",
        keys: ["F"],
        run: () => this.#fold(),
      },
    );
  }

  /** @param {EventTarget | null} slider */
  #slide(slider) {
    if (!(slider instanceof HTMLInputElement)) return;
    const { window: name, opacity } = slider.dataset;
    if (name) this.#adjust({ [name]: Number(slider.value) });
    if (opacity) this.#setOpacity(opacity, Number(slider.value));
  }

  /** @param {Partial<import("#editor/window-level.js").Window>} window */
  #adjust(window) {
    this.#editor.stage.picture.adjust(window);
    this.#editor.adjusted();
  }

  /** @param {string} name `fill` or `line` @param {number} percent */
  #setOpacity(name, percent) {
    this.#showOpacity(name, percent);
    const kept = this.#editor.panel.opacities;
    localStorage.setItem(OPACITIES, JSON.stringify(kept));
  }

  /** @param {string} name @param {number} percent */
  #showOpacity(name, percent) {
    const { container } = this.#editor.stage;
    container.style.setProperty(`--${name}-opacity`, String(percent / 100));
    if (name === "fill") container.toggleAttribute("data-filled", percent > 0);
    this.#editor.panel.showOpacity(name, percent);
  }

  #restoreOpacities() {
    try {
      const kept = JSON.parse(localStorage.getItem(OPACITIES) ?? "{}");
      for (const name of ["fill", "line"]) {
        if (Number.isFinite(kept[name])) this.#showOpacity(name, kept[name]);
      }
    } catch {
      localStorage.removeItem(OPACITIES);
    }
  }

  /** @param {boolean} isBare */
  #bare(isBare) {
    this.#editor.stage.container.toggleAttribute("data-bare", isBare);
  }

  #toggleCrosshair() {
    this.#crosshair.toggle();
    this.#editor.say(this.#crosshair.isOn ? "The cross follows the pointer." : "No cross.");
    this.#editor.draw();
  }

  #fit() {
    this.#editor.stage.viewport.fit();
    this.#editor.stage.place();
  }

  #zoomToRegion() {
    const { stage, chosenBounds } = this.#editor;
    if (!chosenBounds) return;
    stage.viewport.show(chosenBounds);
    stage.place();
  }

  /** @param {number} factor */
  #zoom(factor) {
    const { stage } = this.#editor;
    const { width, height } = stage.container.getBoundingClientRect();
    stage.viewport.zoom(factor, [width / 2, height / 2]);
    stage.place();
  }

  unfold() {
    if (this.#editor.host.hasAttribute("data-folded")) this.#fold();
  }

  #fold() {
    const { host } = this.#editor;
    host.toggleAttribute("data-folded");
    localStorage.setItem(FOLDED, host.hasAttribute("data-folded") ? "yes" : "no");
  }
}
