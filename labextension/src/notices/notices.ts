/** When a notification is due: once for each change, gone when all is well again. Types of JupyterLab only. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from '../commands/actions';
import { signatureOf, worstOf } from '../words/format';
import type { ISituation, ISubject } from '../tokens';
import type { IReport } from '../wire/reports';
import { actionText, reasonText } from '../words/reports';

export interface INotice {
  readonly text: string;
  readonly kind: 'warning' | 'error';
  /** Whether it stays until somebody closes it. */
  readonly stays: boolean;
  readonly button: string;
  readonly command: string;
  readonly path: string;
}

/** Shows notices. */
export interface IToaster {
  show(notice: INotice): string;
  dismiss(id: string): void;
}

/** Keeps texts as long as this page's tab is open, over a reload. */
export interface IMemory {
  get(key: string): string | null;
  set(key: string, text: string | null): void;
}

export type Level = 'all' | 'important' | 'none';

const IMPORTANT: ReadonlySet<string> = new Set([
  'broken',
  'no-env',
  'switch',
  'restart'
]);

export class Notices {
  constructor(
    private readonly _toaster: IToaster,
    private readonly _memory: IMemory,
    private readonly _trans: TranslationBundle
  ) {}

  level: Level = 'all';

  /** Tell of a situation that was not told yet; while a job runs nothing is final. */
  look(situation: ISituation, isWorking: boolean): void {
    const { report, subject } = situation;
    const place = report?.project?.root;
    // A notebook without a kernel runs in nothing wrong; and one whose kernel cannot start is offered the mend elsewhere.
    if (!report || place === undefined || !subject?.kernelId) {
      return;
    }
    if (isWorking) {
      this._dismiss(place);
      return;
    }
    const key =
      report.verdict === 'switch' ? `${place}\n${subject.path}` : place;
    const notice = noticeOf(report, subject, this._trans);
    if (notice === null) {
      this._dismiss(place);
      this._forget(place, report, subject);
      return;
    }
    const signature = signatureOf(report);
    if (this._memory.get(key) === signature) {
      return;
    }
    this._memory.set(key, signature);
    this._dismiss(place);
    const isWanted =
      this.level === 'all' ||
      (this.level === 'important' && IMPORTANT.has(report.verdict));
    if (isWanted) {
      this._open.set(place, this._toaster.show(notice));
    }
  }

  /** Close what is open: it is said elsewhere. */
  withdraw(): void {
    [...this._open.keys()].forEach(place => this._dismiss(place));
  }

  /** All is well; but a page just loaded, whose kernel has not told yet, must not be told the same again. */
  private _forget(place: string, report: IReport, subject: ISubject): void {
    this._memory.set(`${place}\n${subject.path}`, null);
    const told = this._memory.get(place) ?? '';
    if (report.loaded_measured || !told.startsWith('["restart"')) {
      this._memory.set(place, null);
    }
  }

  private _dismiss(place: string): void {
    const id = this._open.get(place);
    if (id !== undefined) {
      this._toaster.dismiss(id);
      this._open.delete(place);
    }
  }

  private readonly _open = new Map<string, string>();
}

/** What to say of a report; `null` where nothing needs to be said. */
export function noticeOf(
  report: IReport,
  subject: ISubject,
  trans: TranslationBundle
): INotice | null {
  const text = textOf(report, trans);
  const button = actionText(report, trans);
  if (text === null) {
    return null;
  }
  return {
    text: shortened(text),
    kind: report.verdict === 'broken' ? 'error' : 'warning',
    stays: IMPORTANT.has(report.verdict),
    button: button ?? trans.__('Show'),
    command: button === null ? 'mlenv:open-panel' : 'mlenv:act',
    path: subject.path
  };
}

function textOf(report: IReport, trans: TranslationBundle): string | null {
  const name = clipped(report.project?.name ?? '', 40);
  switch (report.verdict) {
    case 'switch':
      return trans.__(
        'This notebook does not run in the environment of %1.',
        name
      );
    case 'broken':
      return trans.__(
        'The environment of %1 is broken. %2',
        name,
        reasonText(report, trans)
      );
    case 'no-env':
      // A folder of somebody who does not use mlenv is left in peace: nothing is locked, and no kernel has lost anything.
      return report.lock.path === null && !isOrphan(report)
        ? null
        : trans.__('The environment of %1 is not there.', name);
    case 'restart':
      return trans.__(
        '%1: restart needed: %2',
        name,
        reloadText(report, trans)
      );
    case 'relock':
      return trans.__('%1: %2', name, reasonText(report, trans));
    case 'sync':
      return driftText(report, name, trans);
    default:
      return null;
  }
}

function driftText(
  report: IReport,
  name: string,
  trans: TranslationBundle
): string {
  const packages = namesOf(report);
  return packages === ''
    ? trans.__('%1 is out of step. %2', name, reasonText(report, trans))
    : trans._n(
        '%2 is out of step: %1 package differs from %3 (%4).',
        '%2 is out of step: %1 packages differ from %3 (%4).',
        worstOf(report).filter(each => each.package !== null).length,
        name,
        clipped(report.lock.path ?? trans.__('the lock'), 30),
        packages
      );
}

/** Whether the kernel is that of an environment of this project, which is gone. */
function isOrphan(report: IReport): boolean {
  const root = report.project?.root ?? '';
  return root !== '' && (report.kernel?.prefix.startsWith(root) ?? false);
}

/** Which versions are in memory and on disk. */
function reloadText(report: IReport, trans: TranslationBundle): string {
  const told = worstOf(report).flatMap(each =>
    each.package === null || each.loaded === null
      ? []
      : trans.__(
          '%1 %2 in memory, %3 on disk',
          clipped(each.package, 30),
          clipped(each.loaded, 20),
          clipped(each.installed ?? trans.__('nothing'), 20)
        )
  );
  const shown = [...told.slice(0, 1), ...(told.length > 1 ? ['…'] : [])];
  return shown.length === 0 ? reasonText(report, trans) : shown.join('; ');
}

function namesOf(report: IReport): string {
  const names = worstOf(report).flatMap(each =>
    each.package === null ? [] : [clipped(each.package, 30)]
  );
  return [...names.slice(0, 3), ...(names.length > 3 ? ['…'] : [])].join(', ');
}

function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
