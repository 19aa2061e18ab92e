/**
 * The author of returned work marks a remark as done where the outline stays as it is; what is
 * changed near a remark answers it by itself.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 */
import { call } from "#editor/connection.js";

/** @param {Editor} editor @param {AbortSignal} signal */
export function answerRemarks(editor, signal) {
  const press = (/** @type {Event} */ { target }) => {
    const button = target instanceof Element ? target.closest("[data-remark]") : null;
    if (button instanceof HTMLElement) answer(editor, button);
  };
  editor.host.addEventListener("click", press, { signal });
}

/** @param {Editor} editor @param {HTMLElement} button */
async function answer(editor, button) {
  const done = button.getAttribute("aria-pressed") !== "true";
  const address = editor.data.urls.answer.replace("/0/", `/${button.dataset.remark}/`);
  try {
    const { status, data } = await call("POST", address, { done });
    if (status !== 200) return editor.say(data?.detail ?? `The server answered ${status}.`);
    button.setAttribute("aria-pressed", String(done));
    editor.say(done ? "The expert sees that you marked it as done." : "It is open again.");
  } catch {
    editor.say("Not recorded: the server is not reached. Try again.");
  }
}
