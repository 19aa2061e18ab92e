/**
 * Proposals that nobody has accepted or rejected yet, kept on this computer's disk: they outlive a
 * reload and a crash.
 *
 * @typedef {import("#editor/sweep.js").Proposal} Proposal
 * @typedef {{scope: string, sweep: string, image: number, title: string, page: string,
 *   proposal: Proposal}} KeptProposal
 *   `scope` is USER:IMAGE, `sweep` is USER:TAKE; `title` and `page` of the frame
 */
import { answered, completed, openDatabase } from "#editor/stored.js";

const DATABASE = "myotrace-proposals";
const PROPOSALS = "proposals";

export class ProposalStore {
  /** @type {Promise<IDBDatabase> | null} */
  #opened = null;
  #user;

  /** @param {number} user */
  constructor(user) {
    this.#user = user;
  }

  /** @param {number} take @param {Omit<KeptProposal, "scope" | "sweep">[]} proposals */
  keep(take, proposals) {
    const sweep = `${this.#user}:${take}`;
    return this.#write((store) => {
      for (const one of proposals) store.put({ ...one, sweep, scope: this.#scope(one.image) });
    });
  }

  /** @param {number[]} images whose proposals are accepted or rejected */
  remove(images) {
    return this.#write((store) => {
      for (const image of images) store.delete(this.#scope(image));
    });
  }

  /** @param {number} take @returns {Promise<KeptProposal[]>} */
  async ofSweep(take) {
    const index = (await this.#database()).transaction(PROPOSALS).objectStore(PROPOSALS).index("sweep");
    return answered(index.getAll(`${this.#user}:${take}`));
  }

  /** @returns {Promise<KeptProposal[]>} of all sweeps of this person */
  async all() {
    const store = (await this.#database()).transaction(PROPOSALS).objectStore(PROPOSALS);
    return answered(store.getAll(IDBKeyRange.bound(`${this.#user}:`, `${this.#user};`)));
  }

  /** @param {number} image */
  #scope(image) {
    return `${this.#user}:${image}`;
  }

  /** @param {(store: IDBObjectStore) => void} change */
  async #write(change) {
    const transaction = (await this.#database()).transaction(PROPOSALS, "readwrite", {
      durability: "strict",
    });
    change(transaction.objectStore(PROPOSALS));
    return completed(transaction);
  }

  /** A database that could not be opened is tried again with the next call. */
  #database() {
    this.#opened ??= openDatabase(DATABASE, (database) => {
      const store = database.createObjectStore(PROPOSALS, { keyPath: "scope" });
      store.createIndex("sweep", "sweep");
    });
    this.#opened.catch(() => (this.#opened = null));
    return this.#opened;
  }
}
