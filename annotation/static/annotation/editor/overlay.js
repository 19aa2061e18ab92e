/**
 * Everything drawn over the scan, in one SVG: outlines in image px under the viewport's transform,
 * numbers, marks and rulers in stage px.
 *
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Part} Part
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{name: string, title: string, short: string, colour: string, number: number, dash: string}} Label
 * @typedef {{points: Point[], kind: "stroke" | "removed" | "draft", closed?: boolean}} SketchLine
 * @typedef {{track: Point[], radius: number, kind: "add" | "erase"}} BrushTrack `radius` in image px
 * @typedef {{from: Point, to: Point, text: string}} Ruler
 * @typedef {{lines?: SketchLine[], brush?: BrushTrack, ruler?: Ruler, handles?: Point[], target?: {point: Point, kind: "vertex" | "insert" | "start"} | null}} Sketch
 * @typedef {{x: number, y: number, number: number, text: string}} Pin
 * @typedef {[Point, Point]} Line
 */
import { bounds } from "#editor/geometry.js";
import { rulers } from "#editor/rulers.js";
import { element } from "#editor/svg.js";

/** How wide a letter, how wide and how high a tag on the scan is at most. Stage px */
const TAG_LETTER = 10;
const TAG_WIDTH = 40;
const TAG_LINE = 16;

/** @param {Point[]} points @param {boolean} closed */
function pathOfLine(points, closed) {
  const steps = points.map(([x, y], index) => `${index ? "L" : "M"}${x} ${y}`);
  return steps.join("") + (closed && points.length ? "Z" : "");
}

/** Parts are never changed in place, and most are drawn again and again. @type {WeakMap<Part[], string>} */
const paths = new WeakMap();

/** @param {Part[]} parts */
export function pathOfParts(parts) {
  const known = paths.get(parts);
  if (known !== undefined) return known;
  const path = parts
    .flat()
    .map((ring) => pathOfLine(ring, true))
    .join("");
  paths.set(parts, path);
  return path;
}

/** Zero-length strokes, which square caps make into squares. @param {Point[]} points */
function pathOfDots(points) {
  return points.map(([x, y]) => `M${x} ${y}h0`).join("");
}

/** @param {string} d @param {string} name */
function haloed(d, name) {
  return [
    element("path", { d, class: "halo" }),
    element("path", { d, class: name }),
  ];
}

