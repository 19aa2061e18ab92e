/**
 * Other sweeps in which proposals wait to be accepted or rejected, one link for each.
 *
 * @typedef {import("#editor/editor.js").Editor} Editor
 */
import { ProposalStore } from "#editor/proposal-store.js";
import { framesIn } from "#editor/sweep.js";

/** @param {Editor} editor */
export async function showWaitingProposals(editor) {
  const { user, sweep } = editor.data;
  const kept = await new ProposalStore(user).all().catch(() => []);
  const others = kept.filter((one) => one.sweep !== `${user}:${sweep?.take}`);
  const sweeps = [...new Set(others.map((one) => one.sweep))];
  editor.piece("waiting").hidden = !sweeps.length;
  editor.piece("waiting-sweeps").replaceChildren(
    ...sweeps.map((name) => linkTo(others.filter((one) => one.sweep === name))),
  );
}

/** @param {import("#editor/proposal-store.js").KeptProposal[]} proposals of one sweep */
function linkTo(proposals) {
  const [{ title, page }] = proposals;
  const link = document.createElement("a");
  [link.href, link.textContent] = [page, `${title}: ${framesIn(proposals.length)}`];
  return link;
}
