/** Pure: what notifications say, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IReport } from '../wire/reports';
import { worstOf } from '../words/format';
import { reasonText } from '../words/reports';

/** What a verdict is told with; `null` where nothing needs to be said. */
export function textOf(
  report: IReport,
  trans: TranslationBundle
): string | null {
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

/** The words for a drift where the lock's file is another one. */
export function pulledText(report: IReport, trans: TranslationBundle): string {
  const lock = clipped(report.lock.path ?? trans.__('the lock'), 30);
  const name = clipped(report.project?.name ?? '', 40);
  const packages = namesOf(report);
  return packages === ''
    ? trans.__(
        '%1: %2 has changed on disk. %3',
        name,
        lock,
        reasonText(report, trans)
      )
    : trans._n(
        '%2: %3 has changed on disk: %1 package differs (%4).',
        '%2: %3 has changed on disk: %1 packages differ (%4).',
        worstOf(report).filter(each => each.package !== null).length,
        name,
        lock,
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
