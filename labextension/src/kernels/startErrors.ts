/** JupyterLab's dialog that says that a kernel did not start. */

import { Dialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

/** Whether this is the dialog that JupyterLab shows where a kernel cannot be started. */
export function isStartError(
  dialog: Dialog<unknown>,
  translator: ITranslator | null
): boolean {
  const title = (translator ?? nullTranslator)
    .load('jupyterlab')
    .__('Error Starting Kernel');
  const header = dialog.node.querySelector('.jp-Dialog-header');
  return header?.textContent.trim() === title;
}

/** Those that are open. */
export function startErrors(
  translator: ITranslator | null
): ReadonlyArray<Dialog<unknown>> {
  return Dialog.tracker.filter(dialog => isStartError(dialog, translator));
}
