/** The notebooks that are open, by contents path: which kernel they run in, and how that is changed. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import type { ISwitcher } from '../tokens';

export class OpenNotebooks {
  constructor(
    private readonly _notebooks: INotebookTracker,
    private readonly _switcher: ISwitcher | null,
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

  /** End a notebook's kernel. */
  async shutDown(path: string): Promise<void> {
    await this.panel(path)?.sessionContext.shutdown();
  }
}

/** Contents path of the open notebook that an element is part of. */
export function around(
  notebooks: INotebookTracker,
  node: Node
): string | undefined {
  return notebooks.find(one => one.node.contains(node))?.context.path;
}
