/**
 * The state of saving in words.
 *
 * @typedef {import("#editor/saver.js").SaveState} SaveState
 */

/** @param {number} at ms */
function clockTime(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** @param {number} count */
function changes(count) {
  return count === 1 ? "1 change" : `${count} changes`;
}

/** @param {SaveState} state @param {boolean} isKept whether the browser keeps unsaved changes */
export function saveWords(state, isKept = true) {
  if (state.kind === "saved") return state.at === null ? "saved" : `saved ${clockTime(state.at)}`;
  if (state.kind === "saving") return "saving";
  const kept = `${changes(state.changes)} ${isKept ? "kept here" : "only in this window"}`;
  switch (state.kind) {
    case "offline":
      return `offline, ${kept}`;
    case "signed-out":
      return `signed out, ${kept}`;
    case "conflict":
      return `conflict, ${kept}`;
    case "refused":
      return `not saved: ${state.message}`;
  }
}
