/** What is offered for notebooks without a kernel: a notification that is no dialog, until there is a kernel. */

import { Notification } from '@jupyterlab/apputils';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { shortened } from './actions';
import { IFound, hold } from './kernelGate';
import type { Remedy } from './kernelOffer';
import type {
  IJobRequest,
  IKernelOffer,
  IKernelOffers,
  IOfferAction
} from './tokens';

export interface IOffersOptions {
  readonly trans: TranslationBundle;
  /** Run a notebook in a kernel of mlenv. Never rejects: a failure is told. */
  use(path: string, kernel: string): Promise<void>;
  /** Run a verb, and the notebook in the kernel that it made. Never rejects: a failure is told. */
  run(request: IJobRequest): Promise<unknown>;
  /** Open JupyterLab's own choice of kernels. */
  choose(context: ISessionContext): Promise<void>;
}

export class KernelOffers implements IKernelOffers {
  constructor(private readonly _of: IOffersOptions) {}

  offer(path: string): IKernelOffer | null {
    const found = [...this._open.keys()].find(
      each => each.panel.context.path === path
    );
    return found === undefined ? null : this._offerOf(found);
  }

  get changed(): ISignal<IKernelOffers, void> {
    return this._changed;
  }

  /** Offer what was found, until the notebook has a kernel or is closed. */
  add(found: IFound): void {
    const { sessionContext } = found.panel;
    if ([...this._open.keys()].some(each => each.panel === found.panel)) {
      return;
    }
    const { message, actions } = this._offerOf(found);
    const id = Notification.warning(message, {
      autoClose: false,
      actions: actions.map(({ label, caption, run }, index) => ({
        label,
        caption,
        displayType: index === 0 ? 'accent' : 'default',
        callback: run
      }))
    });
    this._open.set(found, id);
    const end = (): void => {
      if (sessionContext.session?.kernel || sessionContext.isDisposed) {
        sessionContext.kernelChanged.disconnect(end);
        sessionContext.disposed.disconnect(end);
        hold(sessionContext, false);
        this._remove(found);
      }
    };
    sessionContext.kernelChanged.connect(end);
    sessionContext.disposed.connect(end);
    this._changed.emit();
  }

  private _remove(found: IFound): void {
    const id = this._open.get(found);
    if (id !== undefined) {
      Notification.dismiss(id);
      this._open.delete(found);
      this._changed.emit();
    }
  }

  private _offerOf(found: IFound): IKernelOffer {
    const { trans } = this._of;
    const { panel, remedy, row } = found;
    const actions: IOfferAction[] = [];
    if (remedy !== null) {
      actions.push({
        ...wordsOf(remedy, row !== null, trans),
        run: () => void this._take(found, remedy)
      });
    }
    actions.push({
      label: trans.__('Choose Another Kernel'),
      caption: trans.__('Open the list of all kernels'),
      run: () => void this._of.choose(panel.sessionContext)
    });
    const path = panel.context.path;
    const message = shortened(messageOf(found, trans));
    return { path, isGone: row !== null, message, actions };
  }

  private async _take(found: IFound, remedy: Remedy): Promise<void> {
    const { path } = found.panel.context;
    await (remedy.kind === 'switch'
      ? this._of.use(path, remedy.kernel)
      : this._of.run({ verb: remedy.kind, path }));
    const { sessionContext } = found.panel;
    if (!sessionContext.isDisposed && !sessionContext.session?.kernel) {
      // It failed, which was told; the click has closed the notification.
      this._remove(found);
      this.add(found);
    }
  }

  private readonly _open = new Map<IFound, string>();
  private readonly _changed = new Signal<IKernelOffers, void>(this);
}

function messageOf(
  { panel, name, row, remedy }: IFound,
  trans: TranslationBundle
): string {
  const notebook = shortened(panel.title.label, 40);
  if (row === null) {
    const kernel = shortened(nameIn(panel) ?? name, 40);
    return trans.__('%1: its kernel "%2" is not here.', notebook, kernel);
  }
  const kernel = shortened(row.display_name || name, 40);
  return remedy === null && row.advice
    ? trans.__(
        '%1: the environment of %2 is gone; %3',
        notebook,
        kernel,
        row.advice
      )
    : trans.__('%1: the environment of %2 is gone.', notebook, kernel);
}

function wordsOf(
  remedy: Remedy,
  isGone: boolean,
  trans: TranslationBundle
): { readonly label: string; readonly caption: string } {
  switch (remedy.kind) {
    case 'switch':
      return {
        label: trans.__('Use %1', shortened(remedy.name, 40)),
        caption: trans.__("Run this notebook in its project's environment")
      };
    case 'use':
      return {
        label: trans.__(
          'Use the Environment of %1',
          shortened(remedy.project, 40)
        ),
        caption: trans.__('Make a kernel of it; the environment stays as it is')
      };
    case 'create': {
      const from = shortened(remedy.from, 40);
      return {
        label: isGone
          ? trans.__('Recreate It from %1', from)
          : trans.__('Create the Environment from %1', from),
        caption: trans.__(
          'Install what is written there, then run this notebook in it'
        )
      };
    }
  }
}

/** The name of its kernel as the notebook has it: text from outside. */
function nameIn(panel: NotebookPanel): string | null {
  const spec: unknown = panel.model?.getMetadata('kernelspec');
  const shown =
    typeof spec === 'object' && spec !== null && 'display_name' in spec
      ? spec.display_name
      : null;
  return typeof shown === 'string' && shown.trim() ? shown : null;
}
