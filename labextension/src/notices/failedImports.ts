/** Imports that failed: asked about once for each module and kernel, and told with the action that helps. */

import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from '../commands/actions';
import { deedOf, missingModule } from '../output/advising';
import { isOurs } from '../kernels/ours';
import type { IEnvironments } from '../tokens';

const MISSING = 'ModuleNotFoundError';

export class FailedImports {
  constructor(
    private readonly _environments: IEnvironments,
    private readonly _trans: TranslationBundle,
    private readonly _run: (
      id: string,
      args: Record<string, string | string[]>
    ) => void
  ) {}

  /** Whether the user wants no notifications. */
  isQuiet = false;

  /** Look at an error of a cell. Never rejects: who cannot be asked does not help. */
  async look(
    panel: NotebookPanel,
    errorName: string,
    errorText: string
  ): Promise<void> {
    const module = errorName === MISSING ? missingModule(errorText) : null;
    const kernel = panel.sessionContext.session?.kernel;
    if (module === null || !kernel || this.isQuiet) {
      return;
    }
    const key = `${kernel.id} ${module}`;
    if (this._told.has(key)) {
      return;
    }
    this._told.add(key);
    try {
      // A kernel of mlenv says it itself, below the traceback.
      if (!isOurs(await kernel.spec)) {
        await this._tell(panel, kernel.id, module);
      }
    } catch {
      this._told.delete(key);
    }
  }

  private async _tell(
    panel: NotebookPanel,
    kernelId: string,
    module: string
  ): Promise<void> {
    const { path } = panel.context;
    const advice = await this._environments.advice(path, kernelId, module);
    const deed = deedOf(advice, this._trans);
    if (deed === null || advice.text === '') {
      return;
    }
    const { label, command, args } = deed;
    const packages = [...(args.packages ?? [])];
    const id = Notification.info(shortened(advice.text), {
      autoClose: false,
      actions: [
        {
          label,
          displayType: 'accent',
          callback: () =>
            this._run(command, {
              path,
              ...(packages.length > 0 ? { packages } : {})
            })
        }
      ]
    });
    // Of another kernel it is not true any more.
    const { kernelChanged } = panel.sessionContext;
    const dismiss = (): void => {
      Notification.dismiss(id);
      kernelChanged.disconnect(dismiss);
    };
    kernelChanged.connect(dismiss);
  }

  private readonly _told = new Set<string>();
}
