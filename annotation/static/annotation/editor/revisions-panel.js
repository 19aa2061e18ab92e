/**
 * The history of the work: an earlier revision is compared with what is there, and brought back as
 * a new revision.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 */
import { call } from "#editor/connection.js";
import { changesBetween, changesInWords } from "#editor/difference.js";
import { drawingOf } from "#editor/drawing.js";

export class RevisionsPanel {
  #editor;
  #address;
  #onEnd;
  /** @type {any} */
  #shown = null;

  /** @param {Editor} editor @param {(number: string) => string} address of a revision @param {() => void} onEnd nothing is compared any more */
  constructor(editor, address, onEnd) {
    this.#editor = editor;
    this.#address = address;
    this.#onEnd = onEnd;
    editor.piece("revisions").addEventListener("click", ({ target }) => {
      const button = target instanceof Element && target.closest("button");
      if (button) this.#compare(button.value);
    });
    const group = "Scan";
    const applies = () => this.#shown !== null;
    editor.actions.add(
      {
        name: "restore",
        group,
        label: "Bring the compared revision back",
        applies,
        run: () => this.#restore(),
      },
      {
        name: "end-compare",
        group,
        label: "End comparing",
        applies,
        run: () => this.end(),
      },
    );
  }

  /** @param {string} number */
  async #compare(number) {
    try {
      const { status, data } = await call("GET", this.#address(number));
      if (status !== 200) throw new Error(data?.detail ?? `The server answered ${status}.`);
      this.#show(data);
    } catch (error) {
      const isUnreached = error instanceof TypeError;
      const text = isUnreached ? "The server is not reached. Try again." : String(error);
      this.#editor.say(text.replace(/^Error: /, ""));
    }
  }

  /** @param {any} revision */
  #show(revision) {
    const { data, regions } = this.#editor;
    const changes = changesBetween(revision.regions, regions, data.spacing);
    const titles = new Map(data.labels.map(({ name, title }) => [name, title]));
    this.#shown = revision;
    this.#editor.showOther(revision.regions);
    this.#editor.stage.overlay.showMarks(changes.flatMap(({ stretches }) => stretches));
    this.#editor.piece("compared").hidden = false;
    this.#editor.piece("compared-title").textContent = `Revision ${revision.number}`;
    this.#editor.piece("compared-text").textContent = revision.decision
      ? `No outline: ${revision.reason}`
      : changesInWords(changes, titles, data.spacing !== null);
    this.#editor.draw();
  }

  end() {
    if (!this.#shown) return;
    this.#shown = null;
    this.#editor.stage.overlay.showMarks([]);
    this.#editor.piece("compared").hidden = true;
    this.#onEnd();
    this.#editor.draw();
  }

  #restore() {
    const { id, number } = this.#shown;
    const drawing = { ...drawingOf(this.#shown), basedOn: id };
    this.end();
    this.#editor.change(drawing, "restore", `Revision ${number} is back, as a new revision.`);
  }
}
