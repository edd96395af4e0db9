/** The queue of every connection that a notebook has to a kernel. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import { CellQueue } from './cellQueue';

export class CellQueues {
  constructor(notebooks: INotebookTracker) {
    notebooks.forEach(panel => this._watch(panel));
    notebooks.widgetAdded.connect((_, panel) => this._watch(panel));
  }

  /** The cells that were sent on a connection. */
  of(kernel: Kernel.IKernelConnection): CellQueue {
    let queue = this._queues.get(kernel);
    if (queue === undefined) {
      queue = listening(kernel);
      this._queues.set(kernel, queue);
    }
    return queue;
  }

  private _watch(panel: NotebookPanel): void {
    const { sessionContext } = panel;
    const follow = (): void => {
      const kernel = sessionContext.session?.kernel;
      if (kernel) {
        this.of(kernel);
      }
    };
    sessionContext.kernelChanged.connect(follow);
    follow();
  }

  private readonly _queues = new WeakMap<Kernel.IKernelConnection, CellQueue>();
}

function listening(kernel: Kernel.IKernelConnection): CellQueue {
  const queue = new CellQueue();
  kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction === 'send') {
      queue.sent(msg);
    } else {
      queue.received(msg);
    }
  });
  kernel.disposed.connect(() => queue.close());
  return queue;
}
