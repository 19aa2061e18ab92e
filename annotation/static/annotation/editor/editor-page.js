/**
 * A page of the editor as the server writes it, taken apart for showing it in place.
 *
 * @typedef {{address: string, title: string, data: string, editor: HTMLElement}} EditorPage
 *   `address`: where the server's redirects led; `data`: the JSON that the editor starts from
 */

/** @param {string} address @returns {Promise<EditorPage | null>} null: what lies there is no editor */
export async function fetchEditorPage(address) {
  const response = await fetch(address, {
    credentials: "same-origin",
    headers: { Accept: "text/html" },
  });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const editor = page.querySelector("contour-editor");
  const data = page.getElementById("editor-data")?.textContent;
  if (!response.ok || !(editor instanceof HTMLElement) || !data) return null;
  return { address: response.url, title: page.title, data, editor };
}

/** Puts the page in place of the one that is shown. @param {EditorPage} page */
export function showEditorPage({ title, data, editor }) {
  const shown = document.querySelector("contour-editor");
  const holder = document.getElementById("editor-data");
  if (!shown || !holder) throw new Error("the page has no editor");
  holder.textContent = data;
  document.title = title;
  shown.replaceWith(document.importNode(editor, true));
}
