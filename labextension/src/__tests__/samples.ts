/** Reports and jobs for tests: the wire's samples, changed where a test says so. */

import { readFileSync } from 'fs';
import { join } from 'path';

import type { IJob } from '../answers';
import type { ISubject } from '../tokens';
import { IFinding, IReport, report } from '../wire';

const FOLDER = join(__dirname, '..', '..', '..', 'tests', 'wire');

export function sampleReport(
  verdict: string,
  changes: Partial<IReport> = {}
): IReport {
  const text = readFileSync(join(FOLDER, `report-${verdict}.json`), 'utf8');
  return { ...report(JSON.parse(text)), ...changes };
}

export function finding(changes: Partial<IFinding>): IFinding {
  return {
    kind: 'different',
    package: 'six',
    declared: null,
    locked: '1.16.0',
    installed: '1.15.0',
    loaded: null,
    reason: 'differs',
    ...changes
  };
}

export function subject(changes: Partial<ISubject> = {}): ISubject {
  return {
    path: 'demo/analysis.ipynb',
    isNotebook: true,
    kernelId: 'k1',
    kernelName: 'demo-1a2b3c',
    ...changes
  };
}

export function job(changes: Partial<IJob> = {}): IJob {
  return {
    id: 'j1',
    verb: 'sync',
    arguments: [],
    folder: 'demo',
    project: 'demo',
    state: 'running',
    step: null,
    log: [],
    outcome: null,
    error: null,
    ...changes
  };
}
