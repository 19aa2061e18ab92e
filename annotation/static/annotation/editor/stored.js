/** What the browser's own databases have in common: a promise for each request. */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when the changes are on the disk. @param {IDBTransaction} transaction @returns {Promise<void>} */
export function completed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

/**
 * Opens a database of version 1. One that a newer page has opened is given up, not fought for.
 *
 * @param {string} name @param {(database: IDBDatabase) => void} build makes its stores
 * @returns {Promise<IDBDatabase>} rejected where the browser keeps nothing
 */
export async function openDatabase(name, build) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => build(request.result);
  const database = await answered(request);
  database.onversionchange = () => database.close();
  return database;
}
