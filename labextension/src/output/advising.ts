/** Pure: what a button does about a verdict or an import that failed. Only what is named here, whatever a payload says. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from '../commands/actions';
import { mending } from '../commands/barriers';
import { COMMANDS, Command, IArguments } from '../commands/ids';
import type { IAdvice } from '../wire/proposals';
import { isName } from '../commands/requirements';
import type { IReport } from '../wire/reports';
import { actionText } from '../words/reports';

/** A command with its arguments, and what its button says. */
export interface IDeed {
  readonly command: Command;
  readonly args: Pick<IArguments, 'packages'>;
  readonly label: string;
}

/** What helps against a failed import; `null` where nothing does, or where the name of the package is none. */
export function deedOf(
  advice: IAdvice,
  trans: TranslationBundle
): IDeed | null {
  const name = advice.package ?? '';
  const packages = isName(name) ? [name] : [];
  switch (advice.action) {
    case 'add':
      return packages.length === 0
        ? null
        : {
            command: COMMANDS.add,
            args: { packages },
            label: trans.__('Add %1 to the project', shortened(name, 40))
          };
    case 'create':
      return {
        command: COMMANDS.create,
        args: packages.length === 0 ? {} : { packages },
        label: trans.__('Create environment…')
      };
    case 'switch':
      return plain(COMMANDS.switch, trans.__('Switch kernel'));
    case 'sync':
      return plain(COMMANDS.sync, trans.__('Sync environment'));
    case 'restart':
      return plain(COMMANDS.restart, trans.__('Restart kernel'));
    default:
      return null;
  }
}

/** What a report's own action is, by name: its command line is never run. */
export function deedOfReport(
  report: IReport,
  trans: TranslationBundle
): IDeed | null {
  const command = mending(report);
  const label = actionText(report, trans);
  return command === null || label === null ? null : plain(command, label);
}

function plain(command: Command, label: string): IDeed {
  return { command, args: {}, label };
}

/** The module of `No module named 'humanize.time'`; `null` where the text says none. */
export function missingModule(errorText: string): string | null {
  const found = /^No module named '([\w.]{1,100})'/.exec(errorText);
  return found?.[1] ?? null;
}
