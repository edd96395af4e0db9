/** Does what the commands say: asks where it must, starts jobs, switches and restarts kernels. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { requestOf } from './actions';
import { canMakeUnasked, mending } from './barriers';
import { failureOf } from '../words/format';
import { COMMANDS, Command, IArguments } from './ids';
import type { OpenNotebooks } from './openNotebooks';
import type { Removing } from './removing';
import { placeToRecreate } from './repairing';
import { refusal } from './requirements';
import type { Runner } from './runner';
import type { IEnvironments } from '../tokens';
import { askForPackages, confirmed } from '../views/dialogs';
import { IQuestionWords, questionOf } from './questions';

export interface IDoingParts {
  readonly environments: IEnvironments;
  readonly runner: Runner;
  readonly trans: TranslationBundle;
  readonly notebooks: OpenNotebooks;
  /** Open the form. */
  readonly create: (args: ReadonlyPartialJSONObject) => Promise<unknown>;
}

type Deed = (args: IArguments, path: string) => Promise<unknown>;

export class Doing {
  constructor(private readonly _parts: IDoingParts) {
    // Loaded when something is to go.
    const removing = async (): Promise<Removing> =>
      new (await import('./removing')).Removing(_parts);
    const job = (id: Command): [Command, Deed] => {
      return [id, (args, path) => this._job(id, args, path)];
    };
    this._deeds = new Map<Command, Deed>([
      [COMMANDS.act, (args, path) => this._act(args, path)],
      [COMMANDS.check, () => _parts.environments.check()],
      job(COMMANDS.sync),
      job(COMMANDS.freeze),
      job(COMMANDS.lock),
      [COMMANDS.add, (args, path) => this._add(args, path)],
      [
        COMMANDS.remove,
        async (args, path) => (await removing()).remove(args, path)
      ],
      job(COMMANDS.undo),
      [COMMANDS.switch, (args, path) => this._switch(args, path)],
      [COMMANDS.restart, (_, path) => this._restart(path)],
      [COMMANDS.repair, (args, path) => this._repair(args, path)],
      [
        COMMANDS.prune,
        async (args, path) => (await removing()).prune(args, path)
      ],
      [
        COMMANDS.delete,
        async (args, path) => (await removing()).delete(args, path)
      ],
      [COMMANDS.cancel, args => this._cancel(args)]
    ]);
  }

  get ids(): ReadonlyArray<Command> {
    return [...this._deeds.keys()];
  }

  /** Do what a command says. Never rejects: what fails is told. */
  async execute(id: Command, args: IArguments): Promise<void> {
    const { environments, runner } = this._parts;
    const path = args.path ?? environments.situation.subject?.path ?? '';
    try {
      await this._deeds.get(id)?.(args, path);
    } catch (error) {
      runner.fail(failureOf(error));
    }
  }

  private async _job(
    id: Command,
    args: IArguments,
    path: string
  ): Promise<void> {
    const request = requestOf(id, args, path);
    if (request === null) {
      return;
    }
    const question = questionOf(id, this._project, this._parts.trans);
    if (await this._agreed(args, question, request.arguments)) {
      await this._parts.runner.run(request);
    }
  }

  /** Where a text of somebody else offered the button, the user is asked first. */
  private async _agreed(
    args: IArguments,
    question: IQuestionWords,
    rows: ReadonlyArray<string> = []
  ): Promise<boolean> {
    return (
      args.confirm !== true ||
      (await confirmed(this._parts.trans, { ...question, rows }))
    );
  }

  private get _project(): string {
    return this._parts.environments.situation.report?.project?.name ?? '';
  }

  private async _act(args: IArguments, path: string): Promise<void> {
    const { report } = this._parts.environments.situation;
    const mends = mending(report);
    const unasked = mends !== COMMANDS.create || canMakeUnasked(report);
    if (mends === null || !unasked) {
      await this._parts.create({ path });
    } else if (mends === COMMANDS.create) {
      await this._job(mends, args, path);
    } else {
      await this._deeds.get(mends)?.(args, path);
    }
  }

  private async _add(args: IArguments, path: string): Promise<void> {
    const { trans } = this._parts;
    const packages =
      args.packages?.filter(text => refusal(text) === null) ??
      (await askForPackages(trans, this._project));
    if (packages !== null && packages.length > 0) {
      await this._job(COMMANDS.add, { ...args, packages }, path);
    }
  }

  private async _switch(args: IArguments, path: string): Promise<void> {
    const { environments, notebooks, trans } = this._parts;
    const kernel = args.kernel ?? (await environments.project(path)).kernel;
    if (kernel === null) {
      // Nothing is registered yet: `create` does that, and changes nothing else where the environment is in step.
      await this._job(COMMANDS.create, { ...args, packages: [] }, path);
      return;
    }
    const question = questionOf(COMMANDS.switch, this._project, trans);
    if (await this._agreed(args, question)) {
      await notebooks.use(path, kernel);
      await environments.check();
    }
  }

  private async _restart(path: string): Promise<void> {
    const { environments, notebooks } = this._parts;
    if (await notebooks.restart(path)) {
      await environments.check();
    }
  }

  private async _repair(args: IArguments, path: string): Promise<void> {
    const { subject } = this._parts.environments.situation;
    const kernel = args.kernel ?? subject?.kernelName;
    const place = kernel
      ? await placeToRecreate(this._parts.environments, path, kernel)
      : null;
    if (place !== null) {
      await this._job(COMMANDS.create, { ...args, packages: [] }, place);
      return;
    }
    await this._job(COMMANDS.repair, kernel ? { ...args, kernel } : args, path);
  }

  private async _cancel(args: IArguments): Promise<void> {
    const { environments } = this._parts;
    const running = environments.jobs.find(job => job.state === 'running');
    const id = args.job ?? running?.id;
    if (id !== undefined) {
      await environments.cancel(id);
    }
  }

  private readonly _deeds: ReadonlyMap<Command, Deed>;
}
