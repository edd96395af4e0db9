/** mlenv's kernels in JupyterLab's own lists: together, the project's first, and marked where they cannot start. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';

import { rankCards } from '../kernels/cards';
import { arrange, listIn } from '../kernels/picker';
import { KernelStates } from '../kernels/states';
import { IEnvironments } from '../tokens';

export const kernels: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:kernels',
  description:
    'Orders and marks the kernels of mlenv where kernels are listed.',
  autoStart: true,
  requires: [IEnvironments, INotebookTracker],
  optional: [ILauncher, IDefaultFileBrowser, ITranslator],
  activate
};

function activate(
  app: JupyterFrontEnd,
  environments: IEnvironments,
  notebooks: INotebookTracker,
  launcher: ILauncher | null,
  browser: IDefaultFileBrowser | null,
  translator: ITranslator | null
): void {
  const trans = (translator ?? nullTranslator).load('mlenv');
  const states = new KernelStates({
    specs: app.serviceManager.kernelspecs,
    kernels: path => environments.kernels(path),
    marked: name => trans.__('%1 (environment is gone)', name)
  });
  environments.jobChanged.connect((_, job) => {
    if (job.state !== 'running') {
      void states.refresh();
    }
  });
  void app.restored.then(() => states.refresh());
  Dialog.tracker.widgetAdded.connect((_, dialog) => {
    void dialog.ready.then(() => inDialog(dialog, states, notebooks, trans));
  });
  if (launcher !== null) {
    const order = (): void => {
      const folder = browser?.model.path ?? '';
      void states.rows(folder).then(rows => {
        if (folder === (browser?.model.path ?? '')) {
          rankCards(launcher, rows);
        }
      });
    };
    states.changed.connect(order);
    browser?.model.pathChanged.connect(order);
  }
}

async function inDialog(
  dialog: Dialog<unknown>,
  states: KernelStates,
  notebooks: INotebookTracker,
  trans: TranslationBundle
): Promise<void> {
  const list = listIn(dialog.node);
  const panel = notebooks.currentWidget;
  if (list === null || panel === null) {
    return;
  }
  const rows = await states.rows(panel.context.path);
  const words = {
    here: trans.__('Start the Kernel of This Project'),
    elsewhere: trans.__('Start Another Kernel of mlenv')
  };
  // Not under the hands of somebody who has chosen already.
  if (!dialog.isDisposed && rows.length > 0) {
    arrange(list, rows, words, panel.sessionContext.hasNoKernel);
  }
}
