/** Pure: what is asked before something is done that a text of somebody else offered. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { COMMANDS, Command } from './ids';

export interface IQuestionWords {
  readonly title: string;
  readonly text: string;
  readonly accept: string;
}

export function questionOf(
  command: Command,
  project: string,
  trans: TranslationBundle
): IQuestionWords {
  switch (command) {
    case COMMANDS.switch:
      return {
        title: trans.__('Switch the kernel?'),
        text: trans.__(
          "The notebook then runs in its project's environment; what is in memory now is lost."
        ),
        accept: trans.__('Switch')
      };
    case COMMANDS.add:
    case COMMANDS.create:
    case COMMANDS.sync:
      return ofInstalling(command, project, trans);
    default:
      return {
        title: trans.__('Go on?'),
        text: trans.__('This writes the lock of %1 anew.', project),
        accept: trans.__('Go On')
      };
  }
}

function ofInstalling(
  command: Command,
  project: string,
  trans: TranslationBundle
): IQuestionWords {
  switch (command) {
    case COMMANDS.add:
      return {
        title: trans.__('Add to the project?'),
        text: trans.__(
          'This is declared, locked and installed in %1:',
          project
        ),
        accept: trans.__('Add')
      };
    case COMMANDS.sync:
      return {
        title: trans.__('Sync the environment?'),
        text: trans.__(
          'The environment of %1 becomes what its lock says.',
          project
        ),
        accept: trans.__('Sync')
      };
    default:
      return {
        title: trans.__('Create the environment?'),
        text: trans.__(
          'The environment of %1 is made from its files.',
          project
        ),
        accept: trans.__('Create')
      };
  }
}
