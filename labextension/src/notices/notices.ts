/** When a notification is due: once for each change, gone when all is well again. Types of JupyterLab only. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from '../commands/actions';
import { signatureOf } from '../words/format';
import type { ISituation, ISubject } from '../tokens';
import type { IReport } from '../wire/reports';
import { actionText } from '../words/reports';
import { pulledText, textOf } from './words';

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
    const notice = noticeOf(
      report,
      subject,
      this._trans,
      this._hasMoved(place, report)
    );
    if (notice === null) {
      this._memory.set(lockKey(place), report.lock.digest ?? null);
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

  /** Whether the lock's file is another one than when all was well: a pull brought it, and no cell did anything. */
  private _hasMoved(place: string, report: IReport): boolean {
    const before = this._memory.get(lockKey(place));
    const { digest } = report.lock;
    return before !== null && Boolean(digest) && before !== digest;
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

function lockKey(place: string): string {
  return `${place}\nlock`;
}

/**
 * What to say of a report; `null` where nothing needs to be said.
 *
 * @param hasMoved Whether the lock's file has changed since all was well.
 */
export function noticeOf(
  report: IReport,
  subject: ISubject,
  trans: TranslationBundle,
  hasMoved = false
): INotice | null {
  const text =
    report.verdict === 'sync' && hasMoved
      ? pulledText(report, trans)
      : textOf(report, trans);
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