/** Where a brush has been, and its rim where it is. @param {BrushTrack} brush */
function brushMarks({ track, radius, kind }) {
  const [x, y] = track[track.length - 1];
  const rim = `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
  const passed = track.length > 1 ? [element("path", { d: pathOfLine(track, false), class: `track ${kind}`, "stroke-width": 2 * radius })] : [];
  return [...passed, element("path", { d: rim, class: "halo" }), element("path", { d: rim, class: `rim ${kind}` })];
}

export class Overlay {
  #image = element("g");
  #stage = element("g");
  #layers = new Map(
    ["uncertainty", "other", "proposed", "regions", "marks", "thickness", "sketch", "handles"].map((name) => [
      name,
      element("g", { class: `layer-${name}` }),
    ]),
  );
  #marks = new Map(
    ["rulers", "numbers", "lengths", "pins"].map((name) => [name, element("g", { class: `layer-${name}` })]),
  );
  /** @type {{text: string, at: Point, colour: string}[]} */
  #numbers = [];
  /** @type {WeakMap<Region, {isChosen: boolean, lines: SVGElement[]}>} */
  #outlines = new WeakMap();
  /** Where the rulers were drawn for. */
  #ruled = "";
  /** @type {Pin[]} */
  #pins = [];
  /** @type {Ruler | null} */
  #ruler = null;
  /** @type {import("#editor/viewport.js").Viewport | null} */
  #viewport = null;

  /** @param {Label[]} labels */
  constructor(labels) {
    this.labels = new Map(labels.map((label) => [label.name, label]));
    this.svg = /** @type {SVGSVGElement} */ (element("svg", { "aria-hidden": "true" }));
    this.#image.append(...this.#layers.values());
    this.#stage.append(...this.#marks.values());
    this.svg.append(this.#image, this.#stage);
  }

  /** @param {string} name */
  #layer(name) {
    return /** @type {SVGElement} */ (this.#layers.get(name) ?? this.#marks.get(name));
  }

  /** Two lines over each other, drawn anew only where they have become others. @param {string} layer @param {string} d @param {string} name */
  #showLine(layer, d, name) {
    const shown = this.#layer(layer);
    if ((shown.lastElementChild?.getAttribute("d") ?? "") === d) return;
    shown.replaceChildren(...(d ? haloed(d, name) : []));
  }

  /** @param {Region[]} regions @param {number} chosen index of the region drawn stronger */
  showRegions(regions, chosen) {
    const outlines = regions.flatMap((region, index) => this.#outline(region, index === chosen));
    putChildren(this.#layer("regions"), outlines);
    this.#numbers = regions.map(({ label, parts }) => {
      const [x0] = bounds(parts.flat());
      const at = parts.flat(2).find((point) => point[0] === x0) ?? [0, 0];
      const { number, short, colour = "#fff" } = this.labels.get(label) ?? {};
      return { text: number ? `${number} ${short}` : label, at, colour };
    });
  }

  /** A region is never changed in place: one that was drawn before is drawn already. @param {Region} region @param {boolean} isChosen */
  #outline(region, isChosen) {
    const drawn = this.#outlines.get(region);
    if (drawn?.isChosen === isChosen) return drawn.lines;
    const lines = this.#newOutline(region, isChosen);
    this.#outlines.set(region, { isChosen, lines });
    return lines;
  }

  /** @param {Region} region @param {boolean} isChosen */
  #newOutline(region, isChosen) {
    const { colour = "#fff", dash = "" } = this.labels.get(region.label) ?? {};
    const [halo, line] = haloed(pathOfParts(region.parts), isChosen ? "outline chosen" : "outline");
    line.setAttribute("stroke", colour);
    line.style.setProperty("--colour", colour);
    if (dash) line.setAttribute("stroke-dasharray", dash);
    return [halo, line];
  }

  /** Another's outlines, thin and dotted. @param {Region[]} regions */
  showOther(regions) {
    const d = regions.map(({ parts }) => pathOfParts(parts)).join("");
    this.#showLine("other", d, "other");
  }

  /** What lies under all outlines, in image px. @param {SVGElement[]} nodes */
  showUnder(nodes) {
    this.#layer("uncertainty").replaceChildren(...nodes);
  }

  /** Stretches to look at. @param {Point[][]} lines */
  showMarks(lines) {
    const d = lines.map((line) => pathOfLine(line, false)).join("");
    this.#showLine("marks", d, "moved");
  }

  /** What is proposed and nobody's work yet. @param {Region[]} regions */
  showProposed(regions) {
    const layer = this.#layer("proposed");
    layer.replaceChildren(
      ...regions.flatMap(({ label, parts }) => {
        const [halo, line] = haloed(pathOfParts(parts), "proposed");
        line.setAttribute("stroke", this.labels.get(label)?.colour ?? "#fff");
        return [halo, line];
      }),
    );
  }

  /** @param {Line[]} lines */
  showThickness(lines) {
    const d = lines.map((line) => pathOfLine(line, false)).join("");
    this.#showLine("thickness", d, "thickness");
  }

  /** @param {Sketch} sketch */
  showSketch({ lines = [], brush, ruler, handles = [], target = null }) {
    this.#layer("sketch").replaceChildren(
      ...(brush ? brushMarks(brush) : []),
      ...(ruler ? haloed(pathOfLine([ruler.from, ruler.to], false), "ruler") : []),
      ...lines.flatMap(({ points, kind, closed = false }) =>
        haloed(pathOfLine(points, closed), kind),
      ),
    );
    const dots = [element("path", { d: pathOfDots(handles), class: "handles" })];
    if (target) dots.push(element("path", { d: pathOfDots([target.point]), class: target.kind }));
    this.#layer("handles").replaceChildren(...dots);
    this.#ruler = ruler ?? null;
    this.#placeRuler();
  }

  /** The length stands beside the end of the line. */
  #placeRuler() {
    if (!this.#ruler) return this.#layer("lengths").replaceChildren();
    const { from, to, text } = this.#ruler;
    const [x, y] = this.#viewport?.toStage(to) ?? to;
    const isLeftwards = to[0] < from[0];
    const length = element("text", { x: x + (isLeftwards ? -10 : 10), y: y + 4 });
    length.setAttribute("text-anchor", isLeftwards ? "end" : "start");
    length.textContent = text;
    this.#layer("lengths").replaceChildren(length);
  }

  /** Text is laid out anew only where it is another. @param {import("#editor/viewport.js").Viewport} viewport */
  #placeNumbers(viewport) {
    const placed = this.#numbers.map(({ text, at, colour }) => {
      const [left, top] = viewport.toStage(at);
      return { text, colour, x: Math.max(left - 7, TAG_LETTER * text.length), y: top + 5 };
    });
    placed.forEach((tag, index) => {
      while (placed.slice(0, index).some((other) => overlaps(tag, other))) tag.y += TAG_LINE;
    });
    const layer = this.#layer("numbers");
    placed.forEach(({ text, colour, x, y }, index) => {
      const number = layer.children[index] ?? layer.appendChild(element("text"));
      const wanted = { x, y, fill: colour };
      for (const [name, value] of Object.entries(wanted)) put(number, name, String(value));
      if (number.textContent !== text) number.textContent = text;
    });
    while (layer.children.length > placed.length) layer.lastElementChild?.remove();
  }

  /** @param {import("#editor/viewport.js").Viewport} viewport @param {[number, number] | null} spacing mm per px */
  #placeRulers(viewport, spacing) {
    const { x, y, scale, width, height } = viewport;
    const place = String([x, y, scale, width, height]);
    if (place === this.#ruled) return;
    this.#ruled = place;
    this.#layer("rulers").replaceChildren(...(spacing ? rulers(viewport, spacing) : []));
  }

  /** @param {Pin[]} pins */
  showPins(pins) {
    this.#pins = pins;
  }

  /** @param {import("#editor/viewport.js").Viewport} viewport @param {[number, number] | null} spacing mm per px */
  place(viewport, spacing) {
    this.#viewport = viewport;
    const { x, y, scale } = viewport;
    put(this.#image, "transform", `matrix(${scale} 0 0 ${scale} ${x} ${y})`);
    this.#placeNumbers(viewport);
    this.#layer("pins").replaceChildren(...this.#pins.map((pin) => pinMark(pin, viewport)));
    this.#placeRulers(viewport, spacing);
    this.#placeRuler();
  }
}

/** @param {{x: number, y: number}} tag @param {{x: number, y: number}} other */
function overlaps(tag, other) {
  return Math.abs(tag.x - other.x) < TAG_WIDTH && Math.abs(tag.y - other.y) < TAG_LINE;
}

/** @param {Element} node @param {string} name @param {string} value */
function put(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Touches only what is another. @param {SVGElement} parent @param {SVGElement[]} children */
function putChildren(parent, children) {
  children.forEach((child, index) => {
    const there = parent.children[index];
    if (there === child) return;
    if (there) there.replaceWith(child);
    else parent.append(child);
  });
  while (parent.children.length > children.length) parent.lastElementChild?.remove();
}

/** @param {Pin} pin @param {import("#editor/viewport.js").Viewport} viewport */
function pinMark({ x, y, number, text }, viewport) {
  const [left, top] = viewport.toStage([x, y]);
  const mark = element("g", {
    class: "pin",
    transform: `translate(${left} ${top})`,
  });
  const title = element("title");
  title.textContent = text;
  const figure = element("text", { y: -15 });
  figure.textContent = String(number);
  mark.append(title, element("path", { d: "M0 0L-7 -11A9 9 0 1 1 7 -11Z" }), figure);
  return mark;
}
