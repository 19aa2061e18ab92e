/**
 * A cross at the pointer with ticks of 1, 5 and 10 mm along its arms, to measure by eye; without
 * a calibration a cross alone.
 *
 * @typedef {import("#editor/stage.js").Stage} Stage
 */
import { ticks } from "#editor/rulers.js";
import { element } from "#editor/svg.js";

/** How far the scale goes to each side. mm */
const REACH = 50;
/** How far the arms go: beyond every stage. Stage px */
const ARM = 4000;

export class Crosshair {
  #node = element("g", { class: "layer-crosshair", visibility: "hidden" });
  #drawnAt = 0;
  #isOn = false;
  #stage;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    stage.overlay.svg.append(this.#node);
    stage.onPlace = () => this.#rescale();
    stage.container.addEventListener("pointermove", (event) => this.#follow(event));
    stage.container.addEventListener("pointerleave", () => this.#show(false));
  }

  get isOn() {
    return this.#isOn;
  }

  toggle() {
    this.#isOn = !this.#isOn;
    this.#show(false);
  }

  /** @param {PointerEvent} event */
  #follow({ clientX, clientY }) {
    if (!this.#isOn) return;
    this.#rescale();
    const [x, y] = this.#stage.fromClient(clientX, clientY);
    this.#node.setAttribute("transform", `translate(${x} ${y})`);
    this.#show(true);
  }

  #rescale() {
    const { scale } = this.#stage.viewport;
    if (this.#isOn && scale !== this.#drawnAt) this.#draw(scale);
  }

  /** @param {boolean} shown */
  #show(shown) {
    this.#node.setAttribute("visibility", shown ? "visible" : "hidden");
  }

  /** @param {number} scale */
  #draw(scale) {
    const { spacing } = this.#stage;
    const cross = `M${-ARM} 0H${ARM}M0 ${-ARM}V${ARM}`;
    const d = spacing ? cross + scales(scale / spacing[0], scale / spacing[1]) : cross;
    this.#node.replaceChildren(element("path", { d, class: "halo" }), element("path", { d }));
    this.#drawnAt = scale;
  }
}

/** @param {number} perMmX @param {number} perMmY stage px */
function scales(perMmX, perMmY) {
  const both = (/** @type {number} */ at) => [-at, at];
  const across = ticks(REACH, perMmX).flatMap(([at, long]) =>
    both(at).map((x) => `M${x} ${-long}V${long}`),
  );
  const down = ticks(REACH, perMmY).flatMap(([at, long]) =>
    both(at).map((y) => `M${-long} ${y}H${long}`),
  );
  return [...across, ...down].join("");
}
