/** Pure: what is shown of a situation. No JupyterLab here, and no state. */

import { covers } from '../commands/actions';
import type { IJob, ILoaded, IPackageRow } from '../wire/answers';
import type { ISituation, ISubject } from '../tokens';
import {
  IFailure,
  IFinding,
  IProjectRef,
  IReport,
  VERDICTS,
  Verdict
} from '../wire/reports';

/** Text or, for an error of ours, what it says. */
export function failureOf(error: unknown): IFailure {
  if (typeof error === 'object' && error !== null && 'failure' in error) {
    return (error as { failure: IFailure }).failure;
  }
  return { code: 'internal', message: String(error), where: '', hint: '' };
}

const UNANSWERED: ReadonlySet<string> = new Set([
  'no-connection',
  'no-server',
  'not-understood',
  'refused'
]);

/** Whether mlenv's server looked, whatever it found; else nothing is gained by asking as often again. */
export function isAnswer(failure: IFailure | null): boolean {
  return failure === null || !UNANSWERED.has(failure.code);
}

/** Whether two situations differ in anything that is shown. */
export function isNews(before: ISituation, after: ISituation): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

/** How grave a verdict is; shown by an icon of that name and by the word itself, never by a colour alone. */
export type Tone = 'good' | 'act' | 'bad' | 'quiet';

export function toneOf(verdict: Verdict): Tone {
  switch (verdict) {
    case 'in-step':
      return 'good';
    case 'broken':
    case 'no-env':
      return 'bad';
    case 'unknown':
    case 'unlocked':
      return 'quiet';
    default:
      return 'act';
  }
}

/** Kind of finding -> the verdict that it asks for; as `mlenv.drift.kinds` has it. */
const VERDICT_OF: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ...VERDICTS.map((verdict): [string, Verdict] => [verdict, verdict]),
  ['damaged', 'broken'],
  ['python', 'sync'],
  ['missing', 'sync'],
  ['different', 'sync'],
  ['source', 'sync'],
  ['duplicate', 'sync'],
  ['extra', 'sync'],
  ['undecidable', 'unknown'],
  ['undeclared', 'unlocked'],
  ['conflict', 'in-step'],
  ['shadowed', 'in-step'],
  ['outside', 'in-step'],
  ['runtime-only', 'in-step'],
  ['leftover', 'in-step'],
  ['shell-pip', 'in-step'],
  ['note', 'in-step']
]);

/** A kind that this front end does not know is `unknown`, never in step. */
export function verdictOf(kind: string): Verdict {
  return VERDICT_OF.get(kind) ?? 'unknown';
}

/** The findings that made the verdict. */
export function worstOf(report: IReport): ReadonlyArray<IFinding> {
  return report.findings.filter(
    each => verdictOf(each.kind) === report.verdict
  );
}

/** One package, and what is known of it in each place. */
export interface IRow {
  readonly name: string;
  readonly loaded: string | null;
  readonly installed: string | null;
  readonly locked: string | null;
  readonly declared: string | null;
  /** The kind of its finding, and the reason; `null` where it is in step. */
  readonly kind: string | null;
  readonly reason: string;
}

/** What PEP 503 compares names by. */
export function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Every package of the project joined with what the kernel has loaded and with what the check found; what differs first. */
export function rowsOf(
  report: IReport | null,
  packages: ReadonlyArray<IPackageRow>,
  loaded: ReadonlyArray<ILoaded>
): ReadonlyArray<IRow> {
  const inMemory = new Map(
    loaded.map(each => [normalized(each.name), each.version])
  );
  const known = new Map(packages.map(each => [normalized(each.name), each]));
  const differing = (report?.findings ?? []).flatMap(each =>
    each.package === null
      ? []
      : [rowOf(each, each.package, known.get(normalized(each.package)))]
  );
  const told = new Set(differing.map(row => normalized(row.name)));
  const others = packages.filter(each => !told.has(normalized(each.name)));
  return [
    ...differing.map(row => ({
      ...row,
      loaded: row.loaded ?? inMemory.get(normalized(row.name)) ?? null
    })),
    ...others.map(each => ({
      ...each,
      loaded: inMemory.get(normalized(each.name)) ?? null,
      kind: null,
      reason: ''
    }))
  ];
}

function rowOf(
  finding: IFinding,
  name: string,
  known: IPackageRow | undefined
): IRow {
  return {
    name,
    loaded: finding.loaded,
    installed: finding.installed ?? known?.installed ?? null,
    locked: finding.locked ?? known?.locked ?? null,
    declared: finding.declared ?? known?.declared ?? null,
    kind: finding.kind,
    reason: finding.reason
  };
}

export type Shown = 'differing' | 'declared' | 'all';

export function differs(row: IRow): boolean {
  return row.kind !== null && verdictOf(row.kind) !== 'in-step';
}

/** The rows to show: those of one group, or, where something is searched, all that have it in their name. */
export function chosen(
  rows: ReadonlyArray<IRow>,
  shown: Shown,
  query: string
): ReadonlyArray<IRow> {
  const wanted = normalized(query.trim());
  if (wanted !== '') {
    const found = rows.filter(row => normalized(row.name).includes(wanted));
    const begins = (row: IRow): number =>
      normalized(row.name).startsWith(wanted) ? 0 : 1;
    return [...found].sort((a, b) => begins(a) - begins(b));
  }
  switch (shown) {
    case 'differing':
      return rows.filter(differs);
    case 'declared':
      return rows.filter(row => row.declared !== null);
    default:
      return rows;
  }
}

/** What makes two reports the same news: the verdict and what it stands on. */
export function signatureOf(report: IReport): string {
  const found = worstOf(report).map(each => [
    each.kind,
    each.package,
    each.locked,
    each.installed,
    each.loaded
  ]);
  return JSON.stringify([
    report.verdict,
    report.verdict === 'switch' ? report.kernel?.prefix : null,
    found.map(each => JSON.stringify(each)).sort()
  ]);
}

/** Whether a job changes the project that the notebook belongs to. */
export function concerns(
  job: IJob,
  subject: ISubject | null,
  project: IProjectRef | null
): boolean {
  if (subject === null) {
    return false;
  }
  // Outside of the server's root a project is known by its name only.
  return job.folder === null
    ? project !== null && job.project === project.name
    : covers(job, subject.path);
}

/** A path as it is read: relative to the project where it is in it. */
export function within(path: string, root: string | undefined): string {
  if (root === undefined || root === '') {
    return path;
  }
  const rest = path.startsWith(root) ? path.slice(root.length) : '';
  return /^[/\\]./.test(rest) ? rest.slice(1) : path;
}
