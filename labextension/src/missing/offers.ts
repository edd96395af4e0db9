/** What is offered for notebooks without a kernel: told beside the work, in no dialog, until there is a kernel. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { shortened } from '../commands/actions';
import { IFound, hold } from './gate';
import type { Remedy } from './remedy';
import { messageOf, nameIn, wordsOf } from './words';
import type {
  IJobRequest,
  IKernelOffer,
  IKernelOffers,
  IOfferAction
} from '../tokens';

export interface IOffersOptions {
  readonly trans: TranslationBundle;
  /** Tell of an offer, until what comes back is called. */
  tell(message: string, actions: ReadonlyArray<IOfferAction>): () => void;
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
    this._open.set(found, this._of.tell(message, actions));
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
    const dismiss = this._open.get(found);
    if (dismiss !== undefined) {
      dismiss();
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
    const named = nameIn(panel.model?.getMetadata('kernelspec'));
    const message = shortened(
      messageOf(found, panel.title.label, named, trans)
    );
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

  private readonly _open = new Map<IFound, () => void>();
  private readonly _changed = new Signal<IKernelOffers, void>(this);
}
