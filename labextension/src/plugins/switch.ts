/** Provides the switcher of kernels. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISessionContextDialogs } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CellQueues } from '../switching/cellQueues';
import { Requester } from '../wire/request';
import { startErrors } from '../kernels/startErrors';
import { Switcher } from '../switching/switcher';
import { ISwitcher } from '../tokens';
import { report } from '../wire/reports';

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
  ) => {
    const server = new Requester(app.serviceManager.serverSettings);
    return new Switcher({
      notebooks,
      specs: app.serviceManager.kernelspecs,
      sessions: app.serviceManager.sessions,
      queues: new CellQueues(notebooks),
      trans: (translator ?? nullTranslator).load('mlenv'),
      // It is a kernel of the environment by its name; what the server says of its process counts.
      explains: (path, kernel) =>
        server
          .get('check', report, { path, kernel })
          .then(({ next }) => next.action === 'switch')
          .catch(() => false),
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
    });
  }
};
