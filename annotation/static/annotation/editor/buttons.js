/**
 * Buttons that stand for actions, wherever they are on the page: their keys, and whether they can
 * be pressed now. A button keeps the focus when its action ends.
 *
 * @typedef {import("#editor/actions.js").Action} Action
 * @typedef {import("#editor/actions.js").Actions} Actions
 */
import { canRun } from "#editor/actions.js";
import { ariaKeys } from "#editor/keys.js";

/** @param {HTMLElement} host @returns {HTMLElement[]} */
function buttonsIn(host) {
  return [...host.querySelectorAll("[data-action]")].filter((node) => node instanceof HTMLElement);
}

/** @param {HTMLElement} host @param {Actions} actions */
export function showKeys(host, actions) {
  for (const button of buttonsIn(host)) {
    const action = actions.named(button.dataset.action ?? "");
    if (action) showKeysOn(button, action, actions.keysOf(action));
  }
}

/** @param {HTMLElement} button @param {Action} action @param {string[]} keys */
function showKeysOn(button, action, keys) {
  button.title = keys.length ? `${action.label} (${keys[0]})` : action.label;
  if (keys.length) button.setAttribute("aria-keyshortcuts", ariaKeys(keys));
  else button.removeAttribute("aria-keyshortcuts");
  const shown = button.querySelector("kbd");
  if (shown) shown.textContent = keys[0] ?? "";
}

/** @param {HTMLElement} host @param {Actions} actions */
export function showStates(host, actions) {
  for (const button of buttonsIn(host)) {
    const action = actions.named(button.dataset.action ?? "");
    if (!action) continue;
    put(button, "aria-disabled", String(!canRun(action)));
    if (action.pressed) put(button, "aria-pressed", String(action.pressed()));
  }
}

/** @param {HTMLElement} node @param {string} name @param {string} value */
function put(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
