/** An import that failed in a kernel that does not know mlenv: what helps, as a notification with the action. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { FailedImports } from '../notices/failedImports';
import { followSettings } from '../model/settings';
import { IEnvironments } from '../tokens';

export const imports: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:imports',
  description: 'Offers what helps when a module cannot be imported.',
  autoStart: true,
  requires: [IEnvironments, INotebookTracker],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    notebooks: INotebookTracker,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv');
    const failed = new FailedImports(environments, trans, (id, args) => {
      void app.commands.execute(id, args);
    });
    void followSettings(settings, read => {
      failed.isQuiet = read('notifications') === 'none';
    });
    NotebookActions.executed.connect((_, { notebook, success, error }) => {
      const panel = notebooks.find(one => one.content === notebook);
      if (!success && error && panel !== undefined) {
        void failed.look(panel, error.errorName, error.errorValue);
      }
    });
  }
};
