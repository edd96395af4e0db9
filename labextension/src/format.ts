/** Pure: what is shown of a situation. No JupyterLab here, and no state. */

import type { ISituation } from './tokens';
import type { IFailure, Verdict } from './wire';

/** Text or, for an error of ours, what it says. */
export function failureOf(error: unknown): IFailure {
  if (typeof error === 'object' && error !== null && 'failure' in error) {
    return (error as { failure: IFailure }).failure;
  }
  return { code: 'internal', message: String(error), where: '', hint: '' };
}

/** Whether two situations differ in anything that is shown. */
export function isNews(before: ISituation, after: ISituation): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

/** How grave a verdict is; shown by an icon of that name and by the word itself, never by a colour alone. */
export type Tone = 'good' | 'act' | 'bad' | 'quiet';

export function toneOf(verdict: Verdict): Tone {
  switch (verdict) {
    case 'in-step':
      return 'good';
    case 'broken':
    case 'no-env':
      return 'bad';
    case 'unknown':
    case 'unlocked':
      return 'quiet';
    default:
      return 'act';
  }
}
