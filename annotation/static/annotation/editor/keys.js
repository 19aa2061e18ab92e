/** How keys are spelled: `R`, `Space`, `Ctrl+Shift+Z`. */

/** The key of an event as the registry spells it. @param {KeyboardEvent} event */
export function keyName({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const isLetter = /^[a-z]$/i.test(key);
  const name = key === " " ? "Space" : isLetter ? key.toUpperCase() : key;
  const shifted = shiftKey && (isLetter || key.length > 1);
  return [ctrlKey || metaKey ? "Ctrl+" : "", altKey ? "Alt+" : "", shifted ? "Shift+" : "", name].join("");
}

/** The same for `aria-keyshortcuts`. @param {string[]} keys */
export function ariaKeys(keys) {
  return keys
    .map((key) => key.replace("Ctrl+", "Control+").replace(/(^|\+)\+$/, "$1Plus"))
    .join(" ");
}

/** Whether the keys belong to what is being filled in. @param {EventTarget | null} target @param {KeyboardEvent} event */
export function isTyping(target, event) {
  if (event.ctrlKey && event.key === "Enter") return false;
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog")) return true;
  if (target.matches("textarea, select, input:not([type=range]):not([type=checkbox])")) return true;
  const acts = event.key === "Enter" || event.key === " ";
  if (acts && target.closest("button, a, summary")) return true;
  return target.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key);
}
