/** Switches an open notebook to another kernel, proves that it answers, and runs there the cells that had waited. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelSpec, Session } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { CellQueues } from './cellQueues';
import { failureOf } from '../words/format';
import { answers } from './answering';
import { isOurs } from '../kernels/ours';
import { MlenvError } from '../wire/request';
import type { ISwitcher } from '../tokens';

const TRIES = 2;

export interface ISwitcherOptions {
  readonly notebooks: INotebookTracker;
  readonly specs: KernelSpec.IManager;
  readonly sessions: Session.IManager;
  readonly queues: CellQueues;
  readonly trans: TranslationBundle;
  /** Whether a running kernel only explains why the environment's own did not start. */
  explains(path: string, kernelId: string): Promise<boolean>;
  /** Run these cells of a notebook, in its kernel. */
  run(panel: NotebookPanel, cells: ReadonlyArray<string>): void;
  /** Close the dialog of JupyterLab that says that a kernel did not start: we say it ourselves. */
  quiet(): void;
}

export class Switcher implements ISwitcher {
  constructor(private readonly _of: ISwitcherOptions) {}

  async use(
    path: string,
    kernel: string,
    request: string | null = null
  ): Promise<void> {
    const panel = this._of.notebooks.find(each => each.context.path === path);
    if (panel === undefined) {
      throw this._refusal(
        'notebook-not-open',
        this._of.trans.__('This notebook is not open.'),
        path
      );
    }
    // One after the other: a second click, or a click while a cell asks.
    const before = this._busy.get(panel) ?? Promise.resolve();
    const now = before
      .catch(() => undefined)
      .then(() => this._use(panel, kernel, request));
    this._busy.set(panel, now);
    await now;
  }

  private async _use(
    panel: NotebookPanel,
    kernel: string,
    request: string | null
  ): Promise<void> {
    const old = panel.sessionContext.session?.kernel ?? null;
    if (old === null) {
      await this._prove(kernel);
      await this._changed(panel.sessionContext, kernel);
      return;
    }
    const queue = this._of.queues.of(old);
    const place = queue.after(request);
    queue.held = true;
    try {
      if (request !== null) {
        await queue.ended(request);
      }
      if (isAlive(old) && old.name === kernel) {
        const { path } = panel.context;
        if (!(await this._of.explains(path, old.id))) {
          return;
        }
      }
      // At once: mlenv's kernels hold the next cell for some seconds only.
      await queue.stop(place, () => old.interrupt().catch(() => undefined));
      await this._prove(kernel);
      const others = this._sharing(old, panel);
      const now = await this._changed(panel.sessionContext, kernel);
      const cells = queue.from(place);
      if (cells.length > 0) {
        this._of.run(panel, cells);
      }
      await this._bring(others, now);
    } finally {
      queue.held = false;
    }
  }

  /** The kernel is there, and it is one of mlenv's: anything may name any kernel. */
  private async _prove(kernel: string): Promise<void> {
    const { specs, trans } = this._of;
    try {
      await specs.refreshSpecs();
    } catch (error) {
      throw new MlenvError(failureOf(error));
    }
    const spec = specs.specs?.kernelspecs[kernel];
    if (spec === undefined) {
      throw this._refusal(
        'kernel-missing',
        trans.__('There is no kernel %1 here.', kernel),
        kernel,
        trans.__('Create the environment.')
      );
    }
    if (!isOurs(spec)) {
      throw this._refusal(
        'kernel-foreign',
        trans.__('The kernel %1 is not one of mlenv.', kernel),
        kernel,
        trans.__('Choose it in the Kernel menu.')
      );
    }
  }

  private async _changed(
    context: ISessionContext,
    name: string
  ): Promise<Kernel.IKernelConnection> {
    let why = '';
    for (let tried = 0; tried < TRIES && !context.isDisposed; tried++) {
      try {
        const kernel = await context.changeKernel({ name });
        if (kernel !== null) {
          await answers(kernel);
          return kernel;
        }
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
        this._of.quiet();
      }
    }
    const { trans } = this._of;
    throw this._refusal(
      'kernel-silent',
      trans.__('The kernel %1 does not answer.', name),
      why || name,
      trans.__('Repair it, or create the environment again.')
    );
  }

  /** The other notebooks here that have this kernel: JupyterLab ends it with the change. */
  private _sharing(
    kernel: Kernel.IKernelConnection,
    panel: NotebookPanel
  ): ReadonlyArray<NotebookPanel> {
    return this._of.notebooks.filter(
      each =>
        each !== panel && each.sessionContext.session?.kernel?.id === kernel.id
    );
  }

  /** Notebooks that shared a kernel go on to share one. */
  private async _bring(
    panels: ReadonlyArray<NotebookPanel>,
    kernel: Kernel.IKernelConnection
  ): Promise<void> {
    if (panels.length === 0) {
      return;
    }
    // Their sessions ended with the old kernel; the front end learns it so.
    await this._of.sessions.refreshRunning().catch(() => undefined);
    for (const panel of panels.filter(each => !each.isDisposed)) {
      await panel.sessionContext
        .changeKernel({ id: kernel.id })
        .catch(() => this._of.quiet());
    }
  }

  private _refusal(
    code: string,
    message: string,
    where: string,
    hint = ''
  ): MlenvError {
    return new MlenvError({ code, message, where, hint });
  }

  private readonly _busy = new WeakMap<NotebookPanel, Promise<void>>();
}

function isAlive(kernel: Kernel.IKernelConnection): boolean {
  return !kernel.isDisposed && kernel.status !== 'dead';
}
