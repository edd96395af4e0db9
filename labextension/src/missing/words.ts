/** Pure: the words of an offer to a notebook without a kernel. No JupyterLab here. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from '../commands/actions';
import type { IKernelRow } from '../wire/answers';
import type { Remedy } from './remedy';

/** What a notebook without a kernel lacks. */
export interface ILack {
  /** Id of the kernelspec that the notebook names. */
  readonly name: string;
  /** The kernel's row where it is here and cannot start; `null` where it is not here. */
  readonly row: IKernelRow | null;
  readonly remedy: Remedy | null;
}

/**
 * Say what a notebook lacks.
 *
 * @param title What the notebook's tab says.
 * @param named The name that the notebook has for its kernel; `null` where it has none.
 */
export function messageOf(
  { name, row, remedy }: ILack,
  title: string,
  named: string | null,
  trans: TranslationBundle
): string {
  const notebook = shortened(title, 40);
  if (row === null) {
    const kernel = shortened(named ?? name, 40);
    return trans.__('%1: its kernel "%2" is not here.', notebook, kernel);
  }
  const kernel = shortened(row.display_name || name, 40);
  return remedy === null && row.advice
    ? trans.__(
        '%1: the environment of %2 is gone; %3',
        notebook,
        kernel,
        row.advice
      )
    : trans.__('%1: the environment of %2 is gone.', notebook, kernel);
}

/** What the button of a remedy says. */
export function wordsOf(
  remedy: Remedy,
  isGone: boolean,
  trans: TranslationBundle
): { readonly label: string; readonly caption: string } {
  switch (remedy.kind) {
    case 'switch':
      return {
        label: trans.__('Use %1', shortened(remedy.name, 40)),
        caption: trans.__("Run this notebook in its project's environment")
      };
    case 'use':
      return {
        label: trans.__(
          'Use the Environment of %1',
          shortened(remedy.project, 40)
        ),
        caption: trans.__('Make a kernel of it; the environment stays as it is')
      };
    case 'create': {
      const from = shortened(remedy.from, 40);
      return {
        label: isGone
          ? trans.__('Recreate It from %1', from)
          : trans.__('Create the Environment from %1', from),
        caption: trans.__(
          'Install what is written there, then run this notebook in it'
        )
      };
    }
  }
}

/** The name of a kernel as a notebook's `kernelspec` has it: anything from outside. */
export function nameIn(spec: unknown): string | null {
  const shown =
    typeof spec === 'object' && spec !== null && 'display_name' in spec
      ? spec.display_name
      : null;
  return typeof shown === 'string' && shown.trim() ? shown : null;
}
