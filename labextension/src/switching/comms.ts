/** What kernels tell and are asked by comm: `mlenv.frontend`, which they open, and `mlenv.kernel`, which we open. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { ILoaded } from '../wire/answers';
import {
  FRONTEND_TARGET,
  ISwitchMessage,
  KERNEL_TARGET,
  asked,
  loadedRows
} from '../wire/messages';
import { isOurs } from '../kernels/ours';

export interface ICommsOptions {
  readonly notebooks: INotebookTracker;
  /** A cell of this notebook asks to run in another kernel; `request` is the id of the message that ran the cell. */
  switchTo(panel: NotebookPanel, wanted: ISwitchMessage, request: string): void;
  /** Environment, lock or kernels were changed. */
  refresh(): void;
  /** A kernel told what it has loaded; `null`: what it told counts no more. */
  loaded(kernelId: string, rows: ReadonlyArray<ILoaded> | null): void;
}

export class Comms {
  constructor(private readonly _of: ICommsOptions) {
    _of.notebooks.forEach(panel => this._watch(panel));
    _of.notebooks.widgetAdded.connect((_, panel) => this._watch(panel));
  }

  private _watch({ sessionContext }: NotebookPanel): void {
    const follow = (): void => {
      const kernel = sessionContext.session?.kernel;
      // One connection of a page handles the comms of a kernel; it is the first one, of whatever notebook.
      if (kernel?.handleComms && !this._known.has(kernel)) {
        this._known.add(kernel);
        this._attach(kernel);
      }
    };
    sessionContext.kernelChanged.connect(follow);
    follow();
  }

  private _attach(kernel: Kernel.IKernelConnection): void {
    const { id } = kernel;
    kernel.registerCommTarget(FRONTEND_TARGET, (_, message) =>
      this._asked(message)
    );
    let restarting = false;
    kernel.statusChanged.connect((_, status) => {
      if (status === 'restarting' || status === 'autorestarting') {
        restarting = true;
        this._of.loaded(id, null);
      } else if (restarting && status === 'idle') {
        restarting = false;
        void this._ask(kernel);
      }
    });
    kernel.disposed.connect(() => this._of.loaded(id, null));
    void this._ask(kernel);
  }

  /** Ask one of mlenv's kernels what it has loaded; it goes on telling. */
  private async _ask(kernel: Kernel.IKernelConnection): Promise<void> {
    const spec = await kernel.spec.catch(() => undefined);
    if (!isOurs(spec) || kernel.isDisposed) {
      return;
    }
    const comm = kernel.createComm(KERNEL_TARGET);
    comm.onMsg = message => {
      const rows = understood(() => loadedRows(message.content.data));
      if (rows !== null) {
        this._of.loaded(kernel.id, rows);
      }
    };
    comm.open({});
    this._comms.set(kernel, comm);
  }

  private _asked(message: KernelMessage.ICommOpenMsg): void {
    const wanted = understood(() => asked(message.content.data));
    if (wanted === null) {
      return;
    }
    if (wanted.kind === 'refresh') {
      this._of.refresh();
      return;
    }
    const parent = message.parent_header;
    const session = 'session' in parent ? parent.session : null;
    const panel = this._of.notebooks.find(
      each => each.sessionContext.session?.kernel?.clientId === session
    );
    // Every page with this kernel hears it; the one whose cell asks acts, the others follow their session.
    if (panel !== undefined && 'msg_id' in parent) {
      this._of.switchTo(panel, wanted, parent.msg_id);
    }
  }

  private readonly _comms = new WeakMap<
    Kernel.IKernelConnection,
    Kernel.IComm
  >();
  private readonly _known = new WeakSet<Kernel.IKernelConnection>();
}

/** What a kernel says may be anything: what is not understood is left alone. */
function understood<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
