/**
 * The state of saving in words.
 *
 * @typedef {import("#editor/saver.js").SaveState} SaveState
 * @typedef {{title: string, text: string, signIn?: boolean}} Notice
 */
import { clockTime } from "#editor/moments.js";

/** @param {number} count */
function changes(count) {
  return count === 1 ? "1 change" : `${count} changes`;
}

/** @param {SaveState} state @param {boolean} isKept whether the browser keeps unsaved changes @param {string} zone */
export function saveWords(state, isKept = true, zone = "UTC") {
  if (state.kind === "saved") return state.at === null ? "saved" : `saved ${clockTime(new Date(state.at), zone)}`;
  if (state.kind === "saving") return isKept ? "saving" : "saving, only in this window";
  const kept = `${changes(state.changes)} ${isKept ? "kept here" : "only in this window"}`;
  switch (state.kind) {
    case "offline":
      return `offline, ${kept}`;
    case "signed-out":
      return `signed out, ${kept}`;
    case "forbidden":
      return `not allowed, ${kept}`;
    case "conflict":
      return `conflict, ${kept}`;
    case "newer":
      return `newer version, ${kept}`;
    case "refused":
      return `not saved: ${state.message}`;
  }
}

/** What a person has to know or do, where saving does not go on by itself. @param {SaveState} state @param {boolean} isKept @returns {Notice | null} */
export function saveNotice(state, isKept = true) {
  const where = isKept
    ? "Your changes are kept in this browser."
    : "This browser has no room to keep your changes: they are only in this window. Leave it open.";
  switch (state.kind) {
    case "offline":
      return isKept
        ? null
        : { title: "Only in this window", text: `${where} They are saved when the server is back.` };
    case "signed-out":
      return {
        title: "You are signed out",
        text: `${where} They are saved by themselves once you are back.`,
        signIn: true,
      };
    case "forbidden":
      return { title: "Not saved", text: `${state.message} ${where}`.trim(), signIn: true };
    case "refused":
      return {
        title: "Not saved",
        text: `The server did not take this: ${state.message} ${where} Correct it or undo it, then it is tried again.`,
      };
    default:
      return null;
  }
}
