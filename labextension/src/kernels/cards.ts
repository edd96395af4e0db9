/** The launcher's cards: mlenv's kernels stand together, those of the folder's project first. */

import type { ILauncher } from '@jupyterlab/launcher';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { IKernelRow } from '../wire/answers';

const HERE = -2;
const ELSEWHERE = 1;

/** Give the cards of mlenv's kernels their places; the cards of all others keep theirs. */
export function rankCards(
  launcher: ILauncher,
  rows: ReadonlyArray<IKernelRow>
): void {
  const ours = new Map(rows.filter(row => row.ours).map(row => [row.id, row]));
  let isNews = false;
  for (const item of cardsOf(launcher)) {
    const row = ours.get(kernelOf(item.args ?? {}) ?? '');
    const rank = row?.current ? HERE : ELSEWHERE;
    if (row !== undefined && item.rank !== rank) {
      item.rank = rank;
      isNews = true;
    }
  }
  if (isNews) {
    // The launcher draws itself anew when a card comes or goes.
    launcher.add({ command: 'mlenv:create', rank: ELSEWHERE }).dispose();
  }
}

/** The cards of the launcher's model; none in a JupyterLab whose launcher does not show them. */
function cardsOf(launcher: ILauncher): Iterable<ILauncher.IItemOptions> {
  const model: Partial<ILauncher.IModel> = launcher;
  return model.items?.() ?? [];
}

/** Id of the kernelspec that a card of notebooks or of consoles starts. */
function kernelOf(args: ReadonlyJSONObject): string | null {
  const preference = args['kernelPreference'];
  const name =
    typeof preference === 'object' &&
    preference !== null &&
    'name' in preference
      ? preference['name']
      : args['kernelName'];
  return typeof name === 'string' ? name : null;
}
