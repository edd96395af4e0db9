/** The create form's logic, the advice's deeds, and what is never taken without a click. */

import { deedOf, deedOfReport, missingModule } from '../output/advising';
import {
  IFound,
  IForm,
  creation,
  emptyForm,
  hasQuestion,
  isRight,
  offersOf,
  otherPythons,
  problemsOf,
  proposing
} from '../create/plan';
import { planText } from '../create/words';
import type { IPython } from '../wire/proposals';
import type { IReport } from '../wire/reports';

const trans = {
  __: (text: string, ...args: string[]) =>
    text.replace(/%(\d)/g, (_, place: string) => args[Number(place) - 1] ?? '')
} as unknown as Parameters<typeof planText>[0];

const PYTHON: IPython = {
  version: '3.12.1',
  implementation: 'cpython',
  variant: null,
  source: 'system',
  path: '/usr/bin/python3.12',
  allowed: true,
  chosen: true,
  problem: null
};
const EMPTY: IFound = {
  project: {
    project: null,
    folder: null,
    lock: { path: null, kind: null },
    environment: { prefix: null, python: null, engine: null },
    kernel: null,
    kernels: [],
    engine: 'uv'
  },
  pythons: { pythons: [PYTHON], requires_python: null, why: 'it runs mlenv' },
  notebook: 'nb.ipynb',
  asks: true
};
const FORM: IForm = {
  engine: '',
  python: '',
  packages: '',
  kernelName: '',
  fromNotebook: false,
  fetch: false
};

test('a notebook that imports, in an empty folder, is asked for its packages', () => {
  expect(emptyForm(EMPTY, []).fromNotebook).toBe(true);
  expect(emptyForm({ ...EMPTY, asks: false }, []).fromNotebook).toBe(false);
  expect(emptyForm(EMPTY, ['six', '--pre']).packages).toBe('six');
});

test('what is left to mlenv is not sent; what was chosen is', () => {
  expect(creation(FORM, 'nb.ipynb')).toEqual({
    verb: 'create',
    path: 'nb.ipynb',
    arguments: [],
    options: {}
  });
  const form = { ...FORM, engine: 'venv', python: '3.9.18', packages: 'six<2' };
  const named = { ...form, kernelName: 'iris', fetch: true };
  expect(creation(named, 'd/nb.ipynb', ['six', 'idna'], 'nb.ipynb')).toEqual({
    verb: 'create',
    path: 'd/nb.ipynb',
    // Typed by hand counts more than what the notebook says.
    arguments: ['six<2', 'idna'],
    options: {
      '--from-notebook': ['nb.ipynb'],
      '--engine': 'venv',
      '--python': '3.9.18',
      '--name': 'iris',
      '--fetch-python': true
    }
  });
});

test('a question about a notebook installs nothing', () => {
  expect(proposing('d/nb.ipynb', 'nb.ipynb').options).toEqual({
    '--from-notebook': ['nb.ipynb'],
    '--dry-run': true
  });
});

test('look-alikes, unknown and optional names are shown and not taken', () => {
  const offers = offersOf({
    packages: ['six', '--index-url=x'],
    optional: ['rich'],
    unknown: [
      { module: 'reqeusts', looks_like: 'requests', why: 'looks like' },
      { module: 'nothing_zz', looks_like: '', why: 'unknown' }
    ],
    notes: []
  });
  expect(offers.filter(one => one.taken).map(one => one.requirement)).toEqual([
    'six'
  ]);
  expect(offers.map(one => [one.said, one.doubt])).toEqual([
    ['six', ''],
    ['rich', 'optional'],
    ['reqeusts', 'alike'],
    ['nothing_zz', 'unknown']
  ]);
});

test('a form with something wrong in it is not right', () => {
  expect(isRight(problemsOf({ ...FORM, packages: 'six numpy>=2' }))).toBe(true);
  expect(isRight(problemsOf({ ...FORM, packages: '../six' }))).toBe(false);
  expect(isRight(problemsOf({ ...FORM, kernelName: '..' }))).toBe(false);
  const conda = { ...FORM, packages: 'conda-forge::six' };
  expect(isRight(problemsOf(conda))).toBe(false);
  expect(isRight(problemsOf({ ...conda, engine: 'conda' }))).toBe(true);
});

test('other Pythons: each version once, none that does not work, not the one that is taken', () => {
  const others = otherPythons({
    ...EMPTY.pythons,
    pythons: [
      PYTHON,
      { ...PYTHON, chosen: false, path: '/other' },
      { ...PYTHON, chosen: false, version: '3.9.18' },
      { ...PYTHON, chosen: false, version: '3.8.1', problem: 'gone' }
    ]
  });
  expect(others.map(one => one.version)).toEqual(['3.9.18']);
});

test('what will happen is said in words', () => {
  const lines = planText(trans, { ...FORM, packages: 'six' }, EMPTY);
  expect(lines).toContain('Makes an environment with Python 3.12.1.');
  expect(lines).toContain('Adds six.');
});

test.each([
  ["No module named 'humanize'", 'humanize'],
  [
    "No module named 'google.protobuf'; 'google' is not a package",
    'google.protobuf'
  ],
  ["No module named '<img src=x>'", null],
  ['something else', null]
])('%j names the module %j', (text, module) => {
  expect(missingModule(text)).toBe(module);
});

test('a payload names a package or nothing: never a command or an option', () => {
  const add = { action: 'add', package: 'humanize', text: '' };
  expect(deedOf(add, trans)?.args).toEqual({ packages: ['humanize'] });
  for (const wrong of ['--pre', 'a b', '../x', 'x @ https://e.org/x.whl', '']) {
    expect(deedOf({ ...add, package: wrong }, trans)).toBeNull();
  }
  expect(deedOf({ ...add, action: 'delete' }, trans)).toBeNull();
  const next = { action: 'mlenv:delete', command: 'rm -rf /', text: '' };
  const report = { verdict: 'sync', next } as IReport;
  expect(deedOfReport(report, trans)).toBeNull();
});

test('a notebook that asks for nothing leaves nothing to agree to', () => {
  const nothing = { packages: [], optional: [], unknown: [], notes: [] };
  expect(hasQuestion(nothing)).toBe(false);
  expect(hasQuestion({ ...nothing, packages: ['six'] })).toBe(true);
  expect(hasQuestion({ ...nothing, notes: ['cell 2 has an error'] })).toBe(
    true
  );
});
