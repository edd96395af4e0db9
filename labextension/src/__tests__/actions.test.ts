/** What commands ask of the server, when they make sense, and what follows. */

import { covers, following, requestOf, shortened } from '../commands/actions';
import type { IJob } from '../wire/answers';
import { IWorld, barrier, canMakeUnasked, mending } from '../commands/barriers';
import { argumentsOf } from '../commands/table';
import { COMMANDS } from '../commands/ids';
import type { IReport } from '../wire/reports';

const REPORT: IReport = {
  verdict: 'sync',
  next: { action: 'sync', command: 'mlenv sync', text: 'Run mlenv sync.' },
  project: { root: '/p', name: 'p', manifest: 'pyproject.toml' },
  environment: { prefix: '/p/.venv', python: '3.12.1', engine: 'uv' },
  lock: { path: 'pylock.toml', kind: 'pylock' },
  kernel: null,
  loaded_measured: false,
  findings: [],
  counts: { locked: 1, installed: 1, compared: 1 }
};
const JOB: IJob = {
  id: '1',
  verb: 'create',
  arguments: [],
  folder: 'p',
  project: 'p',
  state: 'done',
  step: null,
  log: [],
  outcome: {
    verb: 'create',
    ok: true,
    dry_run: false,
    lines: [],
    changes: [],
    files: [],
    kernel: 'p-1a2b3c4d',
    data: null
  },
  error: null
};
const SUBJECT = {
  path: 'p/nb.ipynb',
  isNotebook: true,
  isOpening: false,
  kernelId: 'k',
  kernelName: 'python3'
};

function world(report: Partial<IReport> | null, code = ''): IWorld {
  const failure = code ? { code, message: '', where: '', hint: '' } : null;
  const full = report === null ? null : { ...REPORT, ...report };
  return {
    situation: { subject: SUBJECT, report: full, failure },
    running: null
  };
}

test.each([
  [COMMANDS.sync, { verb: 'sync', path: 'nb' }],
  [COMMANDS.freeze, { verb: 'freeze', path: 'nb' }],
  [COMMANDS.lock, { verb: 'lock', path: 'nb' }],
  [COMMANDS.undo, { verb: 'undo', path: 'nb' }],
  [COMMANDS.add, { verb: 'add', path: 'nb', arguments: ['six<2'] }],
  [COMMANDS.remove, { verb: 'remove', path: 'nb', arguments: ['six'] }],
  [COMMANDS.create, { verb: 'create', path: 'nb', arguments: ['six<2'] }],
  [COMMANDS.delete, { verb: 'delete', path: 'nb', options: { '--yes': true } }],
  [
    COMMANDS.repair,
    { verb: 'kernels', path: 'nb', arguments: ['repair', 'k'] }
  ],
  [COMMANDS.prune, { verb: 'kernels', path: 'nb', arguments: ['prune'] }],
  [COMMANDS.restart, null],
  [COMMANDS.switch, null]
])('%s asks the server for a job of its own', (id, request) => {
  const args = { packages: ['six<2'], package: 'six', kernel: 'k' };
  expect(requestOf(id, args, 'nb')).toEqual(request);
});

test.each([
  ['sync', COMMANDS.sync],
  ['lock', COMMANDS.lock],
  ['freeze', COMMANDS.freeze],
  ['create', COMMANDS.create],
  ['switch', COMMANDS.switch],
  ['restart', COMMANDS.restart],
  ['none', null],
  ['rm -rf', null]
])('the action %j is mended by %s', (action, command) => {
  const report = { ...REPORT, next: { ...REPORT.next, action } };
  expect(mending(report)).toBe(command);
});

test('the form is skipped only where there is something to make it from', () => {
  const bare = { path: null, kind: null };
  const empty = { root: '/p', name: 'p', manifest: null };
  expect(canMakeUnasked(REPORT)).toBe(true);
  expect(canMakeUnasked({ ...REPORT, lock: bare })).toBe(true);
  expect(canMakeUnasked({ ...REPORT, lock: bare, project: empty })).toBe(false);
  expect(canMakeUnasked(null)).toBe(false);
});

test.each([
  [COMMANDS.sync, world({}), null],
  [COMMANDS.sync, world(null, 'no-project'), 'no-project'],
  [COMMANDS.create, world(null, 'no-project'), null],
  [COMMANDS.act, world(null, 'no-project'), null],
  [COMMANDS.create, world(null, 'no-server'), 'no-server'],
  [COMMANDS.openPanel, world(null, 'no-server'), null],
  [
    COMMANDS.act,
    world({ next: { action: 'none', command: '', text: '' } }),
    'nothing-to-do'
  ],
  [
    COMMANDS.delete,
    world({ environment: { prefix: null, python: null, engine: null } }),
    'no-environment'
  ],
  [
    COMMANDS.add,
    world({ environment: { prefix: null, python: null, engine: null } }),
    null
  ],
  [COMMANDS.cancel, world({}), 'nothing-runs'],
  [COMMANDS.sync, { ...world({}), running: JOB }, 'busy'],
  [COMMANDS.check, { ...world({}), running: JOB }, null],
  [COMMANDS.cancel, { ...world({}), running: JOB }, null],
  [
    COMMANDS.sync,
    {
      situation: { subject: null, report: null, failure: null },
      running: null
    },
    'no-notebook'
  ],
  [
    COMMANDS.create,
    {
      situation: { subject: null, report: null, failure: null },
      running: null
    },
    null
  ]
])('%s makes sense or says why not', (id, where, why) => {
  expect(barrier(id, where)).toBe(why);
});

test('of another path than the one in front nothing is known', () => {
  expect(barrier(COMMANDS.sync, world(null, 'no-project'), true)).toBeNull();
});

test('what was made is used; what was only shown, or failed, is not', () => {
  expect(following(JOB)).toEqual({ refresh: true, use: 'p-1a2b3c4d' });
  expect(following({ ...JOB, verb: 'sync' })).toEqual({
    refresh: false,
    use: null
  });
  expect(following({ ...JOB, state: 'failed' })).toEqual({
    refresh: false,
    use: null
  });
  expect(following({ ...JOB, verb: 'delete' })).toEqual({
    refresh: true,
    use: null
  });
  const repaired = { ...JOB, verb: 'kernels', arguments: ['repair', 'p'] };
  expect(following(repaired).use).toBe('p-1a2b3c4d');
  expect(following({ ...repaired, arguments: ['prune'] }).use).toBeNull();
});

test('a job covers the notebooks below its folder', () => {
  expect(covers(JOB, 'p/nb.ipynb')).toBe(true);
  expect(covers(JOB, 'pp/nb.ipynb')).toBe(false);
  expect(covers({ ...JOB, folder: '' }, 'x/nb.ipynb')).toBe(true);
  expect(covers({ ...JOB, folder: null }, 'p/nb.ipynb')).toBe(false);
});

test('arguments of a wrong kind are left out', () => {
  expect(
    argumentsOf({
      path: 1,
      package: ['x'],
      packages: ['six', 2],
      confirm: 'yes'
    })
  ).toEqual({ packages: ['six'] });
  expect(
    argumentsOf({ path: 'a', kernel: 'k', job: 'j', confirm: true })
  ).toEqual({ path: 'a', kernel: 'k', job: 'j', confirm: true });
});

test('texts are cut for notifications', () => {
  expect(shortened('a\n b')).toBe('a b');
  expect(shortened('x'.repeat(200))).toHaveLength(140);
});
