/** What the commands look like now: label, caption with the reason against, arguments. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { covers } from './actions';
import type { IJob } from '../wire/answers';
import { IWorld, barrier, mending } from './barriers';
import { COMMANDS, Command, IArguments } from './ids';
import { said } from './labels';
import type { IEnvironments } from '../tokens';
import { barrierText } from './words';

export class Table {
  constructor(
    private readonly _environments: IEnvironments,
    private readonly _trans: TranslationBundle
  ) {
    _environments.changed.connect(this._compare, this);
    _environments.jobChanged.connect(this._compare, this);
  }

  /** Something that commands show or depend on is another one. */
  get changed(): ISignal<Table, void> {
    return this._changed;
  }

  get world(): IWorld {
    const { situation } = this._environments;
    return { situation, running: this._running() };
  }

  label(id: Command): string {
    const labels = said(this._trans);
    const mends =
      id === COMMANDS.act ? mending(this.world.situation.report) : null;
    return labels[mends ?? id].label;
  }

  /** The name on the launcher's card. */
  get cardLabel(): string {
    return this._trans.__('New project environment');
  }

  caption(id: Command, args: IArguments): string {
    const { world } = this;
    const why = barrier(id, world, this._elsewhere(args), isNamed(args));
    if (why !== null) {
      return barrierText(this._trans, why, world);
    }
    const next = world.situation.report?.next.text;
    return id === COMMANDS.act && next ? next : said(this._trans)[id].caption;
  }

  /** What there is nothing to do for is not shown twice: the verdict's own command only where it mends something. */
  isVisible(id: Command): boolean {
    const { report } = this.world.situation;
    return id !== COMMANDS.act || mending(report) !== null;
  }

  isEnabled(id: Command, args: IArguments): boolean {
    return (
      barrier(id, this.world, this._elsewhere(args), isNamed(args)) === null
    );
  }

  private _elsewhere(args: IArguments): boolean {
    const path = this._environments.situation.subject?.path;
    return args.path !== undefined && args.path !== path;
  }

  private _running(): IJob | null {
    const path = this._environments.situation.subject?.path ?? '';
    const running = this._environments.jobs.filter(
      job => job.state === 'running'
    );
    return running.find(job => covers(job, path)) ?? null;
  }

  private _compare(): void {
    const { situation, running } = this.world;
    const { subject, failure, report } = situation;
    const now = JSON.stringify([
      subject,
      failure?.code,
      running?.id,
      report?.next,
      report?.environment.prefix,
      report?.project?.root
    ]);
    if (now !== this._shown) {
      this._shown = now;
      this._changed.emit();
    }
  }

  private _shown = '';
  private readonly _changed = new Signal<Table, void>(this);
}

function isNamed({ kernel }: IArguments): boolean {
  return kernel !== undefined;
}

/** Read the arguments of a command: what is not of its kind is left out. */
export function argumentsOf(args: ReadonlyPartialJSONObject): IArguments {
  const { packages, confirm } = args;
  const words = Array.isArray(packages)
    ? packages.filter((one): one is string => typeof one === 'string')
    : [];
  const texts: { [name: string]: string } = {};
  for (const name of ['path', 'package', 'kernel', 'job'] as const) {
    const text = args[name];
    if (typeof text === 'string') {
      texts[name] = text;
    }
  }
  return {
    ...texts,
    ...(words.length > 0 ? { packages: words } : {}),
    ...(confirm === true ? { confirm } : {})
  };
}

const TEXT = { type: 'string' } as const;
const PROPERTIES = {
  path: {
    ...TEXT,
    description:
      'Contents path of a notebook or folder; default: the notebook in front'
  },
  confirm: { type: 'boolean', description: 'Ask in a dialog first' }
} as const;
const OWN: Readonly<Record<string, ReadonlyJSONObject>> = {
  [COMMANDS.add]: {
    packages: {
      type: 'array',
      items: TEXT,
      description: 'Requirements; default: a dialog asks'
    }
  },
  [COMMANDS.remove]: {
    package: { ...TEXT, description: 'Name; default: a dialog asks' }
  },
  [COMMANDS.switch]: {
    kernel: { ...TEXT, description: "Kernelspec; default: the project's" }
  },
  [COMMANDS.repair]: {
    kernel: { ...TEXT, description: "Kernelspec; default: the notebook's" }
  },
  [COMMANDS.cancel]: {
    job: { ...TEXT, description: 'Id; default: the job of this project' }
  }
};

/** The arguments of a command, as JSON Schema. */
export function describe(id: Command): { args: ReadonlyJSONObject } {
  const properties = { ...PROPERTIES, ...OWN[id] };
  return { args: { type: 'object', properties } };
}
