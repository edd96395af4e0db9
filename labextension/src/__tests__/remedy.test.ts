/** What is offered where a notebook's kernel is not here or cannot start. */

import type { IKernelRow, IProject } from '../wire/answers';
import { cannotStart } from '../kernels/ours';
import { recreatedAt, remedyOf, repairOf } from '../missing/remedy';

const ROW: IKernelRow = {
  id: 'iris-1',
  display_name: 'Python (iris)',
  state: 'ok',
  health: 'ok',
  reason: '',
  ours: true,
  folder: '/data/kernels/iris-1',
  project: '/work/iris',
  prefix: '/work/iris/.venv',
  advice: '',
  current: true
};

/** A folder with nothing but a notebook. */
const NOTHING: IProject = {
  project: null,
  folder: null,
  lock: { path: null, kind: null },
  environment: { prefix: null, python: null, engine: null },
  kernel: null,
  kernels: [],
  engine: 'uv'
};

/** A project of which only the lock is here; its environment is named and not there. */
const LOCKED: IProject = {
  ...NOTHING,
  project: { root: '/work/iris', name: 'iris', manifest: 'pyproject.toml' },
  folder: 'iris',
  lock: { path: 'pylock.toml', kind: 'pylock' },
  environment: { prefix: '/work/iris/.venv', python: null, engine: null }
};

const THERE = { prefix: '/work/iris/.venv', python: '3.12.1', engine: 'uv' };

test('without a project, nothing', () => {
  expect(remedyOf(NOTHING)).toBeNull();
  expect(repairOf(NOTHING, ROW)).toBeNull();
});

test('the kernel that is well comes first', () => {
  const found = {
    ...LOCKED,
    environment: THERE,
    kernel: ROW.id,
    kernels: [ROW]
  };
  expect(remedyOf(found)).toEqual({
    kind: 'switch',
    kernel: 'iris-1',
    name: 'Python (iris)'
  });
  expect(remedyOf({ ...found, kernels: [] })).toMatchObject({ name: 'iris-1' });
});

test('then the environment that is there, then the lock', () => {
  expect(remedyOf({ ...LOCKED, environment: THERE })).toEqual({
    kind: 'use',
    project: 'iris'
  });
  expect(remedyOf(LOCKED)).toEqual({ kind: 'create', from: 'pylock.toml' });
});

test('a manifest alone makes again what was there, but no kernel that never was', () => {
  const found = { ...LOCKED, lock: NOTHING.lock };
  expect(remedyOf(found)).toBeNull();
  expect(repairOf(found, ROW)).toEqual({
    kind: 'create',
    from: 'pyproject.toml'
  });
  expect(repairOf(found, { ...ROW, current: false })).toBeNull();
});

test.each([
  ['ok', false],
  ['a-state-of-tomorrow', false],
  ['environment-missing', true],
  ['interpreter-missing', true],
  ['interpreter-not-executable', true],
  ['project-missing', true]
])('a kernel of mlenv in state %s: cannot start is %p', (health, expected) => {
  expect(cannotStart({ ...ROW, health })).toBe(expected);
  expect(cannotStart({ ...ROW, health, ours: false })).toBe(false);
});

test('a project that is gone leaves its environment elsewhere alone', () => {
  const row = { ...ROW, health: 'project-missing' };
  expect(cannotStart({ ...row, prefix: '/opt/conda/envs/iris' })).toBe(false);
  expect(cannotStart({ ...row, prefix: '/work/iris-old/.venv' })).toBe(false);
  expect(cannotStart({ ...row, prefix: null })).toBe(false);
});

describe('a repair', () => {
  const mine = { ...LOCKED, folder: 'iris' };

  test("of the project's own kernel makes the environment from the lock, where the notebook is", () => {
    expect(recreatedAt(ROW, 'iris/a.ipynb', mine, [])).toBe('iris/a.ipynb');
  });

  test('of another project’s kernel does it there', () => {
    const row = { ...ROW, current: false };
    expect(recreatedAt(row, 'b.ipynb', NOTHING, [NOTHING, mine])).toBe('iris');
    const beyond = { ...mine, folder: null };
    expect(recreatedAt(row, 'b.ipynb', NOTHING, [beyond])).toBeNull();
    const moved = { ...ROW, current: false, project: '/work/moved' };
    expect(recreatedAt(moved, 'b.ipynb', NOTHING, [mine])).toBeNull();
  });

  test('makes nothing where an environment is there, or nothing says what was in it', () => {
    const there = { ...mine, environment: THERE };
    expect(recreatedAt(ROW, 'iris/a.ipynb', there, [])).toBeNull();
    expect(recreatedAt(ROW, 'iris/a.ipynb', NOTHING, [])).toBeNull();
  });
});
