/** Provides the switcher of kernels. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISessionContextDialogs } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CellQueues } from '../cellQueues';
import { startErrors } from '../startErrors';
import { Switcher } from '../switcher';
import { ISwitcher } from '../tokens';

export const switcher: JupyterFrontEndPlugin<ISwitcher> = {
  id: 'mlenv:switch',
  description: 'Switches notebooks to the kernels of their projects.',
  autoStart: true,
  provides: ISwitcher,
  requires: [INotebookTracker],
  optional: [ISessionContextDialogs, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    dialogs: ISessionContextDialogs | null,
    translator: ITranslator | null
  ) =>
    new Switcher({
      notebooks,
      specs: app.serviceManager.kernelspecs,
      sessions: app.serviceManager.sessions,
      queues: new CellQueues(notebooks),
      trans: (translator ?? nullTranslator).load('mlenv'),
      quiet: () => startErrors(translator).forEach(each => each.reject()),
      run: (panel, ids) => {
        const cells = panel.content.widgets.filter(cell =>
          ids.includes(cell.model.id)
        );
        cells.sort((a, b) => ids.indexOf(a.model.id) - ids.indexOf(b.model.id));
        void NotebookActions.runCells(
          panel.content,
          cells,
          panel.sessionContext,
          dialogs ?? undefined,
          translator ?? undefined
        );
      }
    })
};
