/**
 * Stands at the opening of a notebook: where its kernel is not here, or is one of mlenv's that cannot start, JupyterLab
 * does not get to its dialogs before it is known what could be offered instead. All else starts as ever.
 */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { KernelSpec } from '@jupyterlab/services';

import type { IKernelRow, IProject } from '../wire/answers';
import { remedyOf, repairOf } from './remedy';
import type { ILack } from './words';
import { cannotStart, isOurs } from '../kernels/ours';

/** A server that is slower than this decides nothing: the notebook opens as ever. */
const PATIENCE_MS = 5000;

/** What was found of a notebook that stays without a kernel until somebody chooses. */
export interface IFound extends ILack {
  readonly panel: NotebookPanel;
}

export interface IGateOptions {
  readonly notebooks: INotebookTracker;
  readonly specs: KernelSpec.IManager;
  project(path: string): Promise<IProject>;
  kernels(path: string): Promise<ReadonlyArray<IKernelRow>>;
  offer(found: IFound): void;
}

export class KernelGate {
  constructor(private readonly _of: IGateOptions) {
    _of.notebooks.widgetAdded.connect((_, panel) => this._watch(panel));
  }

  /** Look again at the notebooks without a kernel: JupyterLab could not start one. Whether something is offered. */
  async again(): Promise<boolean> {
    const panels = this._of.notebooks.filter(
      ({ sessionContext }) => !sessionContext.session?.kernel
    );
    const found = await Promise.all(panels.map(panel => this._again(panel)));
    return found.some(Boolean);
  }

  private _watch(panel: NotebookPanel): void {
    const { context, sessionContext } = panel;
    const look = (): void => {
      // The document is read, and its session is not begun yet; the preference is not ours to change later.
      if (context.isReady && !panel.isDisposed) {
        sessionContext.kernelPreferenceChanged.disconnect(look);
        this._look(panel);
      }
    };
    sessionContext.kernelPreferenceChanged.connect(look);
  }

  private _look(panel: NotebookPanel): void {
    const { sessionContext } = panel;
    const { id, canStart, shouldStart } = sessionContext.kernelPreference;
    const name = nameOf(panel);
    const known = this._of.specs.specs;
    const plain = id || canStart === false || shouldStart === false;
    if (plain || !name || known === null) {
      return;
    }
    const spec = known.kernelspecs[name];
    if (spec === undefined || isOurs(spec)) {
      this._ask(panel, name);
    }
  }

  /**
   * Ask between JupyterLab's look for a running session and its start of a kernel, once. Where something is offered,
   * JupyterLab is told to ask for a kernel, and does not: its `ready` then comes with a session, as all others expect.
   */
  private _ask(panel: NotebookPanel, name: string): void {
    const { sessionContext } = panel;
    const initialize = sessionContext.initialize.bind(sessionContext);
    const startKernel = sessionContext.startKernel.bind(sessionContext);
    let opened: Promise<boolean> | undefined;
    let isOffered: Promise<boolean> | undefined;
    const open = async (): Promise<boolean> => {
      try {
        const isToChoose = await initialize();
        return isToChoose && !((await isOffered) || (await this._again(panel)));
      } finally {
        Object.assign(sessionContext, { initialize, startKernel });
      }
    };
    sessionContext.initialize = () => (opened ??= open());
    sessionContext.startKernel = async () => {
      isOffered ??= this._offered(panel, name);
      return (await isOffered) || startKernel();
    };
  }

  /** Whether no kernel is to be started: something is offered, or the notebook was closed meanwhile. */
  private async _offered(panel: NotebookPanel, name: string): Promise<boolean> {
    const { sessionContext } = panel;
    const found = await within(this._find(panel, name)).catch(() => null);
    if (found !== null && !sessionContext.isDisposed) {
      hold(sessionContext, true);
      this._of.offer(found);
    }
    return found !== null || sessionContext.isDisposed;
  }

  /** What could be offered; `null` where the notebook should open as ever. */
  private async _find(
    panel: NotebookPanel,
    name: string
  ): Promise<IFound | null> {
    const { specs } = this._of;
    const { path } = panel.context;
    if (specs.specs?.kernelspecs[name] === undefined) {
      await specs.refreshSpecs();
    }
    const spec = specs.specs?.kernelspecs[name];
    if (spec === undefined) {
      const remedy = remedyOf(await this._of.project(path));
      return remedy === null ? null : { panel, name, row: null, remedy };
    }
    if (!isOurs(spec)) {
      return null;
    }
    const rows = await this._of.kernels(path);
    const row = rows.find(each => each.id === name);
    if (row === undefined || !cannotStart(row)) {
      return null;
    }
    const remedy = repairOf(await this._of.project(path), row);
    return { panel, name, row, remedy };
  }

  private async _again(panel: NotebookPanel): Promise<boolean> {
    const name = nameOf(panel);
    const { sessionContext } = panel;
    if (!isOurs(this._of.specs.specs?.kernelspecs[name])) {
      return false;
    }
    const found = await within(this._find(panel, name)).catch(() => null);
    if (
      found === null ||
      sessionContext.isDisposed ||
      sessionContext.session?.kernel
    ) {
      return false;
    }
    hold(sessionContext, true);
    this._of.offer(found);
    return true;
  }
}

/** Keep JupyterLab from starting a kernel by itself, or let it again. */
export function hold(context: ISessionContext, isHeld: boolean): void {
  if (!context.isDisposed) {
    const shouldStart = !isHeld;
    context.kernelPreference = { ...context.kernelPreference, shouldStart };
  }
}

/** Id of the kernelspec that a notebook names; empty where it names none, or anything that is no text. */
function nameOf(panel: NotebookPanel): string {
  const name: unknown = panel.model?.defaultKernelName;
  return typeof name === 'string' ? name : '';
}

async function within<T>(asked: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), PATIENCE_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
