/**
 * Outlines to start from: copies of the other side's, or of a former visit's.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {import("#editor/geometry.js").Region} Region
 * @typedef {{name: string, title: string, revision: number, regions: Region[]}} Start
 *   `revision`: what is copied
 */

/** @type {Record<string, string>} */
const KEYS = { "other-side": "Y", "previous-visit": "Shift+Y" };

/** @param {Editor} editor @param {{enabled: () => boolean, otherwise: string}} when */
export function offerStarts(editor, { enabled, otherwise }) {
  for (const start of editor.data.starts) {
    editor.actions.add({
      name: `copy-${start.name}`,
      group: "Scan",
      label: `Copy: ${start.title}`,
      keys: [KEYS[start.name]],
      otherwise,
      applies: () => editor.mode.editable,
      enabled,
      run: () => copy(editor, start),
    });
  }
}

/** @param {Editor} editor @param {Start} start */
function copy(editor, { title, revision, regions }) {
  editor.change(
    {
      regions,
      origin: "copied",
      suggestionVersion: "",
      basedOn: revision,
      decision: "",
      reason: "",
    },
    "copy",
    `Copied: ${title}. Drag to move all outlines, {mirror} mirrors them, {redraw} corrects.`,
  );
  editor.useTool("move");
}
