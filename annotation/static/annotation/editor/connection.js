/**
 * Calls of the API from the page's own session.
 *
 * @typedef {{status: number, data: any}} Answer
 */

/** @param {string} name */
function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found && decodeURIComponent(found.slice(name.length + 1));
}

/** The cookie is newer than the page after signing in again elsewhere; it may be hidden from scripts. */
function csrfToken() {
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  return cookie("csrftoken") ?? (field instanceof HTMLInputElement ? field.value : "");
}

/**
 * @param {string} method @param {string} url @param {unknown} body
 * @param {{headers?: Record<string, string>, keepalive?: boolean}} options
 * @returns {Promise<Answer>} rejected when the server was not reached
 */
export async function call(method, url, body = undefined, { headers = {}, keepalive = false } = {}) {
  const response = await fetch(url, {
    method,
    body: JSON.stringify(body),
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": csrfToken(),
      ...headers,
    },
    credentials: "same-origin",
    redirect: "manual",
    keepalive,
  });
  if (response.type === "opaqueredirect") return { status: 401, data: null };
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return { status: response.status, data: isJson ? await response.json() : null };
}
