/** Moments as people read them: in one zone, with the day where it is not today; as core/moments.py. */

/** @param {Date} at @param {string} zone @param {Intl.DateTimeFormatOptions} parts */
function inZone(at, zone, parts) {
  try {
    return at.toLocaleString("sv-SE", { ...parts, timeZone: zone });
  } catch {
    return at.toLocaleString("sv-SE", { ...parts, timeZone: "UTC" });
  }
}

/** `14:03` today, `2026-03-02 14:03` otherwise. @param {Date} at @param {string} zone its IANA name @param {Date} now */
export function momentWords(at, zone, now = new Date()) {
  const day = (/** @type {Date} */ moment) => inZone(moment, zone, { dateStyle: "short" });
  const time = inZone(at, zone, { timeStyle: "short" });
  return day(at) === day(now) ? time : `${day(at)} ${time}`;
}

/** `14:03:09`. @param {Date} at @param {string} zone */
export function clockTime(at, zone) {
  return inZone(at, zone, { timeStyle: "medium" });
}
