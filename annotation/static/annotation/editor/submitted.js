/**
 * What was handed in last: for a while, the page of the next scan takes it back with one key.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 * @typedef {{title: string, image: number, page: string, address: string, at: number}} Submitted
 *   `page`: of the scan; `address`: of taking it back
 */
import { call } from "#editor/connection.js";
import { openScan } from "#editor/navigation.js";

/** For how long it is offered. ms */
const OFFERED = 60_000;

/** @type {Submitted | null} */
let last = null;

/** @param {Omit<Submitted, "at">} submitted */
export function remember(submitted) {
  last = { ...submitted, at: Date.now() };
}

/** Offers to take the last one back, while it can be expected to wait for review, and where that key takes no other back. @param {Editor} editor */
export function offerTakingBack(editor) {
  if (editor.data.urls.take_back) return;
  const submitted = last;
  const remaining = submitted ? submitted.at + OFFERED - Date.now() : 0;
  const button = editor.host.querySelector("[data-action=take-back-last]");
  if (!submitted || remaining <= 0 || !(button instanceof HTMLElement)) return;
  const isOffered = () => last === submitted && Date.now() < submitted.at + OFFERED;
  editor.actions.add({
    name: "take-back-last",
    group: "Scan",
    label: `Take back ${submitted.title}`,
    keys: ["Ctrl+Backspace"],
    applies: isOffered,
    run: () => takeBack(editor, submitted),
  });
  button.hidden = false;
  editor.say(`Submitted: ${submitted.title}. {take-back-last} takes it back.`);
  setTimeout(() => {
    button.hidden = true;
  }, remaining);
}

/** @param {Editor} editor @param {Submitted} submitted */
async function takeBack(editor, submitted) {
  const { title, image, page, address } = submitted;
  last = null;
  try {
    const { status, data } = await call("POST", address, {});
    if (status !== 200) {
      return editor.say(`${title} was not taken back: ${data?.detail ?? `the server answered ${status}.`}`);
    }
    editor.sweeping?.reopened(image, "draft");
    await openScan(page);
  } catch {
    last = submitted;
    editor.say(`${title} was not taken back: the server is not reached. Try again.`);
  }
}
