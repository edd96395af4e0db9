/** What happens around the create form: what is there is asked, the form is shown, the job runs, a notebook opens. */

import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { IFound, IForm, creation, hasQuestion, proposing } from './plan';
import { asksForPackages } from './imports';
import { failureOf } from '../words/format';
import type { IArguments } from '../commands/ids';
import { proposal } from '../wire/proposals';
import type { IEnvironments, IJobRequest, IRunner } from '../tokens';
import { askHow, askWhich } from '../views/formDialog';

export interface ICreatingParts {
  readonly environments: IEnvironments;
  readonly runner: IRunner;
  readonly notebooks: INotebookTracker;
  readonly trans: TranslationBundle;
  readonly openPanel: () => void;
  /** Open a new notebook in a folder, with a kernel. */
  readonly openNotebook: (cwd: string, kernel: string) => Promise<unknown>;
}

export class Creating {
  constructor(private readonly _parts: ICreatingParts) {}

  /**
   * Show the form and do what it says. Never rejects: what fails is told.
   *
   * @param args `path` of a notebook or folder, `packages` to begin with.
   * @param cwd Folder of the launcher that was clicked: a new notebook opens there.
   */
  async ask(args: IArguments, cwd?: string): Promise<void> {
    const { environments, runner, trans } = this._parts;
    const path = args.path ?? cwd ?? environments.situation.subject?.path ?? '';
    const panel = this._panel(path);
    try {
      const found = await this._found(path, panel);
      const form = await askHow(found, args.packages ?? [], trans);
      const chosen =
        form === null ? null : await this._chosen(form, path, panel);
      if (form !== null && chosen !== null) {
        // The launcher waits for its command: what takes long goes on without it.
        const name = panel === null ? null : PathExt.basename(path);
        void this._make(creation(form, path, chosen, name), panel === null);
      }
    } catch (error) {
      runner.fail(failureOf(error));
    }
  }

  /** The environment of the notebook in front: the panel where there is one, else the form. */
  async show(): Promise<void> {
    const { environments, openPanel } = this._parts;
    if (environments.situation.report?.environment.prefix) {
      openPanel();
    } else {
      await this.ask({});
    }
  }

  private async _make(request: IJobRequest, opens: boolean): Promise<void> {
    const { openNotebook, openPanel, runner } = this._parts;
    openPanel();
    try {
      const job = await runner.run(request);
      const kernel = job?.outcome?.kernel;
      if (opens && kernel) {
        await openNotebook(request.path ?? '', kernel);
      }
    } catch (error) {
      runner.fail(failureOf(error));
    }
  }

  private _panel(path: string): NotebookPanel | null {
    return this._parts.notebooks.find(one => one.context.path === path) ?? null;
  }

  private async _found(
    path: string,
    panel: NotebookPanel | null
  ): Promise<IFound> {
    const { environments } = this._parts;
    const [project, pythons] = await Promise.all([
      environments.project(path),
      environments.pythons(path)
    ]);
    return {
      project,
      pythons,
      notebook: panel === null ? null : PathExt.basename(path),
      asks: panel !== null && asksForPackages(sourcesOf(panel))
    };
  }

  /** What the notebook asks for, agreed to; empty where nobody wants to know, `null` where it was given up. */
  private async _chosen(
    form: IForm,
    path: string,
    panel: NotebookPanel | null
  ): Promise<ReadonlyArray<string> | null> {
    if (!form.fromNotebook || panel === null) {
      return [];
    }
    const { runner, trans } = this._parts;
    if (panel.context.model.dirty) {
      await panel.context.save();
    }
    const name = PathExt.basename(path);
    const job = await runner.ask(proposing(path, name));
    if (job === null) {
      return null;
    }
    const offered = proposal(job.outcome?.data);
    return hasQuestion(offered) ? askWhich(offered, name, trans) : [];
  }
}

function sourcesOf(panel: NotebookPanel): ReadonlyArray<string> {
  const cells = panel.content.model?.sharedModel.cells ?? [];
  return cells.flatMap(cell =>
    cell.cell_type === 'code' ? cell.getSource() : []
  );
}
