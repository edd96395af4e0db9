/** Kernels talk to this front end: `%mlenv create` and `%mlenv switch` in a cell switch the notebook. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { Comms } from '../switching/comms';
import { failureOf } from '../words/format';
import { IEnvironments, ISwitcher } from '../tokens';

export const comms: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:comms',
  description: 'What the magics and the loaded packages of a kernel tell.',
  autoStart: true,
  requires: [INotebookTracker, IEnvironments, ISwitcher],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    environments: IEnvironments,
    switcher: ISwitcher
  ) => {
    new Comms({
      notebooks,
      switchTo: (panel, wanted, request) => {
        switcher
          .use(panel.context.path, wanted.kernel, request)
          .catch((error: unknown) => {
            const { message, hint } = failureOf(error);
            Notification.error([message, hint].filter(Boolean).join('\n'), {
              autoClose: false
            });
          });
      },
      refresh: () => {
        void app.serviceManager.kernelspecs
          .refreshSpecs()
          .catch(() => undefined);
        void environments.check();
      },
      loaded: (kernelId, rows) => {
        environments.setLoaded(kernelId, rows);
        if (kernelId === environments.situation.subject?.kernelId) {
          void environments.check();
        }
      }
    });
  }
};
