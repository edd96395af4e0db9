/** What the server's routes answer beside reports: jobs, projects, kernels, packages. Each with its decoder. */

import {
  Decoder,
  WireError,
  flag,
  list,
  nullable,
  shape,
  text
} from './decode';
import {
  IEnvironmentRef,
  IFailure,
  ILockRef,
  IOutcome,
  IProjectRef,
  IStep,
  environment,
  failure,
  lock,
  outcome,
  project as projectRef,
  step
} from './reports';

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

export interface IJob {
  readonly id: string;
  readonly verb: string;
  readonly arguments: ReadonlyArray<string>;
  /** Contents path of the project's root; `null` outside of the server's root. */
  readonly folder: string | null;
  /** The project's name. */
  readonly project: string;
  readonly state: JobState;
  readonly step: IStep | null;
  readonly log: ReadonlyArray<string>;
  readonly outcome: IOutcome | null;
  readonly error: IFailure | null;
}

export interface IKernelRow {
  readonly id: string;
  readonly display_name: string;
  /** `ok`, `foreign`, `shadowed`, or what is wrong with it: `environment-missing`, ... */
  readonly state: string;
  /** The same for any owner. */
  readonly health: string;
  readonly reason: string;
  /** Whether mlenv made it; nothing else is ever changed or removed. */
  readonly ours: boolean;
  readonly folder: string;
  readonly project: string | null;
  readonly prefix: string | null;
  /** What to do about it, in words; empty where it is well. */
  readonly advice: string;
  /** Whether it belongs to the project that was asked for. */
  readonly current: boolean;
}

export interface IProject {
  readonly project: IProjectRef | null;
  readonly folder: string | null;
  readonly lock: ILockRef;
  readonly environment: IEnvironmentRef;
  /** Id of the kernel that runs in the project's environment and is well. */
  readonly kernel: string | null;
  readonly kernels: ReadonlyArray<IKernelRow>;
  readonly engine: string | null;
}

/** One package of the three-way table; what the kernel has loaded is told by the kernel. */
export interface IPackageRow {
  readonly name: string;
  readonly declared: string | null;
  readonly locked: string | null;
  readonly installed: string | null;
}

/** One distribution in a kernel's memory, as the kernel itself tells it. */
export interface ILoaded {
  readonly name: string;
  readonly version: string | null;
  readonly origin: string;
  readonly binary: boolean;
  readonly imported: boolean;
}

const STATES: ReadonlyArray<JobState> = [
  'running',
  'done',
  'failed',
  'cancelled'
];

const jobState: Decoder<JobState> = (value, at = '') => {
  const found = STATES.find(known => known === value);
  if (found === undefined) {
    throw new WireError(`one of ${STATES.join(', ')}`, at);
  }
  return found;
};

export const job = shape<IJob>({
  id: text,
  verb: text,
  arguments: list(text),
  folder: nullable(text),
  project: text,
  state: jobState,
  step: nullable(step),
  log: list(text),
  outcome: nullable(outcome),
  error: nullable(failure)
});

export const jobs = shape<{ readonly jobs: ReadonlyArray<IJob> }>({
  jobs: list(job)
});

const kernelRow = shape<IKernelRow>({
  id: text,
  display_name: text,
  state: text,
  health: text,
  reason: text,
  ours: flag,
  folder: text,
  project: nullable(text),
  prefix: nullable(text),
  advice: text,
  current: flag
});

export const kernels = shape<{ readonly kernels: ReadonlyArray<IKernelRow> }>({
  kernels: list(kernelRow)
});

export const project = shape<IProject>({
  project: nullable(projectRef),
  folder: nullable(text),
  lock,
  environment,
  kernel: nullable(text),
  kernels: list(kernelRow),
  engine: nullable(text)
});

export const projects = shape<{ readonly projects: ReadonlyArray<IProject> }>({
  projects: list(project)
});

export const packages = shape<{
  readonly packages: ReadonlyArray<IPackageRow>;
}>({
  packages: list(
    shape({
      name: text,
      declared: nullable(text),
      locked: nullable(text),
      installed: nullable(text)
    })
  )
});

/** The message of kind `loaded` that a kernel sends. */
export const loaded = list(
  shape<ILoaded>({
    name: text,
    version: nullable(text),
    origin: text,
    binary: flag,
    imported: flag
  })
);
