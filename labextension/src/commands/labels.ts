/** Pure: what the commands are called, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { COMMANDS, Command } from './ids';

export interface ISaid {
  readonly label: string;
  readonly caption: string;
}

/** Name and one sentence for each command. */
export function said(
  trans: TranslationBundle
): Readonly<Record<Command, ISaid>> {
  return {
    ...saidOfProject(trans),
    [COMMANDS.act]: {
      label: trans.__('Do What the Verdict Asks'),
      caption: trans.__('Put the environment right, in one step')
    },
    [COMMANDS.cancel]: {
      label: trans.__('Cancel'),
      caption: trans.__('End what runs; the environment stays as it was')
    },
    [COMMANDS.check]: {
      label: trans.__('Check Environment'),
      caption: trans.__('Compare what is loaded, installed and locked')
    },
    [COMMANDS.environment]: {
      label: trans.__('Environment'),
      caption: trans.__('Environment of this project: make it, or show it')
    },
    [COMMANDS.openPanel]: {
      label: trans.__('Show Environments'),
      caption: trans.__('Open the panel with the packages of this project')
    },
    [COMMANDS.prune]: {
      label: trans.__('Remove Stale Kernels…'),
      caption: trans.__("Remove mlenv's kernels whose environment is gone")
    },
    [COMMANDS.repair]: {
      label: trans.__('Repair Kernel'),
      caption: trans.__('Mend the kernel, and its environment from the lock')
    },
    [COMMANDS.restart]: {
      label: trans.__('Restart Kernel to Load What Is Installed'),
      caption: trans.__('The kernel then loads what is installed now')
    },
    [COMMANDS.switch]: {
      label: trans.__("Switch to the Project's Kernel"),
      caption: trans.__("Run this notebook in the project's environment")
    }
  };
}

type OfProject =
  | typeof COMMANDS.add
  | typeof COMMANDS.create
  | typeof COMMANDS.delete
  | typeof COMMANDS.freeze
  | typeof COMMANDS.lock
  | typeof COMMANDS.remove
  | typeof COMMANDS.sync
  | typeof COMMANDS.undo;

function saidOfProject(
  trans: TranslationBundle
): Readonly<Record<OfProject, ISaid>> {
  return {
    [COMMANDS.add]: {
      label: trans.__('Add Packages…'),
      caption: trans.__('Declare, lock and install packages')
    },
    [COMMANDS.create]: {
      label: trans.__('Create Environment…'),
      caption: trans.__('Make an environment and a kernel for this project')
    },
    [COMMANDS.delete]: {
      label: trans.__('Delete Environment…'),
      caption: trans.__('Delete environment and kernel; the lock stays')
    },
    [COMMANDS.freeze]: {
      label: trans.__('Accept What Is Installed (Freeze)'),
      caption: trans.__('Write the lock from what is installed')
    },
    [COMMANDS.lock]: {
      label: trans.__('Lock Packages'),
      caption: trans.__('Write the lock from what is declared')
    },
    [COMMANDS.remove]: {
      label: trans.__('Remove a Package…'),
      caption: trans.__('Take a package out of manifest, lock and environment')
    },
    [COMMANDS.sync]: {
      label: trans.__('Install What Is Locked (Sync)'),
      caption: trans.__('Make the environment what the lock says')
    },
    [COMMANDS.undo]: {
      label: trans.__('Undo the Last Change'),
      caption: trans.__('Go back to the environment and lock before it')
    }
  };
}
