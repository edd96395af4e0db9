/** Questions before something is changed that cannot be taken back by a click, or that needs a name. */

import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { parseRequirements } from '../commands/requirements';
import { refusalText } from '../commands/words';

export interface IQuestion {
  readonly title: string;
  readonly text: string;
  /** What is concerned, one in a line. */
  readonly rows?: ReadonlyArray<string>;
  readonly accept: string;
  /** Whether something is lost. */
  readonly danger?: boolean;
}

/** Ask; everything is shown as text. */
export async function confirmed(
  trans: TranslationBundle,
  question: IQuestion
): Promise<boolean> {
  const { title, accept, danger } = question;
  const yes = danger
    ? Dialog.warnButton({ label: accept })
    : Dialog.okButton({ label: accept });
  const answer = await showDialog({
    title,
    body: bodyOf(question),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), yes],
    defaultButton: danger ? 0 : 1
  });
  return answer.button.accept;
}

/** Tell something that needs no answer. */
export async function tell(
  trans: TranslationBundle,
  title: string,
  text: string,
  rows: ReadonlyArray<string> = []
): Promise<void> {
  await showDialog({
    title,
    body: bodyOf({ text, rows }),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

function bodyOf(question: Pick<IQuestion, 'text' | 'rows'>): Widget {
  const node = document.createElement('div');
  const words = node.appendChild(document.createElement('p'));
  words.textContent = question.text;
  const rows = question.rows ?? [];
  if (rows.length > 0) {
    const list = node.appendChild(document.createElement('ul'));
    list.className = 'jp-mlenv-Dialog-rows';
    for (const row of rows) {
      list.appendChild(document.createElement('li')).textContent = row;
    }
  }
  const body = new Widget({ node });
  body.addClass('jp-mlenv-Dialog');
  return body;
}

/** Ask for packages; asks again, saying why, as long as one of them is none. `null` where it was given up. */
export async function askForPackages(
  trans: TranslationBundle,
  project: string
): Promise<ReadonlyArray<string> | null> {
  let typed = '';
  let label = trans.__('Packages, for example: numpy pandas<3');
  for (;;) {
    const answer = await InputDialog.getText({
      title: trans.__('Add packages to %1', project),
      label,
      text: typed,
      okLabel: trans.__('Add')
    });
    if (!answer.button.accept) {
      return null;
    }
    typed = answer.value ?? '';
    const { taken, refused } = parseRequirements(typed);
    const [wrong] = refused;
    if (wrong === undefined) {
      return taken.length > 0 ? taken : null;
    }
    label = refusalText(trans, wrong.why, wrong.text);
  }
}

/** Ask for one of the packages that are declared. `null` where it was given up. */
export async function askForPackage(
  trans: TranslationBundle,
  names: ReadonlyArray<string>
): Promise<string | null> {
  const answer = await InputDialog.getItem({
    title: trans.__('Remove a package'),
    label: trans.__('Package'),
    items: [...names],
    okLabel: trans.__('Remove')
  });
  return answer.button.accept ? answer.value : null;
}
