/** Pure: what barriers, refusals and jobs say, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from './actions';
import type { IJob } from '../wire/answers';
import type { Barrier, IWorld } from './barriers';
import { runningText } from '../words/jobs';
import type { Refusal } from './requirements';

/** Why a command cannot be run now. */
export function barrierText(
  trans: TranslationBundle,
  why: Barrier,
  world: IWorld
): string {
  switch (why) {
    case 'busy':
      return trans.__('Not now: %1 is running', world.running?.verb ?? '');
    case 'no-environment':
      return trans.__('The project has no environment yet: create it first');
    case 'no-kernel':
      return trans.__('The notebook has no running kernel');
    case 'no-notebook':
      return trans.__('Open a notebook first');
    case 'no-project':
      return trans.__('There is no project here yet: create one first');
    case 'no-server':
      return trans.__("This Jupyter server runs without mlenv's extension");
    case 'nothing-runs':
      return trans.__('Nothing is running');
    case 'nothing-to-do':
      return world.situation.report?.next.text ?? trans.__('Nothing to do');
  }
}

/** What is wrong with a requirement. */
export function refusalText(
  trans: TranslationBundle,
  why: Refusal,
  text: string
): string {
  const shown = shortened(text, 60);
  switch (why) {
    case 'option':
      return trans.__('“%1” is an option, not a package', shown);
    case 'path':
      return trans.__('“%1” is a path, not a package', shown);
    case 'address':
      return trans.__('“%1”: an address is written NAME @ https://…', shown);
    case 'letters':
      return trans.__('“%1”: names of packages are Latin letters', shown);
    case 'hidden':
      return trans.__('A character that cannot be seen is in “%1”', shown);
    case 'long':
      return trans.__('“%1” is too long for a package', shown);
    case 'form':
      return trans.__(
        '“%1” is no package: write NAME, NAME<2 or NAME[extra]>=1.2',
        shown
      );
  }
}

/** What a running job is doing. */
export function progressText(trans: TranslationBundle, job: IJob): string {
  const step = job.step?.text ?? '';
  const doing = step === '' ? runningText(job.verb, trans) : step;
  return shortened(trans.__('%1: %2', job.project, doing));
}

/** What a job that ended well has done. */
export function doneText(trans: TranslationBundle, job: IJob): string {
  if (job.verb === 'create') {
    return shortened(trans.__('The environment of %1 is ready', job.project));
  }
  const line = job.outcome?.lines[0] ?? trans.__('done');
  return shortened(trans.__('%1: %2', job.project, line));
}
