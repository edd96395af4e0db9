/** Pure: when a command makes sense, and the one that mends what a report says. */

import type { IJob } from '../wire/answers';
import { COMMANDS, Command } from './ids';
import type { ISituation } from '../tokens';
import type { IReport } from '../wire/reports';

/** What decides whether a command makes sense. */
export interface IWorld {
  readonly situation: ISituation;
  /** The job that changes this project now. */
  readonly running: IJob | null;
}

/** Why a command makes no sense now. */
export type Barrier =
  | 'busy'
  | 'no-environment'
  | 'no-kernel'
  | 'no-notebook'
  | 'no-project'
  | 'no-server'
  | 'nothing-runs'
  | 'nothing-to-do';

const NEEDS_ENVIRONMENT: ReadonlyArray<Command> = [
  COMMANDS.delete,
  COMMANDS.freeze,
  COMMANDS.switch,
  COMMANDS.sync
];
const NEEDS_PROJECT: ReadonlyArray<Command> = [
  ...NEEDS_ENVIRONMENT,
  COMMANDS.add,
  COMMANDS.lock,
  COMMANDS.remove,
  COMMANDS.undo
];
const CHANGES_NOTHING: ReadonlyArray<Command> = [
  COMMANDS.check,
  COMMANDS.environment,
  COMMANDS.openPanel,
  COMMANDS.restart,
  COMMANDS.switch
];

/**
 * Say why a command makes no sense; `null` where it does. Of another path than the notebook's little is known.
 *
 * @param named Whether a kernel is named; else the notebook's is meant.
 */
export function barrier(
  command: Command,
  world: IWorld,
  elsewhere = false,
  named = false
): Barrier | null {
  const { subject, failure } = world.situation;
  if (command === COMMANDS.openPanel) {
    return null;
  }
  if (failure?.code === 'no-server') {
    return 'no-server';
  }
  if (command === COMMANDS.cancel) {
    return world.running === null ? 'nothing-runs' : null;
  }
  if (elsewhere || command === COMMANDS.prune) {
    return null;
  }
  if (command === COMMANDS.create || command === COMMANDS.environment) {
    return command === COMMANDS.create && world.running ? 'busy' : null;
  }
  if (subject === null) {
    return 'no-notebook';
  }
  return world.running && !CHANGES_NOTHING.includes(command)
    ? 'busy'
    : ofReport(command, world.situation, named);
}

function ofReport(
  command: Command,
  situation: ISituation,
  named: boolean
): Barrier | null {
  const { subject, report, failure } = situation;
  if (command === COMMANDS.restart && !subject?.kernelId) {
    return 'no-kernel';
  }
  if (command === COMMANDS.repair && !named && !subject?.kernelName) {
    return 'no-kernel';
  }
  // A project whose lock cannot be read is one, too.
  const hasProject =
    report === null
      ? failure !== null && failure.code !== 'no-project'
      : report.project !== null;
  if (NEEDS_PROJECT.includes(command) && !hasProject) {
    return 'no-project';
  }
  if (
    NEEDS_ENVIRONMENT.includes(command) &&
    report !== null &&
    report.environment.prefix === null
  ) {
    return 'no-environment';
  }
  return command === COMMANDS.act ? ofAction(situation) : null;
}

function ofAction(situation: ISituation): Barrier | null {
  if (situation.failure?.code === 'no-project') {
    return null; // the form makes one
  }
  return mending(situation.report) === null ? 'nothing-to-do' : null;
}

/** The command that mends what a report says; `null` where there is nothing to do. */
export function mending(report: IReport | null): Command | null {
  switch (report?.next.action) {
    case 'create':
      return COMMANDS.create;
    case 'freeze':
      return COMMANDS.freeze;
    case 'lock':
      return COMMANDS.lock;
    case 'restart':
      return COMMANDS.restart;
    case 'switch':
      return COMMANDS.switch;
    case 'sync':
      return COMMANDS.sync;
    default:
      return null;
  }
}

/** Whether there is something that an environment can be made from without asking a person anything. */
export function canMakeUnasked(report: IReport | null): boolean {
  return Boolean(report?.lock.path ?? report?.project?.manifest);
}
