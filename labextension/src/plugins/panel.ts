/** The side panel "Environments", at the right in JupyterLab and in Notebook 7. */

import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { PanelModel } from '../model/panelModel';
import { IEnvironments, IKernelOffers } from '../tokens';
import type { Arguments, ICommands } from '../views/context';
import { environmentsIcon } from '../views/icons';
import { Panel } from '../views/panel';

const OPEN = 'mlenv:open-panel';

export const panel: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:panel',
  description: 'The side panel "Environments".',
  autoStart: true,
  requires: [IEnvironments],
  optional: [IKernelOffers, ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    offers: IKernelOffers | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv');
    const commands = new Commands(app.commands);
    const model = new PanelModel(environments);
    const widget = new Panel({
      model,
      commands,
      trans,
      offer: () =>
        offers?.offer(environments.situation.subject?.path ?? '') ?? null
    });
    app.shell.add(widget, 'right', { rank: 850, type: 'Environments' });
    restorer?.add(widget, widget.id);
    app.commands.addCommand(OPEN, {
      label: trans.__('Show Environments'),
      caption: trans.__('Show the environment of this notebook'),
      icon: environmentsIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        app.shell.activateById(widget.id);
      }
    });
    offers?.changed.connect(() => widget.refresh());
    palette?.addItem({ command: OPEN, category: trans.__('Environments') });
    app.commands.commandChanged.connect((_, { id }) => {
      if (id === undefined || id.startsWith('mlenv:')) {
        widget.refresh();
      }
    });
  }
};

/** Commands that another plugin has not added (yet) are disabled. */
class Commands implements ICommands {
  constructor(private readonly _registry: CommandRegistry) {}

  run(id: string, args: Arguments): void {
    void this._registry.execute(id, args);
  }

  isEnabled(id: string, args: Arguments): boolean {
    return this._registry.hasCommand(id) && this._registry.isEnabled(id, args);
  }

  caption(id: string, args: Arguments): string {
    return this._registry.hasCommand(id)
      ? this._registry.caption(id, args)
      : '';
  }
}
