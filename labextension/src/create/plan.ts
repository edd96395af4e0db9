/** Pure: what the create form was told, what it offers, what is wrong in it, and the job that it asks for. */

import type { IProject } from '../wire/answers';
import type { IProposal, IPython, IPythons } from '../wire/proposals';
import {
  IRefused,
  isKernelName,
  nameOf,
  parseRequirements,
  refusal
} from '../commands/requirements';
import type { IJobRequest } from '../tokens';

/** What is known before the form is shown. */
export interface IFound {
  readonly project: IProject;
  readonly pythons: IPythons;
  /** File name of the notebook that the form was opened from. */
  readonly notebook: string | null;
  /** Whether that notebook imports or declares anything. */
  readonly asks: boolean;
}

/** What stands in the form. */
export interface IForm {
  /** Empty: what the project's files say. */
  readonly engine: string;
  /** A version or a path; empty: the one that `create` takes by itself. */
  readonly python: string;
  /** As typed. */
  readonly packages: string;
  readonly kernelName: string;
  readonly fromNotebook: boolean;
  /** Get the Python that is wanted where the machine has none. */
  readonly fetch: boolean;
}

export interface IProblems {
  readonly packages: IRefused | null;
  readonly kernelName: boolean;
}

export const ENGINES = [
  'uv',
  'venv',
  'virtualenv',
  'conda',
  'poetry',
  'pdm',
  'pipenv'
] as const;

export function emptyForm(
  found: IFound,
  packages: ReadonlyArray<string>
): IForm {
  return {
    engine: '',
    python: '',
    packages: packages.filter(text => refusal(text) === null).join(' '),
    kernelName: '',
    fromNotebook: found.asks && packages.length === 0 && isBare(found.project),
    fetch: false
  };
}

/** Whether nothing is there that an environment could be made from. */
export function isBare(project: IProject): boolean {
  return project.lock.path === null && !project.project?.manifest;
}

/** The Python that `create` takes where no other is asked for. */
export function ownPython(pythons: IPythons): IPython | null {
  return pythons.pythons.find(python => python.chosen) ?? null;
}

/** The other ones that can be asked for, each version once. */
export function otherPythons(pythons: IPythons): ReadonlyArray<IPython> {
  const seen = new Set([ownPython(pythons)?.version]);
  return pythons.pythons.filter(python => {
    const isNew = !seen.has(python.version) && python.problem === null;
    seen.add(python.version);
    return isNew;
  });
}

/** What asks for a Python: its version, which is written down for the next time; its path where that is not enough. */
export function askFor(python: IPython): string {
  const isPlain = python.implementation === 'cpython' && !python.variant;
  return isPlain ? python.version : python.path;
}

export function problemsOf(form: IForm): IProblems {
  const { refused } = parseRequirements(form.packages, isConda(form));
  const { kernelName } = form;
  return {
    packages: refused[0] ?? null,
    kernelName: kernelName !== '' && !isKernelName(kernelName)
  };
}

export function isRight(problems: IProblems): boolean {
  return problems.packages === null && !problems.kernelName;
}

export function packagesOf(form: IForm): ReadonlyArray<string> {
  return parseRequirements(form.packages, isConda(form)).taken;
}

function isConda(form: IForm): boolean {
  return form.engine === 'conda';
}

/**
 * The job that the form asks for.
 *
 * @param chosen What the notebook asks for and a person agreed to.
 * @param notebook Its file name: versions and Python that it names count.
 */
export function creation(
  form: IForm,
  path: string,
  chosen: ReadonlyArray<string> = [],
  notebook: string | null = null
): IJobRequest {
  const names = new Set(packagesOf(form).map(nameOf));
  const more = chosen.filter(text => !names.has(nameOf(text)));
  return {
    verb: 'create',
    path,
    arguments: [...packagesOf(form), ...more],
    options: {
      ...(notebook !== null && chosen.length > 0
        ? { '--from-notebook': [notebook] }
        : {}),
      ...(form.engine ? { '--engine': form.engine } : {}),
      ...(form.python ? { '--python': form.python } : {}),
      ...(form.kernelName ? { '--name': form.kernelName } : {}),
      ...(form.fetch ? { '--fetch-python': true as const } : {})
    }
  };
}

/** The job that says what a notebook asks for; nothing is installed by it. */
export function proposing(path: string, notebook: string): IJobRequest {
  return {
    verb: 'create',
    path,
    options: { '--from-notebook': [notebook], '--dry-run': true }
  };
}

/** A package that a notebook asks for, as it is shown before anything is installed. */
export interface IOffer {
  readonly requirement: string;
  readonly taken: boolean;
  /** `optional`, `alike` or `unknown`; empty where nothing speaks against it. */
  readonly doubt: '' | 'optional' | 'alike' | 'unknown';
  /** What the notebook says, where that is another name. */
  readonly said: string;
}

/** List what a proposal offers: the known ones taken, everything else only if somebody says so. */
export function offersOf(proposal: IProposal): ReadonlyArray<IOffer> {
  const known = proposal.packages
    .filter(text => refusal(text) === null)
    .map(requirement => offer(requirement, ''));
  const optional = proposal.optional
    .filter(text => refusal(text) === null)
    .map(requirement => offer(requirement, 'optional'));
  const doubts = proposal.unknown.map(({ module, looks_like: alike }) =>
    alike !== '' && refusal(alike) === null
      ? { ...offer(alike, 'alike'), said: module }
      : { ...offer('', 'unknown'), said: module }
  );
  return [...known, ...optional, ...doubts];
}

/** Whether there is anything to agree to, or to know, before the environment is made. */
export function hasQuestion(proposal: IProposal): boolean {
  return offersOf(proposal).length > 0 || proposal.notes.length > 0;
}

function offer(requirement: string, doubt: IOffer['doubt']): IOffer {
  return { requirement, taken: doubt === '', doubt, said: requirement };
}
