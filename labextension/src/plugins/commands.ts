/** The commands of mlenv: one table, registered by one loop; all that panel, notifications, menus and outputs do. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  ISessionContextDialogs,
  SessionContextDialogs
} from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Table, argumentsOf, describe } from '../commands/table';
import { Doing } from '../commands/doing';
import { COMMANDS } from '../commands/ids';
import { OpenNotebooks } from '../commands/openNotebooks';
import { Runner } from '../commands/runner';
import { IEnvironments, IRunner, ISwitcher } from '../tokens';

export const commands: JupyterFrontEndPlugin<IRunner> = {
  id: 'mlenv:commands',
  description: 'The commands that check, make and mend environments.',
  autoStart: true,
  provides: IRunner,
  requires: [IEnvironments, INotebookTracker],
  optional: [ISwitcher, ICommandPalette, ISessionContextDialogs, ITranslator],
  activate
};

function activate(
  app: JupyterFrontEnd,
  environments: IEnvironments,
  tracker: INotebookTracker,
  switcher: ISwitcher | null,
  palette: ICommandPalette | null,
  dialogs: ISessionContextDialogs | null,
  translator: ITranslator | null
): IRunner {
  const trans = (translator ?? nullTranslator).load('mlenv');
  const asking = dialogs ?? new SessionContextDialogs();
  const notebooks = new OpenNotebooks(
    tracker,
    switcher,
    app.serviceManager.sessions,
    context => asking.restart(context)
  );
  const runner = new Runner({
    environments,
    trans,
    openPanel: () => void app.commands.execute(COMMANDS.openPanel),
    refresh: () => app.serviceManager.kernelspecs.refreshSpecs(),
    use: (path, kernel) => notebooks.use(path, kernel)
  });
  const doing = new Doing({
    environments,
    runner,
    trans,
    notebooks,
    create: args => app.commands.execute(COMMANDS.create, args)
  });
  const table = new Table(environments, trans);
  register(app, doing, table);
  for (const command of doing.ids) {
    palette?.addItem({ command, category: trans.__('Environments') });
  }
  return runner;
}

function register(app: JupyterFrontEnd, doing: Doing, table: Table): void {
  for (const id of doing.ids) {
    app.commands.addCommand(id, {
      label: () => table.label(id),
      caption: args => table.caption(id, argumentsOf(args)),
      isVisible: () => table.isVisible(id),
      isEnabled: args => table.isEnabled(id, argumentsOf(args)),
      describedBy: describe(id),
      execute: args => doing.execute(id, argumentsOf(args))
    });
  }
  table.changed.connect(() => {
    for (const id of doing.ids) {
      app.commands.notifyCommandChanged(id);
    }
  });
}
