/** The status item: project, Python and verdict; in Notebook 7, which has no status bar, in the menu area. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IEnvironments } from '../tokens';
import { StatusItem } from '../views/statusItem';

const PLUGIN_ID = 'mlenv:status';

export const status: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Shows the verdict on the notebook in front.',
  autoStart: true,
  requires: [IEnvironments],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv');
    const item = new StatusItem(environments, trans, () => {
      void app.commands.execute('mlenv:open-panel');
    });
    item.id = 'mlenv-status';
    if (bar !== null) {
      bar.registerStatusItem(PLUGIN_ID, {
        item,
        align: 'left',
        rank: 2
      });
    } else {
      app.shell.add(item, 'menu', { rank: 900 });
    }
  }
};
