/** Notebooks whose kernel is not here, or has lost its environment: the mend is offered, and nothing starts by itself. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ISessionContext,
  ISessionContextDialogs,
  Notification,
  SessionContextDialogs
} from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { failureOf } from '../words/format';
import { KernelGate } from '../missing/gate';
import { KernelOffers } from '../missing/offers';
import { isStartError } from '../kernels/startErrors';
import { IEnvironments, IKernelOffers, IRunner, ISwitcher } from '../tokens';

export const missing: JupyterFrontEndPlugin<IKernelOffers> = {
  id: 'mlenv:missing',
  description: 'Offers a kernel where the one of a notebook is missing.',
  autoStart: true,
  provides: IKernelOffers,
  requires: [INotebookTracker, IEnvironments, ISwitcher, IRunner],
  optional: [ISessionContextDialogs, ITranslator],
  activate
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  environments: IEnvironments,
  switcher: ISwitcher,
  runner: IRunner,
  dialogs: ISessionContextDialogs | null,
  translator: ITranslator | null
): IKernelOffers {
  const asking =
    dialogs ??
    new SessionContextDialogs(translator === null ? {} : { translator });
  const choose = (context: ISessionContext): Promise<void> =>
    asking.selectKernel(context);
  const offers = new KernelOffers({
    trans: (translator ?? nullTranslator).load('mlenv'),
    choose,
    tell: (message, actions) => {
      const id = Notification.warning(message, {
        autoClose: false,
        actions: actions.map(({ label, caption, run }, index) => ({
          label,
          caption,
          displayType: index === 0 ? 'accent' : 'default',
          callback: run
        }))
      });
      return () => Notification.dismiss(id);
    },
    run: request => runner.run(request),
    use: (path, kernel) =>
      switcher.use(path, kernel).catch((error: unknown) => {
        Notification.error(failureOf(error).message, { autoClose: false });
      })
  });
  const gate = new KernelGate({
    notebooks,
    specs: app.serviceManager.kernelspecs,
    project: path => environments.project(path),
    kernels: path => environments.kernels(path),
    offer: found => offers.add(found)
  });
  // A kernel that was well when it was asked for, or that somebody chose: JupyterLab says "Unhandled error".
  Dialog.tracker.widgetAdded.connect((_, dialog) => {
    void dialog.ready
      .then(() => isStartError(dialog, translator) && gate.again())
      .then(isOffered => isOffered && !dialog.isDisposed && dialog.reject());
  });
  return offers;
}
