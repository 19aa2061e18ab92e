/**
 * From scan to scan within one page: the next is fetched beforehand and shown in place, the
 * address changes with it, and the back button works.
 *
 * @typedef {import("#editor/editor-page.js").EditorPage} EditorPage
 */
import { fetchEditorPage, showEditorPage } from "#editor/editor-page.js";
import { pixelsOf } from "#editor/pixels.js";

/** Older pages are fetched anew, before their scan is offered to somebody else. ms */
const FRESH = 9 * 60_000;

/** @type {Map<string, {at: number, page: Promise<EditorPage | null>}>} by the address asked for */
const prepared = new Map();
let turn = 0;
let shownAddress = location.href;

/** Fetches a scan's page and pixels, so that opening it takes no time. @param {string} address */
export async function prepareScan(address) {
  const page = fetchEditorPage(address).catch(() => null);
  prepared.set(address, { at: performance.now(), page });
  const found = await page;
  if (found) pixelsOf(JSON.parse(found.data).image.pixels).catch(() => {});
}

/** @param {string} address whose prepared page is not wanted any more */
export function forgetScan(address) {
  prepared.delete(address);
}

/**
 * Shows another scan in place, once the work on this one is safe.
 *
 * @param {string} address
 * @param {{remember?: boolean}} options `remember`: the back button leads here again
 * @returns {Promise<boolean>} whether it is shown
 */
export async function openScan(address, { remember = true } = {}) {
  turn += 1;
  const mine = turn;
  const editor = openEditor();
  if (!(await editor.leave())) return stay();
  const early = takePrepared(address);
  let page = await early;
  if (!page) {
    try {
      page = await fetchEditorPage(address);
    } catch {
      editor.say("The server is not reached. This scan stays open.");
      return stay();
    }
  }
  if (mine !== turn) return false;
  if (!page) {
    location.assign(address);
    return false;
  }
  const isSame = page.address === shownAddress;
  shownAddress = page.address;
  if (remember && !isSame) history.pushState(null, "", page.address);
  else history.replaceState(null, "", page.address);
  showEditorPage(page);
  if (early) refresh(page);
  return true;
}

/** The browser's back and forward lead from scan to scan, too. */
export function followHistory() {
  window.addEventListener("popstate", () => openScan(location.href, { remember: false }));
}

/** The address of what is still shown, after going back could not be done. */
function stay() {
  if (location.href !== shownAddress) history.pushState(null, "", shownAddress);
  return false;
}

/** @param {string} address */
function takePrepared(address) {
  const found = prepared.get(address);
  prepared.delete(address);
  return found && performance.now() - found.at < FRESH ? found.page : null;
}

/** A prepared page may be out of date: the newer one is shown while nothing was done on it yet. @param {EditorPage} page */
async function refresh(page) {
  const editor = openEditor();
  const newer = await fetchEditorPage(page.address).catch(() => null);
  if (!newer || newer.data === page.data || !editor.isConnected || editor.touched) return;
  showEditorPage(newer);
}

function openEditor() {
  const editor = document.querySelector("contour-editor");
  if (!editor) throw new Error("the page has no editor");
  return /** @type {import("#editor/contour-editor.js").ContourEditor} */ (editor);
}
