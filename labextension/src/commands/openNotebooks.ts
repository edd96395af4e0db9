/** The notebooks that are open, by contents path: which kernel they run in, and how that is changed. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Session } from '@jupyterlab/services';

import type { ISwitcher } from '../tokens';

export class OpenNotebooks {
  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _switcher: ISwitcher | null,
    private readonly _sessions: Session.IManager,
    private readonly _restart: (context: ISessionContext) => Promise<boolean>
  ) {}

  panel(path: string): NotebookPanel | null {
    return this._notebooks.find(one => one.context.path === path) ?? null;
  }

  /** Run a notebook in a kernel; nothing where it is not open, or runs there. */
  async use(path: string, kernel: string): Promise<void> {
    if (this.panel(path) !== null) {
      await this._switcher?.use(path, kernel);
    }
  }

  /** Restart a notebook's kernel; JupyterLab asks as it always does. False where the user thought better of it. */
  async restart(path: string): Promise<boolean> {
    const panel = this.panel(path);
    return panel !== null && (await this._restart(panel.sessionContext));
  }

  /** End the kernel of a notebook, whether it is open in this page or in another. */
  async shutDown(path: string): Promise<void> {
    const panel = this.panel(path);
    if (panel !== null) {
      await panel.sessionContext.shutdown();
      return;
    }
    const running = [...this._sessions.running()];
    for (const each of running.filter(one => one.path === path)) {
      await this._sessions.shutdown(each.id);
    }
  }

  /** Contents paths of the notebooks that run in one of these kernelspecs; those of other pages, too. */
  async runningIn(
    kernels: ReadonlySet<string>
  ): Promise<ReadonlyArray<string>> {
    await this._sessions.refreshRunning();
    return usersOf([...this._sessions.running()], kernels);
  }
}

/** Pure: which notebooks and consoles run in one of these kernelspecs; each path once, in order. */
export function usersOf(
  sessions: ReadonlyArray<Pick<Session.IModel, 'path' | 'kernel'>>,
  kernels: ReadonlySet<string>
): ReadonlyArray<string> {
  const paths = sessions.flatMap(({ path, kernel }) =>
    kernel && kernels.has(kernel.name) ? [path] : []
  );
  return [...new Set(paths)].sort();
}

/** Contents path of the open notebook that an element is part of. */
export function around(
  notebooks: INotebookTracker,
  node: Node
): string | undefined {
  return notebooks.find(one => one.node.contains(node))?.context.path;
}
