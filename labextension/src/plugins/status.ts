/** The status item: project, Python and verdict; in Notebook 7, which has no status bar, in the menu area. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { followSettings } from '../model/settings';
import { IEnvironments, IKernelOffers } from '../tokens';
import { StatusItem } from '../views/statusItem';

const PLUGIN_ID = 'mlenv:status';

export const status: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Shows the verdict on the notebook in front.',
  autoStart: true,
  requires: [IEnvironments],
  optional: [IKernelOffers, IStatusBar, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    offers: IKernelOffers | null,
    bar: IStatusBar | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv');
    const item = new StatusItem(environments, offers, trans, () => {
      void app.commands.execute('mlenv:open-panel');
    });
    item.id = 'mlenv-status';
    if (bar !== null) {
      bar.registerStatusItem(PLUGIN_ID, {
        item,
        align: 'left',
        rank: 2,
        priority: 1,
        isActive: () => item.isActive,
        activeStateChanged: item.activeChanged
      });
    } else {
      item.addClass('jp-mod-menu');
      app.shell.add(item, 'menu', { rank: 900 });
    }
    void followSettings(settings, read => {
      item.isWanted = read('statusItem') !== false;
    });
  }
};
