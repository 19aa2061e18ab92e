/**
 * A tool turns presses into gestures; a gesture is a state that ends in one change or in none.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/overlay.js").Sketch} Sketch
 * @typedef {import("#editor/regions.js").VertexPlace} VertexPlace
 *
 * @typedef {{point: Point, reach: number, alt: boolean, shift: boolean}} Pointer
 *   `point` in image px, inside the image; `reach`: how far off a hit may be, image px
 *
 * @typedef {{
 *   move(pointer: Pointer, isLast?: boolean): void,
 *   release(pointer: Pointer): void,
 *   cancel(): void,
 * }} Gesture `isLast`: false while more follows of what the browser tells at once
 *
 * @typedef {{
 *   readonly regions: Region[],
 *   readonly label: string,
 *   readonly scale: number,
 *   readonly linked: boolean,
 *   readonly locked: ReadonlySet<string>,
 *   readonly brush: {radius: number},
 *   readonly stage: {picture: {readonly grey: import("#editor/echo-intensity.js").Grey | null}},
 *   readonly data: {
 *     image: {width: number, height: number},
 *     spacing: [number, number] | null, why_no_mm: string,
 *     labels: import("#editor/overlay.js").Label[],
 *   },
 *   commit(regions: Region[], tool: string, said: string): boolean,
 *   undo(): void,
 *   readonly drafts: import("#editor/drafts.js").Drafts,
 *   preview(regions: Region[] | null): void,
 *   sketch(sketch: Sketch): void,
 *   pick(point: Point): void,
 *   say(text: string, holds?: import("#editor/messages.js").Holds): void,
 *   refusesChosen(): boolean,
 *   refuses(label: string): boolean,
 *   select(label: string): void,
 *   titleOf(label: string): string,
 *   readonly keepsStructure: boolean,
 * }} Desk what a tool may see and do; `drafts` holds lines that are started, each under its
 *   tool's name; `scale` is stage px per image px,
 *   `linked` whether neighbours follow a border, `locked` the labels whose outlines stay as they
 *   are, the brush's `radius` in image px; `commit` tells whether no lock forbids it; `refuses`: a
 *   structure is locked, and that is said; `keepsStructure`: no gesture chooses another structure
 *
 * @typedef {{label: string, keys?: string[], button?: import("#editor/actions.js").Button}} Offer
 *
 * @typedef {{
 *   readonly name: string,
 *   readonly offer?: Offer,
 *   readonly actions?: Action[],
 *   press(pointer: Pointer): Gesture | null,
 *   hover?(pointer: Pointer | null): void,
 *   resize?(steps: number): void,
 *   leave?(): void,
 *   close?(): void,
 *   resume?(): void,
 *   readonly finishes?: string,
 *   readonly keepsRegions?: boolean,
 * }} Tool
 *   `offer`: how the tool is chosen, if people choose it; `actions`: what can be done while it is
 *   active; `resize` makes what it draws with larger, or smaller; `leave`: another tool is taken, a
 *   line that is started stays with the desk's drafts; `close`: the scan is left; `resume`: there is
 *   such a line, or another one than before, to be shown; `finishes`: the action that puts it in;
 *   `keepsRegions`: whole regions are not deleted while it is active
 */
import { distance } from "#editor/geometry.js";

/** A press that moves less than this is a click. Screen px */
export const CLICK_REACH = 4;

/** Tolerance of simplifying what is drawn by hand, for a 384 x 400 image. px */
export const TOLERANCE = 0.35;

/**
 * The move of a gesture that takes a stroke down, in points that are 1 screen px apart, and shows
 * it once for all that comes at once.
 *
 * @param {Desk} desk @param {Point[]} stroke @param {() => void} show
 * @returns {Gesture["move"]}
 */
export function takingDown(desk, stroke, show) {
  let isNew = false;
  return ({ point }, isLast = true) => {
    if (distance(point, stroke[stroke.length - 1]) * desk.scale >= 1) {
      stroke.push(point);
      isNew = true;
    }
    if (!isLast || !isNew) return;
    isNew = false;
    show();
  };
}

/** Where an arrow key points. @type {[string, number, number][]} */
const WAYS = [
  ["Left", -1, 0],
  ["Right", 1, 0],
  ["Up", 0, -1],
  ["Down", 0, 1],
];
/** How far an arrow key moves, image px. @type {[string, number][]} */
const STRIDES = [
  ["", 1],
  ["Shift+", 5],
  ["Alt+", 0.1],
];

/**
 * An action for every arrow key and stride.
 * @param {{name: string, group: string, what: string, enabled: () => boolean,
 *   run: (by: Point) => void}} steps `what` is moved, `by` px
 * @returns {Action[]}
 */
export function arrowActions({ name, group, what, enabled, run }) {
  return WAYS.flatMap(([side, dx, dy]) =>
    STRIDES.map(([held, px]) => ({
      name: `${name}-${side.toLowerCase()}-${px}`,
      group,
      label: `Move ${what} ${side.toLowerCase()} by ${px} px`,
      keys: [`${held}Arrow${side}`],
      repeats: true,
      enabled,
      run: () => run([dx * px, dy * px]),
    })),
  );
}
