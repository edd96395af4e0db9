/** JupyterLab's dialog of kernels: mlenv's stand together, those of the notebook's project first. */

import type { IKernelRow } from '../wire/answers';
import { cannotStart } from './ours';

export interface IPickerWords {
  readonly here: string;
  readonly elsewhere: string;
}

/** The list of kernels in a dialog; `null` where it is another dialog, or one of a JupyterLab that nobody knows yet. */
export function listIn(dialog: HTMLElement): HTMLSelectElement | null {
  const lists = dialog.querySelectorAll<HTMLSelectElement>('select');
  const list = lists.length === 1 ? lists[0] : undefined;
  return list && [...list.options].some(option => nameOf(option) !== null)
    ? list
    : null;
}

/** Put mlenv's kernels into groups of their own at the top; all else stays as it was. */
export function arrange(
  list: HTMLSelectElement,
  rows: ReadonlyArray<IKernelRow>,
  words: IPickerWords,
  mayChoose: boolean
): void {
  const { value, selectedIndex } = list;
  const known = new Map(rows.filter(row => row.ours).map(row => [row.id, row]));
  const options = [...list.options].flatMap(option => {
    const row = known.get(nameOf(option) ?? '');
    return row === undefined ? [] : [{ option, row }];
  });
  const here = options.filter(({ row }) => row.current);
  const elsewhere = options.filter(({ row }) => !row.current);
  const top = list.firstChild;
  for (const [label, members] of [
    [words.here, here],
    [words.elsewhere, elsewhere]
  ] as const) {
    if (members.length > 0) {
      const group = document.createElement('optgroup');
      group.label = label;
      for (const { option, row } of members) {
        option.title = row.advice || option.title;
        group.append(option);
      }
      list.insertBefore(group, top);
    }
  }
  list.querySelectorAll('optgroup:empty').forEach(group => group.remove());
  const well = here.find(({ row }) => !cannotStart(row));
  // Where JupyterLab knew none to propose it stands at the first one.
  list.value =
    mayChoose && selectedIndex <= 0 && well ? well.option.value : value;
}

/** Id of the kernelspec that an option starts. */
function nameOf(option: HTMLOptionElement): string | null {
  try {
    const value: unknown = JSON.parse(option.value);
    return typeof value === 'object' &&
      value !== null &&
      'name' in value &&
      typeof value.name === 'string'
      ? value.name
      : null;
  } catch {
    return null;
  }
}
