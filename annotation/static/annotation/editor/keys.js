/**
 * One table of commands a mode: what each key does, what its help says, what runs.
 *
 * @typedef {{keys: string[], does: string, run: () => void}} Command
 */

/** The key of an event as the tables spell it, such as `Ctrl+Shift+Z`. @param {KeyboardEvent} event */
export function keyName({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const isLetter = /^[a-z]$/i.test(key);
  const name = key === " " ? "Space" : isLetter ? key.toUpperCase() : key;
  const shifted = shiftKey && (isLetter || key.length > 1);
  return [ctrlKey || metaKey ? "Ctrl+" : "", altKey ? "Alt+" : "", shifted ? "Shift+" : "", name].join("");
}

/** @param {Map<string, Command>} commands @param {KeyboardEvent} event */
export function commandFor(commands, event) {
  const name = keyName(event);
  return [...commands.values()].find(({ keys }) => keys.includes(name)) ?? null;
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
