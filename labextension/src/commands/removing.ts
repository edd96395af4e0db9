/** What cannot be taken back by a click: what would go is shown first, then asked for. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { requestOf } from './actions';
import { COMMANDS, IArguments } from './ids';
import type { OpenNotebooks } from './openNotebooks';
import { isName } from './requirements';
import type { IEnvironments, IJobRequest, IRunner } from '../tokens';
import { IQuestion, askForPackage, confirmed, tell } from '../views/dialogs';

export interface IRemovingParts {
  readonly environments: IEnvironments;
  readonly runner: IRunner;
  readonly trans: TranslationBundle;
  readonly notebooks: OpenNotebooks;
}

type Asked = (lines: ReadonlyArray<string>, data: unknown) => IQuestion | null;

export class Removing {
  constructor(private readonly _parts: IRemovingParts) {}

  async prune(args: IArguments, path: string): Promise<void> {
    const { trans } = this._parts;
    await this._shown(requestOf(COMMANDS.prune, args, path), (rows, data) =>
      isEmpty(data)
        ? null
        : {
            title: trans.__('Remove stale kernels?'),
            text: trans.__('Kernels of other tools stay as they are.'),
            rows,
            accept: trans.__('Remove')
          }
    );
  }

  async delete(args: IArguments, path: string): Promise<void> {
    const { environments, trans } = this._parts;
    const { report } = environments.situation;
    const users = await this._users(path);
    await this._shown(
      requestOf(COMMANDS.delete, args, path),
      rows => ({
        title: trans.__(
          'Delete the environment of %1?',
          report?.project?.name ?? ''
        ),
        text:
          users.length === 0
            ? trans.__('Manifest and lock stay: it can be made again.')
            : trans._n(
                '%1 notebook runs in it: its kernel is shut down, and what it has in memory is lost. Manifest and lock stay: the environment can be made again.',
                '%1 notebooks run in it: their kernels are shut down, and what they have in memory is lost. Manifest and lock stay: the environment can be made again.',
                users.length
              ),
        rows: [
          ...users.map(user => trans.__('shuts down the kernel of %1', user)),
          ...rows
        ],
        accept:
          users.length === 0
            ? trans.__('Delete')
            : trans.__('Shut Down and Delete')
      }),
      () => this._shutDown(users)
    );
  }

  /** Contents paths of what runs in the project's environment, this notebook first, those of other pages, too. */
  private async _users(path: string): Promise<ReadonlyArray<string>> {
    const { environments, notebooks } = this._parts;
    const { report, subject } = environments.situation;
    const isHome =
      subject?.path === path &&
      subject.kernelId !== null &&
      report?.kernel?.prefix === report?.environment.prefix;
    const rows = await environments.kernels(path);
    const mine = rows.filter(row => row.ours && row.current);
    const ids = new Set(mine.map(row => row.id));
    const users = await notebooks.runningIn(ids);
    return [...(isHome ? [path] : []), ...users.filter(one => one !== path)];
  }

  private async _shutDown(users: ReadonlyArray<string>): Promise<void> {
    for (const user of users) {
      await this._parts.notebooks.shutDown(user);
    }
  }

  async remove(args: IArguments, path: string): Promise<void> {
    const name = args.package ?? (await this._chosen(path));
    const request =
      name !== null && isName(name)
        ? requestOf(COMMANDS.remove, { package: name }, path)
        : null;
    if (name === null || request === null) {
      return;
    }
    const { runner, trans } = this._parts;
    const agreed =
      args.package === undefined ||
      (await confirmed(trans, {
        title: trans.__('Remove %1?', name),
        text: trans.__(
          'It is taken out of manifest, lock and environment. Undo brings it back.'
        ),
        accept: trans.__('Remove'),
        danger: true
      }));
    if (agreed) {
      await runner.run(request);
    }
  }

  /** Let a person choose what is removed: that is the consent, too. */
  private async _chosen(path: string): Promise<string | null> {
    const { environments, trans } = this._parts;
    const rows = await environments.packages(path);
    const names = rows.flatMap(row => (row.declared === null ? [] : row.name));
    if (names.length === 0) {
      const text = trans.__('No package is declared that could be removed.');
      await tell(trans, trans.__('Remove a package'), text);
      return null;
    }
    return askForPackage(trans, names);
  }

  private async _shown(
    request: IJobRequest | null,
    ask: Asked,
    first: () => Promise<void> = () => Promise.resolve()
  ): Promise<void> {
    const { runner, trans } = this._parts;
    if (request === null) {
      return;
    }
    const dry = { ...request, options: { '--dry-run': true } as const };
    const outcome = (await runner.ask(dry))?.outcome;
    if (!outcome) {
      return;
    }
    const question = ask(outcome.lines, outcome.data);
    if (question === null) {
      const text = trans.__('There is nothing to remove.');
      await tell(trans, trans.__('Stale kernels'), text, outcome.lines);
    } else if (await confirmed(trans, { ...question, danger: true })) {
      await first();
      await runner.run(request);
    }
  }
}

/** Whether `kernels prune` would remove nothing. */
function isEmpty(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) {
    return false;
  }
  return ['removed', 'runtimes', 'unused'].every(name => {
    const rows = (data as Readonly<Record<string, unknown>>)[name];
    return !Array.isArray(rows) || rows.length === 0;
  });
}
