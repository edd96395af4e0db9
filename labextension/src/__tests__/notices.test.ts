/** Notifications: once for each change, gone when all is well. */

import { nullTranslator } from '@jupyterlab/translation';

import { IMemory, INotice, IToaster, Notices } from '../notices/notices';
import type { ISubject } from '../tokens';
import { IReport, VERDICTS } from '../wire/reports';
import { finding, sampleReport, subject } from './samples';

const trans = nullTranslator.load('mlenv');

class Toaster implements IToaster {
  readonly shown: INotice[] = [];
  readonly open = new Set<string>();

  show(notice: INotice): string {
    this.shown.push(notice);
    const id = String(this.shown.length);
    this.open.add(id);
    return id;
  }

  dismiss(id: string): void {
    this.open.delete(id);
  }
}

class Memory extends Map<string, string> {
  asMemory(): IMemory {
    return {
      get: key => this.get(key) ?? null,
      set: (key, text) => {
        if (text === null) {
          this.delete(key);
        } else {
          this.set(key, text);
        }
      }
    };
  }
}

function made(memory = new Memory()): {
  toaster: Toaster;
  notices: Notices;
  look: (
    report: IReport,
    changes?: Partial<ISubject>,
    isWorking?: boolean
  ) => void;
} {
  const toaster = new Toaster();
  const notices = new Notices(toaster, memory.asMemory(), trans);
  return {
    toaster,
    notices,
    look: (report, changes = {}, isWorking = false) =>
      notices.look(
        { subject: subject(changes), report, failure: null },
        isWorking
      )
  };
}

const IN_STEP = sampleReport('in-step');
const SYNC = sampleReport('sync');
const SWITCH = sampleReport('switch');
const RESTART = sampleReport('restart');

test('the same drift is told once, another one again', () => {
  const { toaster, look } = made();
  look(SYNC);
  look({ ...SYNC, counts: { locked: 9, installed: 9, compared: 9 } });
  expect(toaster.shown).toHaveLength(1);
  look({ ...SYNC, findings: SYNC.findings.slice(1) });
  expect(toaster.shown).toHaveLength(2);
  expect(toaster.open.size).toBe(1);
});

test('its button is the verdict’s action, for the notebook it was about', () => {
  const { toaster, look } = made();
  look(SYNC);
  expect(toaster.shown[0]).toMatchObject({
    text: 'demo is out of step: 3 packages differ from pylock.toml (six, idna, rich).',
    button: 'Sync environment',
    command: 'mlenv:act',
    path: 'demo/analysis.ipynb'
  });
});

test('in step again, it is taken back, and the next drift is told', () => {
  const { toaster, look } = made();
  look(SYNC);
  look(IN_STEP);
  expect(toaster.open.size).toBe(0);
  look(SYNC);
  expect(toaster.shown).toHaveLength(2);
});

test('while a job runs nothing is told, and what was told is taken back', () => {
  const { toaster, look } = made();
  look(SYNC);
  look(RESTART, {}, true);
  expect(toaster.shown).toHaveLength(1);
  expect(toaster.open.size).toBe(0);
});

test('a page that is loaded anew does not tell again', () => {
  const memory = new Memory();
  made(memory).look(SYNC);
  const { toaster, look } = made(memory);
  // The kernel is not connected yet, and has not told what it has loaded.
  look({ ...IN_STEP, loaded_measured: false }, { kernelId: null });
  look(SYNC);
  expect(toaster.shown).toEqual([]);
});

test('nor that a restart is needed, before the kernel has told', () => {
  const memory = new Memory();
  made(memory).look(RESTART);
  const { toaster, look } = made(memory);
  look({ ...IN_STEP, loaded_measured: false });
  look(RESTART);
  expect(toaster.shown).toEqual([]);
});

test('a notebook without a kernel is told nothing', () => {
  const { toaster, look } = made();
  look(sampleReport('broken'), { kernelId: null });
  expect(toaster.shown).toEqual([]);
  look(sampleReport('broken'));
  expect(toaster.shown).toHaveLength(1);
});

test('a wrong kernel is told for each notebook', () => {
  const { toaster, look } = made();
  look(SWITCH);
  look(SWITCH, { path: 'demo/other.ipynb' });
  look(SWITCH);
  expect(toaster.shown).toHaveLength(2);
});

test.each([
  ['none', []],
  ['important', ['switch', 'restart']],
  ['all', ['sync', 'switch', 'restart']]
] as const)('level %s tells %p', (level, expected) => {
  const told = [SYNC, SWITCH, RESTART].filter(report => {
    const { toaster, notices, look } = made();
    notices.level = level;
    look(report);
    return toaster.shown.length > 0;
  });
  expect(told.map(report => report.verdict)).toEqual(expected);
});

test('whoever has no lock and no kernel of mlenv is left in peace', () => {
  const { toaster, look } = made();
  const bare = sampleReport('no-env', { lock: { path: null, kind: null } });
  look(bare);
  expect(toaster.shown).toEqual([]);
  look({ ...bare, kernel: { prefix: '/work/demo/.venv', name: 'demo' } });
  expect(toaster.shown).toHaveLength(1);
});

test.each(['in-step', 'unknown', 'unlocked'])('%s is not told', verdict => {
  const { toaster, look } = made();
  look(sampleReport(verdict));
  expect(toaster.shown).toEqual([]);
});

test.each(VERDICTS)('%s is never longer than JupyterLab shows', verdict => {
  const { toaster, look } = made();
  const name = 'x'.repeat(300);
  look(
    sampleReport(verdict, {
      project: { root: '/w', name, manifest: name },
      lock: { path: `${name}.toml`, kind: 'pylock' },
      findings: [1, 2, 3, 4, 5].map(at =>
        finding({
          kind: verdict === 'sync' ? 'missing' : verdict,
          package: `${name}${at}`,
          reason: name
        })
      )
    })
  );
  for (const notice of toaster.shown) {
    expect(notice.text.length).toBeLessThanOrEqual(140);
  }
});

test('a lock that was changed on disk is no drift that a cell made', () => {
  const { toaster, look } = made();
  const withLock = (report: IReport, digest: string | null): IReport => ({
    ...report,
    lock: { ...report.lock, digest }
  });
  look(withLock(IN_STEP, 'a'));
  look(withLock(SYNC, 'b'));
  expect(toaster.shown[0]?.text).toBe(
    'demo: pylock.toml has changed on disk: 3 packages differ (six, idna, rich).'
  );
  look(withLock(IN_STEP, 'b'));
  look(withLock(SYNC, 'b'));
  look(withLock(IN_STEP, null));
  look(withLock(SYNC, 'c'));
  for (const notice of toaster.shown.slice(1)) {
    expect(notice.text).toMatch(/^demo is out of step/);
  }
  expect(toaster.shown).toHaveLength(3);
});
