/**
 * The wire: what mlenv's server answers, and a decoder for each shape. Samples: `tests/wire/*.json`.
 * Names are those of the wire, so that one word is used on both sides.
 */

import {
  Decoder,
  anything,
  flag,
  list,
  nullable,
  number,
  shape,
  text
} from './decode';

/** The verdicts, worst first. */
export const VERDICTS = [
  'broken',
  'no-env',
  'switch',
  'relock',
  'sync',
  'unknown',
  'restart',
  'unlocked',
  'in-step'
] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface IFinding {
  readonly kind: string;
  readonly package: string | null;
  readonly declared: string | null;
  readonly locked: string | null;
  readonly installed: string | null;
  readonly loaded: string | null;
  readonly reason: string;
}

export interface IReport {
  readonly verdict: Verdict;
  readonly next: {
    readonly action: string;
    readonly command: string;
    readonly text: string;
  };
  readonly project: IProjectRef | null;
  readonly environment: IEnvironmentRef;
  readonly lock: ILockState;
  readonly kernel: { readonly prefix: string; readonly name: string } | null;
  readonly loaded_measured: boolean;
  readonly findings: ReadonlyArray<IFinding>;
  readonly counts: {
    readonly locked: number;
    readonly installed: number;
    readonly compared: number;
  };
}

export interface IProjectRef {
  readonly root: string;
  readonly name: string;
  readonly manifest: string | null;
}

export interface IEnvironmentRef {
  readonly prefix: string | null;
  readonly python: string | null;
  readonly engine: string | null;
}

export interface ILockRef {
  readonly path: string | null;
  readonly kind: string | null;
}

export interface ILockState extends ILockRef {
  /** Another one: the file has changed. Only the server says it, and none that is older than it. */
  readonly digest?: string | null;
}

export interface IFailure {
  readonly code: string;
  readonly message: string;
  readonly where: string;
  readonly hint: string;
}

export interface IStep {
  readonly step: string;
  readonly text: string;
  readonly done: number | null;
  readonly total: number | null;
}

export interface IChange {
  readonly package: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface IOutcome {
  readonly verb: string;
  readonly ok: boolean;
  readonly dry_run: boolean;
  readonly lines: ReadonlyArray<string>;
  readonly changes: ReadonlyArray<IChange>;
  readonly files: ReadonlyArray<string>;
  readonly kernel: string | null;
  readonly data: unknown;
}

const verdict: Decoder<Verdict> = (value, at) => {
  const word = text(value, at);
  return VERDICTS.find(known => known === word) ?? 'unknown';
};

const project = shape<IProjectRef>({
  root: text,
  name: text,
  manifest: nullable(text)
});
const environment = shape<IEnvironmentRef>({
  prefix: nullable(text),
  python: nullable(text),
  engine: nullable(text)
});
const lock = shape<ILockRef>({ path: nullable(text), kind: nullable(text) });
const finding = shape<IFinding>({
  kind: text,
  package: nullable(text),
  declared: nullable(text),
  locked: nullable(text),
  installed: nullable(text),
  loaded: nullable(text),
  reason: text
});

export const report = shape<IReport>({
  verdict,
  next: shape({ action: text, command: text, text: text }),
  project: nullable(project),
  environment,
  lock,
  kernel: nullable(shape({ prefix: text, name: text })),
  loaded_measured: flag,
  findings: list(finding),
  counts: shape({ locked: number, installed: number, compared: number })
});

export const failure = shape<IFailure>({
  code: text,
  message: text,
  where: text,
  hint: text
});

/** The answer of every request that failed. */
export const failed = shape<{ readonly error: IFailure }>({ error: failure });

/** The answer to the page's check: a report, or that there is no project, which is no fault. */
const digested = shape({ lock: shape({ digest: nullable(text) }) });

/** What only the server's answer has. */
function withDigest(told: IReport, value: unknown): IReport {
  const { digest } = digested(value).lock;
  return digest === null ? told : { ...told, lock: { ...told.lock, digest } };
}

export const reportOrFailed: Decoder<IReport | { readonly error: IFailure }> = (
  value,
  at
) =>
  typeof value === 'object' && value !== null && 'error' in value
    ? failed(value, at)
    : withDigest(report(value, at), value);

export const step = shape<IStep>({
  step: text,
  text,
  done: nullable(number),
  total: nullable(number)
});

export const outcome = shape<IOutcome>({
  verb: text,
  ok: flag,
  dry_run: flag,
  lines: list(text),
  changes: list(
    shape({ package: text, before: nullable(text), after: nullable(text) })
  ),
  files: list(text),
  kernel: nullable(text),
  data: anything
});

export { environment, lock, project };
