/** What is shown: rows, groups, signatures, sentences. */

import {
  chosen,
  concerns,
  differs,
  rowsOf,
  signatureOf,
  verdictOf,
  within
} from '../words/format';
import { finding, job, sampleReport, subject } from './samples';

describe('rows', () => {
  const packages = [
    { name: 'idna', declared: null, locked: '3.7', installed: '3.6' },
    { name: 'numpy', declared: 'numpy', locked: '2.1', installed: '2.1' },
    { name: 'ruamel-yaml', declared: null, locked: '0.18', installed: '0.18' }
  ];
  const loaded = [
    {
      name: 'Ruamel.YAML',
      version: '0.17',
      origin: 'environment',
      binary: false,
      imported: true
    }
  ];
  const rows = rowsOf(sampleReport('sync'), packages, loaded);

  test('have every package once, what differs first', () => {
    expect(rows.map(row => row.name)).toEqual([
      'six',
      'idna',
      'rich',
      'numpy',
      'ruamel-yaml'
    ]);
    expect(rows.filter(differs).map(row => row.name)).toEqual([
      'six',
      'idna',
      'rich'
    ]);
  });

  test('join what the kernel has loaded, however its name is spelled', () => {
    expect(rows.at(-1)?.loaded).toBe('0.17');
  });

  test('take from the package what the finding leaves out', () => {
    const report = sampleReport('sync', {
      findings: [finding({ package: 'numpy', locked: null, installed: null })]
    });
    const [row] = rowsOf(report, packages, []);
    expect(row).toMatchObject({ declared: 'numpy', locked: '2.1' });
  });

  test('that are only noted do not differ', () => {
    const report = sampleReport('in-step', {
      findings: [finding({ kind: 'shadowed' })]
    });
    expect(rowsOf(report, [], []).filter(differs)).toEqual([]);
  });

  test('are chosen by group, or in all groups by name', () => {
    expect(chosen(rows, 'declared', '').map(row => row.name)).toEqual([
      'numpy'
    ]);
    expect(chosen(rows, 'all', '')).toHaveLength(5);
    expect(chosen(rows, 'declared', ' RUAMEL_y ')).toHaveLength(1);
    expect(chosen(rows, 'differing', 'm').map(row => row.name)).toEqual([
      'numpy',
      'ruamel-yaml'
    ]);
  });

  test('of 5,000 packages take no time', () => {
    const many = Array.from({ length: 5000 }, (_, at) => ({
      name: `package-${at}`,
      declared: null,
      locked: '1.0',
      installed: '1.0'
    }));
    const before = performance.now();
    expect(chosen(rowsOf(null, many, []), 'all', 'package-49')).toHaveLength(
      111
    );
    expect(performance.now() - before).toBeLessThan(500);
  });
});

describe('a signature', () => {
  const report = sampleReport('sync');

  test('is the same for the same news, in whatever order', () => {
    const turned = { ...report, findings: [...report.findings].reverse() };
    expect(signatureOf(turned)).toBe(signatureOf(report));
  });

  test('is another one for another version', () => {
    const findings = report.findings.map(each =>
      each.package === 'idna' ? { ...each, installed: '3.5' } : each
    );
    expect(signatureOf({ ...report, findings })).not.toBe(signatureOf(report));
  });

  test('does not depend on notes', () => {
    const findings = [...report.findings, finding({ kind: 'note' })];
    expect(signatureOf({ ...report, findings })).toBe(signatureOf(report));
  });

  test('of a wrong kernel knows which', () => {
    const wrong = sampleReport('switch');
    const kernel = { prefix: '/opt', name: 'other' };
    expect(signatureOf({ ...wrong, kernel })).not.toBe(signatureOf(wrong));
  });
});

test('a kind that is not known is never in step', () => {
  expect(verdictOf('something-new')).toBe('unknown');
});

test.each([
  ['demo', 'demo/a.ipynb', true],
  ['demo', 'demo/sub/a.ipynb', true],
  ['', 'a.ipynb', true],
  ['dem', 'demo/a.ipynb', false],
  ['demo', 'other/a.ipynb', false]
])('a job in %p concerns %p: %p', (folder, path, expected) => {
  expect(concerns(job({ folder }), subject({ path }), null)).toBe(expected);
});

test('outside of the server’s root a job is known by its project', () => {
  const { project } = sampleReport('sync');
  expect(concerns(job({ folder: null }), subject(), project)).toBe(true);
  const other = job({ folder: null, project: 'other' });
  expect(concerns(other, subject(), project)).toBe(false);
  expect(concerns(job(), null, project)).toBe(false);
});

test('a path is shown from the project', () => {
  expect(within('/work/demo/.venv', '/work/demo')).toBe('.venv');
  expect(within('C:\\demo\\.venv', 'C:\\demo')).toBe('.venv');
  expect(within('/work/demo2/.venv', '/work/demo')).toBe('/work/demo2/.venv');
  expect(within('/work/demo', '/work/demo')).toBe('/work/demo');
});
