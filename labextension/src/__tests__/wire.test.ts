/** The samples of `tests/wire`, which Python writes exactly so, are what the decoders read. */

import { readFileSync, readdirSync } from 'fs';
import { join } from 'path';

import { Decoder, WireError } from '../wire/decode';
import { asked, loadedRows } from '../wire/messages';
import { advice } from '../wire/proposals';
import { failed, outcome, report, reportOrFailed, step } from '../wire/reports';

const FOLDER = join(__dirname, '..', '..', '..', 'tests', 'wire');
const ALL = readdirSync(FOLDER).filter(name => name.endsWith('.json'));

/** By the first word of a sample's name. */
const DECODERS: Readonly<Record<string, Decoder<unknown>>> = {
  advice,
  error: failed,
  event: step,
  outcome,
  report
};

/** Messages of kernels, by what they hold. */
const COMMS: Readonly<Record<string, (value: unknown) => unknown>> = {
  'comm-loaded.json': value => ({ rows: loadedRows(value) }),
  'comm-refresh.json': asked,
  'comm-switch.json': asked
};

const kindOf = (name: string): string => name.split(/[-.]/)[0] ?? '';
const SAMPLES = ALL.flatMap(name => {
  const decode = DECODERS[kindOf(name)];
  return decode === undefined ? [] : [{ name, decode }];
});

function sample(name: string): Record<string, unknown> {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

test('every sample is read, or known not to be', () => {
  const known = [...Object.keys(DECODERS), 'comm'];
  expect(ALL.filter(name => !known.includes(kindOf(name)))).toEqual([]);
  expect(SAMPLES.length).toBeGreaterThan(10);
});

describe.each(SAMPLES)('$name', ({ name, decode }) => {
  test('is decoded, and no value is another one', () => {
    expect(sample(name)).toMatchObject(decode(sample(name)) as object);
  });

  test('may hold keys that are not known here yet', () => {
    expect(decode({ ...sample(name), later: 1 })).toEqual(decode(sample(name)));
  });

  test('is refused, with the place, where a value is of another kind', () => {
    const known = Object.keys(decode(sample(name)) as object);
    for (const key of known.filter(key => key !== 'data')) {
      const bent = { ...sample(name), [key]: Symbol('no JSON') };
      expect(() => decode(bent)).toThrow(WireError);
      expect(() => decode(bent)).toThrow(key);
    }
  });
});

test.each([null, undefined, 'report', [], 1])('%p is no report', value => {
  expect(() => report(value)).toThrow(WireError);
});

test('every message of a kernel is read, and no value is another one', () => {
  const found = ALL.filter(name => kindOf(name) === 'comm');
  expect(found).toEqual(Object.keys(COMMS));
  for (const name of found) {
    expect(sample(name)).toMatchObject(COMMS[name]?.(sample(name)) as object);
  }
});

test('what tells one lock from another is the server’s own', () => {
  const told = sample('report-sync.json') as { lock: object };
  expect(reportOrFailed(told)).toEqual(report(told));
  const answer = { ...told, lock: { ...told.lock, digest: 'ab' } };
  expect(reportOrFailed(answer)).toMatchObject({ lock: { digest: 'ab' } });
  expect(() =>
    reportOrFailed({ ...told, lock: { ...told.lock, digest: 1 } })
  ).toThrow('text');
});
