/** What is said of reports, jobs and failures. */

import { nullTranslator } from '@jupyterlab/translation';
import { toneOf } from '../words/format';
import { explain, jobText, runningText } from '../words/jobs';
import { VERDICTS } from '../wire/reports';
import {
  actionText,
  isIdle,
  reasonText,
  sentence,
  verdictText
} from '../words/reports';
import { job, sampleReport, subject } from './samples';

const trans = nullTranslator.load('mlenv');

describe('words', () => {
  test.each(VERDICTS)('of %s are one short line each', verdict => {
    expect(verdictText(verdict, trans)).toMatch(/^[A-Z].{4,15}$/);
    const report = sampleReport(verdict);
    expect(reasonText(report, trans)).toMatch(/[.:)]$/);
    expect(toneOf(verdict) === 'good').toBe(verdict === 'in-step');
  });

  test('say how many packages differ', () => {
    const report = sampleReport('sync');
    expect(reasonText(report, trans)).toBe(
      '3 packages differ from pylock.toml.'
    );
    const findings = report.findings.slice(0, 1);
    expect(reasonText({ ...report, findings }, trans)).toBe(
      '1 package differs from pylock.toml.'
    );
  });

  test('never say that what was not measured is loaded as locked', () => {
    const report = sampleReport('in-step', { loaded_measured: false });
    expect(reasonText(report, trans)).toContain('not measured');
  });

  test('of the button are the verdict’s action', () => {
    expect(actionText(sampleReport('sync'), trans)).toBe('Sync environment');
    expect(actionText(sampleReport('broken'), trans)).toBe(
      'Rebuild environment'
    );
    expect(actionText(sampleReport('no-env'), trans)).toBe(
      'Create environment'
    );
    expect(actionText(sampleReport('in-step'), trans)).toBeNull();
  });

  test('begin large and end with a stop, but for names of packages', () => {
    expect(sentence('this project has no environment yet')).toBe(
      'This project has no environment yet.'
    );
    expect(sentence('six is locked')).toBe('six is locked.');
    expect(sentence('Done!')).toBe('Done!');
  });

  test('of a job say what and how it ended', () => {
    expect(jobText(job(), trans)).toBe('Syncing…');
    const added = job({ verb: 'add', arguments: ['six'], state: 'failed' });
    expect(jobText(added, trans)).toBe('Failed: add six');
    expect(runningText('something-new', trans)).toBe('Working…');
  });

  test.each(['no-project', 'no-server', 'no-connection', 'refused'])(
    'of %s teach',
    code => {
      const failure = { code, message: 'raw', where: '', hint: '' };
      const { title, text } = explain(failure, trans);
      expect(title).not.toBe('');
      expect(text).not.toContain('raw');
    }
  );

  test('of any other failure are the server’s', () => {
    const failure = {
      code: 'lock-unreadable',
      message: 'pylock.toml cannot be read',
      where: 'pylock.toml: line 3',
      hint: 'mlenv lock'
    };
    expect(explain(failure, trans).text).toBe(
      'pylock.toml cannot be read\nmlenv lock'
    );
  });

  test('of a notebook that nothing runs say so, whatever its environment is', () => {
    const report = sampleReport('in-step');
    const idle = subject({ kernelId: null, kernelName: null });
    expect(isIdle(report, idle)).toBe(true);
    expect(reasonText(report, trans, true)).toBe(
      'No kernel runs; the environment is in step.'
    );
    expect(isIdle(report, subject())).toBe(false);
    expect(isIdle(report, { ...idle, isOpening: true })).toBe(false);
    expect(isIdle(sampleReport('sync'), idle)).toBe(false);
    expect(isIdle(report, null)).toBe(false);
  });
});
