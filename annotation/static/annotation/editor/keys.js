/** How keys are spelled: `R`, `Space`, `Ctrl+Shift+Z`; and what a key of any keyboard means. */

/** What the signs' places say on the keyboard that the keys are made for, without and with Shift. @type {Record<string, string>} */
const PLACES = {
  Digit1: "1!",
  Digit2: "2@",
  Digit3: "3#",
  Digit4: "4$",
  Digit5: "5%",
  Digit6: "6^",
  Digit7: "7&",
  Digit8: "8*",
  Digit9: "9(",
  Digit0: "0)",
  Minus: "-_",
  Equal: "=+",
  BracketLeft: "[{",
  BracketRight: "]}",
  Backslash: "\\|",
  Semicolon: ";:",
  Quote: "'\"",
  Backquote: "`~",
  Comma: ",<",
  Period: ".>",
  Slash: "/?",
};

/** Keys that are named by what they do, under an input method, too. @type {Record<string, string>} */
const NAMED = {
  Space: "Space",
  Enter: "Enter",
  NumpadEnter: "Enter",
  Backspace: "Backspace",
  Delete: "Delete",
  Insert: "Insert",
  Escape: "Escape",
  ArrowLeft: "ArrowLeft",
  ArrowRight: "ArrowRight",
  ArrowUp: "ArrowUp",
  ArrowDown: "ArrowDown",
};

/** What an event's key says where an input method, or a dead key, has taken the character. */
const HIDDEN = new Set(["Process", "Unidentified", "Dead", ""]);

/** A Latin letter or a digit. @param {string} key */
function isLatin(key) {
  return /^[a-z0-9]$/i.test(key);
}

/**
 * What a key may mean, the likeliest first: the character that it gives, else, where that is no
 * Latin letter or digit, what stands at its place on the keyboard that the keys are made for. So
 * the keys work with Cyrillic, Greek, Hebrew or Korean letters, with an input method that is on,
 * and where digits need Shift or brackets AltGr.
 *
 * @param {KeyboardEvent} event @returns {string[]}
 */
export function keyNames(event) {
  const { key } = event;
  if (HIDDEN.has(key)) return atPlace(event);
  if (key.trim() === "") return [spelled(event, "Space")];
  const isNamed = key.length > 1 && /^[A-Z]/.test(key);
  const own = isTypedWithAlt(event) ? key : spelled(event, key);
  return isLatin(key) || isNamed ? [own] : [own, ...atPlace(event)];
}

/** The name under which a key is given to an action. @param {KeyboardEvent} event */
export function keyName(event) {
  const names = keyNames(event);
  return names.find((name) => /^[ -~]+$/.test(name)) ?? names[0] ?? event.key;
}

/** Whether Alt, or Ctrl with Alt, was only held to type a sign: AltGr, and Option on a Mac. @param {KeyboardEvent} event */
function isTypedWithAlt(event) {
  const { key, code, ctrlKey, altKey } = event;
  if (!/^[!-~]$/.test(key) || isLatin(key)) return false;
  if (event.getModifierState?.("AltGraph") || (ctrlKey && altKey)) return true;
  return altKey && !(PLACES[code] ?? key).includes(key);
}

/** @param {KeyboardEvent} event */
function atPlace(event) {
  const { code = "", shiftKey } = event;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  const there = letter ?? PLACES[code]?.[shiftKey ? 1 : 0] ?? NAMED[code];
  return there === undefined ? [] : [spelled(event, there)];
}

/** @param {KeyboardEvent} event @param {string} key */
function spelled({ ctrlKey, metaKey, altKey, shiftKey }, key) {
  const isLetter = /^[a-z]$/i.test(key);
  const shifted = shiftKey && (isLetter || key.length > 1);
  const name = isLetter ? key.toUpperCase() : key;
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
