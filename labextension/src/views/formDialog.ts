/** Dialogs that hold a form: one that is wrong stays open and shows what is wrong. */

import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IFound, IForm } from '../create/plan';
import type { IProposal } from '../wire/proposals';
import { CreateForm } from './createForm';
import { ProposalForm } from './proposalForm';
import '../../style/forms.css';

class FormDialog<T> extends Dialog<T> {
  constructor(
    options: Partial<Dialog.IOptions<T>>,
    private readonly _isRight: () => boolean
  ) {
    super(options);
    this.addClass('jp-mlenv-FormDialog');
  }

  override resolve(index?: number): void {
    // The first button cancels.
    if (index === 0 || this._isRight()) {
      super.resolve(index);
    }
  }
}

/** Ask how the environment is to be made. `null` where it was given up. */
export async function askHow(
  found: IFound,
  packages: ReadonlyArray<string>,
  trans: TranslationBundle
): Promise<IForm | null> {
  const body = new CreateForm(found, packages, trans);
  const name = found.project.project?.name;
  const dialog = new FormDialog<IForm>(
    {
      title: name
        ? trans.__('Environment of %1', name)
        : trans.__('New project environment'),
      body,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Create') })
      ],
      focusNodeSelector: 'input[name="packages"]'
    },
    () => body.isRight()
  );
  const answer = await dialog.launch();
  return answer.button.accept ? answer.value : null;
}

/** Show what a notebook asks for. `null` where it was given up. */
export async function askWhich(
  proposal: IProposal,
  notebook: string,
  trans: TranslationBundle
): Promise<ReadonlyArray<string> | null> {
  const dialog = new FormDialog<ReadonlyArray<string>>(
    {
      title: trans.__('What %1 asks for', notebook),
      body: new ProposalForm(proposal, trans),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Create') })
      ]
    },
    () => true
  );
  const answer = await dialog.launch();
  return answer.button.accept ? answer.value : null;
}
