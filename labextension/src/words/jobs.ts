/** What is said of jobs and failures, in the user's language. Pure; types of JupyterLab only. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJob } from '../wire/answers';
import type { IFailure } from '../wire/reports';

/** What a running job does. */
export function runningText(verb: string, trans: TranslationBundle): string {
  const texts: Readonly<Record<string, string>> = {
    create: trans.__('Creating…'),
    use: trans.__('Taking an environment…'),
    add: trans.__('Adding…'),
    remove: trans.__('Removing…'),
    sync: trans.__('Syncing…'),
    lock: trans.__('Locking…'),
    upgrade: trans.__('Upgrading…'),
    freeze: trans.__('Freezing…'),
    undo: trans.__('Going back…'),
    delete: trans.__('Deleting…'),
    kernels: trans.__('Mending kernels…')
  };
  return texts[verb] ?? trans.__('Working…');
}

/** The head of a job's card: what it did, and how it ended. */
export function jobText(job: IJob, trans: TranslationBundle): string {
  const what = [job.verb, ...job.arguments].join(' ');
  switch (job.state) {
    case 'running':
      return runningText(job.verb, trans);
    case 'done':
      return trans.__('Done: %1', what);
    case 'cancelled':
      return trans.__('Cancelled: %1', what);
    default:
      return trans.__('Failed: %1', what);
  }
}

/** What is shown where nothing could be compared. */
export interface IExplanation {
  readonly title: string;
  readonly text: string;
  /** What to type, where typing helps. */
  readonly code: string;
}

/** Why something could not be done or asked, on one line; what the server says goes as it is. */
export function failureText(
  failure: IFailure,
  trans: TranslationBundle
): string {
  if (failure.code !== 'no-server' && failure.code !== 'older-server') {
    return failure.message || trans.__('It failed');
  }
  const { title, text, code } = explain(failure, trans);
  return trans.__('%1. %2', title, code || text);
}

export function explain(
  failure: IFailure,
  trans: TranslationBundle
): IExplanation {
  switch (failure.code) {
    case 'no-project':
      return explained(
        trans.__('No project here'),
        trans.__(
          'A project is a folder that says which packages it needs. Create one, and this notebook runs in an environment of its own, the same on every machine.'
        )
      );
    case 'no-server':
      return explained(
        trans.__('The server part of mlenv is not running'),
        trans.__(
          'It is installed where Jupyter itself runs. Type this there and start Jupyter again:'
        ),
        'jupyter server extension enable mlenv'
      );
    case 'older-server':
      return explained(
        trans.__('The server part of mlenv is older than this page'),
        trans.__(
          'mlenv was updated while Jupyter ran: end the Jupyter server and start it again.'
        )
      );
    case 'no-connection':
      return explained(
        trans.__('No connection'),
        trans.__(
          'The Jupyter server does not answer. This is asked again by itself.'
        )
      );
    case 'refused':
      return explained(
        trans.__('The server refuses to answer'),
        trans.__(
          'You may have to log in again, or you may not be allowed to do this here.'
        )
      );
    default:
      return explained(
        trans.__('This could not be compared'),
        [failure.message, failure.hint].join('\n').trim()
      );
  }
}

function explained(title: string, text: string, code = ''): IExplanation {
  return { title, text, code };
}
