/** The create form: from a click to an environment, a kernel, and a notebook that runs in it. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Table, argumentsOf, describe } from '../commands/table';
import type { Creating } from '../create/creating';
import { createIcon } from '../create/icon';
import { COMMANDS } from '../commands/ids';
import { IEnvironments, IRunner } from '../tokens';
import { environmentsIcon } from '../views/icons';

export const create: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:create',
  description: 'The form that makes an environment for a notebook or folder.',
  autoStart: true,
  requires: [IEnvironments, IRunner, INotebookTracker],
  optional: [ICommandPalette, ILauncher, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    runner: IRunner,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    translator: ITranslator | null
  ) => {
    const languages = translator ?? nullTranslator;
    const trans = languages.load('mlenv');
    const table = new Table(environments, trans);
    // The form is loaded with the first click.
    const parts = {
      environments,
      runner,
      notebooks,
      trans,
      openPanel: () => void app.commands.execute(COMMANDS.openPanel),
      openNotebook: (cwd: string, kernelName: string) =>
        app.commands.execute('notebook:create-new', { cwd, kernelName })
    };
    addCommands(app, table, async () => {
      const loaded = await import('../create/creating');
      return new loaded.Creating(parts);
    });
    const command = COMMANDS.create;
    palette?.addItem({ command, category: trans.__('Environments') });
    launcher?.add({
      command,
      args: { isLauncher: true },
      // The name of the group is JupyterLab's own.
      category: languages.load('jupyterlab').__('Notebook'),
      rank: 100,
      kernelIconUrl: `data:image/svg+xml,${encodeURIComponent(createIcon.svgstr)}`
    });
  }
};

function addCommands(
  app: JupyterFrontEnd,
  table: Table,
  creating: () => Promise<Creating>
): void {
  const { create: form, environment } = COMMANDS;
  const isCard = (args: ReadonlyPartialJSONObject): boolean =>
    args.isLauncher === true;
  app.commands.addCommand(form, {
    label: args => (isCard(args) ? table.cardLabel : table.label(form)),
    caption: args => table.caption(form, argumentsOf(args)),
    icon: args => (isCard(args) ? createIcon : undefined),
    isEnabled: args => table.isEnabled(form, argumentsOf(args)),
    describedBy: describe(form),
    execute: async args => {
      const cwd = typeof args.cwd === 'string' ? args.cwd : undefined;
      await (await creating()).ask(argumentsOf(args), cwd);
    }
  });
  app.commands.addCommand(environment, {
    label: () => table.label(environment),
    caption: () => table.caption(environment, {}),
    icon: environmentsIcon,
    isEnabled: () => table.isEnabled(environment, {}),
    describedBy: describe(environment),
    execute: async () => (await creating()).show()
  });
  table.changed.connect(() => {
    app.commands.notifyCommandChanged(form);
    app.commands.notifyCommandChanged(environment);
  });
}
