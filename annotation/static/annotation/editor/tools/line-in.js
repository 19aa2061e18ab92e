/**
 * A line that was drawn or wired is put in for the stretch of the outline that it means, of the
 * chosen structure or of the one that it clearly lies on; flipping takes the other meaning.
 *
 * @typedef {import("#editor/tools/tool.js").Desk} Desk
 * @typedef {import("#editor/geometry.js").Point} Point
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {import("#editor/redraw.js").Choice} Choice
 * @typedef {import("#editor/redraw.js").Refusal} Refusal
 * @typedef {{place: import("#editor/regions.js").RingPlace, label: string, regions: Region[], choices: Choice[]}} Found
 */
import { redraw } from "#editor/redraw.js";
import { replaceRing, ringAt, ringPlaces } from "#editor/regions.js";

export class LineIn {
  #desk;
  #tool;
  #done;
  #flipKey;
  /** @type {{found: Found, choice: number, regions: Region[]} | null} */
  #last = null;

  /** @param {Desk} desk @param {string} tool @param {string} done what is said of the line @param {string} flipKey the action that flips */
  constructor(desk, tool, done, flipKey) {
    this.#desk = desk;
    this.#tool = tool;
    this.#done = done;
    this.#flipKey = flipKey;
  }

  /** @param {Point[]} line @param {number} tolerance image px @param {string} [label] that is meant unless another is clearly nearer @returns {Found | Refusal} */
  find(line, tolerance, label = this.#desk.label) {
    const { regions, scale, keepsStructure } = this.#desk;
    const places = ringPlaces(regions, keepsStructure ? label : null);
    const rings = places.map((place) => ringAt(regions, place));
    const isChosen = (/** @type {number} */ ring) => regions[places[ring].region].label === label;
    const found = redraw(rings, line, scale, tolerance, isChosen);
    if ("refused" in found) return found;
    const place = places[found.ring];
    return { place, label: regions[place.region].label, regions, choices: found.choices };
  }

  /** @param {Found | Refusal} found @param {number} choice @returns {boolean} whether it is in */
  put(found, choice) {
    const desk = this.#desk;
    if ("refused" in found) return this.#refuse(found);
    if (desk.refuses(found.label)) return false;
    const { ring } = found.choices[choice];
    const after = ring.length < 3 ? null : replaceRing(found.regions, found.place, ring, desk);
    if (!after) return this.#say("Nothing would be left of the outline; it stays as it was.");
    if (desk.regions !== found.regions) desk.undo();
    const isOther = found.label !== desk.label;
    if (isOther) desk.select(found.label);
    const which = isOther ? `${this.#done}: ${desk.titleOf(found.label)}, on which the line lies.` : `${this.#done}.`;
    const flips = found.choices.length > 1 ? ` {${this.#flipKey}} takes the other side.` : "";
    if (!desk.commit(after, this.#tool, which + flips)) return false;
    this.#last = { found, choice, regions: desk.regions };
    return true;
  }

  /** Whether the line that was put in last can be taken the other way. */
  get canFlip() {
    return this.#last?.regions === this.#desk.regions && this.#last.found.choices.length > 1;
  }

  flip() {
    if (this.#last) this.put(this.#last.found, 1 - this.#last.choice);
  }

  /** @param {Refusal} refusal */
  #refuse({ refused }) {
    if (!this.#desk.regions.length) return this.#say("Nothing to redraw here yet: {draw} draws an outline.");
    return this.#say(
      refused === "returns"
        ? "The line comes back to where it began. End it farther along the border, or go all the way round."
        : "Too far from every outline: begin and end on the border, or near it. {draw} draws a new outline.",
    );
  }

  /** @param {string} text */
  #say(text) {
    this.#desk.say(text);
    return false;
  }
}
