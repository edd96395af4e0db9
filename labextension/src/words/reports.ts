/** What is said of a report, in the user's language. Pure; types of JupyterLab only. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { worstOf } from './format';
import type { ISubject } from '../tokens';
import type { IReport, Verdict } from '../wire/reports';

export function verdictText(
  verdict: Verdict,
  trans: TranslationBundle
): string {
  switch (verdict) {
    case 'in-step':
      return trans.__('In step');
    case 'broken':
      return trans.__('Broken');
    case 'no-env':
      return trans.__('No environment');
    case 'switch':
      return trans.__('Wrong kernel');
    case 'relock':
      return trans.__('Stale lock');
    case 'sync':
      return trans.__('Out of step');
    case 'restart':
      return trans.__('Restart needed');
    case 'unlocked':
      return trans.__('No lock');
    default:
      return trans.__('Not measured');
  }
}

/** Whether a verdict on the environment is all that there is: the notebook is open, and nothing runs it. */
export function isIdle(report: IReport, subject: ISubject | null): boolean {
  return (
    subject !== null &&
    subject.isNotebook &&
    subject.kernelId === null &&
    !subject.isOpening &&
    (report.verdict === 'in-step' || report.verdict === 'unlocked')
  );
}

/** One sentence: why the verdict is what it is. */
export function reasonText(
  report: IReport,
  trans: TranslationBundle,
  idle = false
): string {
  if (idle) {
    return report.verdict === 'in-step'
      ? trans.__('No kernel runs; the environment is in step.')
      : trans.__('No kernel runs; the environment has no lock.');
  }
  if (report.verdict === 'in-step') {
    return inStepText(report, trans);
  }
  if (report.verdict === 'relock') {
    return trans.__(
      '%1 and %2 disagree.',
      report.project?.manifest ?? trans.__('The manifest'),
      report.lock.path ?? trans.__('the lock')
    );
  }
  if (report.verdict === 'switch' && report.kernel !== null) {
    return trans.__(
      "The kernel runs in %1, and not in the project's environment.",
      report.kernel.prefix
    );
  }
  const reason = worstOf(report)[0]?.reason;
  return (
    countedText(report, trans) ??
    sentence(reason ?? verdictText(report.verdict, trans))
  );
}

function inStepText(report: IReport, trans: TranslationBundle): string {
  const { locked } = report.counts;
  return report.loaded_measured
    ? trans._n(
        '%1 package, loaded and installed as locked.',
        '%1 packages, loaded and installed as locked.',
        locked
      )
    : trans._n(
        '%1 package installed as locked; what is loaded was not measured.',
        '%1 packages installed as locked; what is loaded was not measured.',
        locked
      );
}

/** The number of packages that made the verdict; `null` where something else made it. */
function countedText(report: IReport, trans: TranslationBundle): string | null {
  const worst = worstOf(report);
  const packages = worst.filter(each => each.package !== null).length;
  if (packages === 0) {
    return null;
  }
  switch (report.verdict) {
    case 'sync':
      return trans._n(
        '%1 package differs from %2.',
        '%1 packages differ from %2.',
        packages,
        report.lock.path ?? trans.__('the lock')
      );
    case 'restart':
      return trans._n(
        '%1 loaded package is not what is installed.',
        '%1 loaded packages are not what is installed.',
        packages
      );
    case 'broken':
      return packages < worst.length
        ? null
        : trans._n(
            'The files of %1 package are not all there.',
            'The files of %1 packages are not all there.',
            packages
          );
    default:
      return null;
  }
}

/** A reason as it stands in a list begins small and has no full stop. */
export function sentence(text: string): string {
  const whole = text.trim();
  const end = /[.!?:)]$/.test(whole) ? '' : '.';
  // A package's name is not written large.
  return /^(an?|it|kernel|no|not|the|there|this|what) /.test(whole)
    ? `${whole.charAt(0).toUpperCase()}${whole.slice(1)}${end}`
    : `${whole}${end}`;
}

/** The words on the button that mends it; `null` where there is nothing to click. */
export function actionText(
  report: IReport,
  trans: TranslationBundle
): string | null {
  switch (report.next.action) {
    case 'sync':
      return trans.__('Sync environment');
    case 'lock':
      return trans.__('Lock');
    case 'freeze':
      return trans.__('Accept what is installed');
    case 'switch':
      return trans.__('Switch kernel');
    case 'restart':
      return trans.__('Restart kernel');
    case 'create':
      return report.verdict === 'broken'
        ? trans.__('Rebuild environment')
        : trans.__('Create environment');
    default:
      return null;
  }
}
