/** Reports, jobs, kernels and projects for tests: the wire's samples, changed where a test says so. */

import { readFileSync } from 'fs';
import { join } from 'path';

import type { KernelSpec } from '@jupyterlab/services';

import type { IJob, IKernelRow, IProject } from '../wire/answers';
import type { ISubject } from '../tokens';
import { IFinding, IReport, report } from '../wire/reports';

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
    isOpening: false,
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

/** A kernelspec; mlenv's where it has its block. */
export function spec(name: string, isOurs = true): KernelSpec.ISpecModel {
  const known = { name, display_name: `Python (${name})` };
  const metadata = isOurs ? { mlenv: { schema: 1 } } : {};
  return { ...known, metadata } as unknown as KernelSpec.ISpecModel;
}

export function row(changes: Partial<IKernelRow> = {}): IKernelRow {
  return {
    id: 'iris-1',
    display_name: 'Python (iris)',
    state: 'ok',
    health: 'ok',
    reason: '',
    ours: true,
    folder: '/data/kernels/iris-1',
    project: '/home/iris',
    prefix: '/home/iris/.venv',
    advice: '',
    current: true,
    ...changes
  };
}

/** A project of which only the lock is here. */
export function project(changes: Partial<IProject> = {}): IProject {
  return {
    project: { root: '/home/iris', name: 'iris', manifest: 'pyproject.toml' },
    folder: 'iris',
    lock: { path: 'pylock.toml', kind: 'pylock' },
    environment: { prefix: null, python: null, engine: null },
    kernel: null,
    kernels: [],
    engine: 'uv',
    ...changes
  };
}
