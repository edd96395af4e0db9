/** The state of the front end, against a server that answers late, in the wrong order, or not at all. */

import { Environments } from '../model/model';
import type { ISituation } from '../tokens';
import { FakeServer, settle } from './fakeServer';
import { sampleReport, subject } from './samples';

const IN_STEP = sampleReport('in-step');
const SYNC = sampleReport('sync');

function made(): {
  server: FakeServer;
  environments: Environments;
  told: ISituation[];
} {
  const server = new FakeServer();
  const environments = new Environments(server);
  const told: ISituation[] = [];
  environments.changed.connect((_, situation) => void told.push(situation));
  return { server, environments, told };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('the situation', () => {
  test('without a notebook asks nothing', async () => {
    const { server, environments } = made();
    await environments.setSubject(null);
    await environments.check();
    expect(server.asked).toEqual([]);
  });

  test('is unknown at first, then what the server says', async () => {
    const { server, environments, told } = made();
    void environments.setSubject(subject());
    expect(environments.situation).toMatchObject({
      report: null,
      failure: null
    });
    server.last('check').answer(SYNC);
    await settle();
    expect(environments.situation.report).toEqual(SYNC);
    expect(told).toHaveLength(2);
  });

  test('is told again only where it is another one', async () => {
    const { server, environments, told } = made();
    void environments.setSubject(subject());
    server.last('check').answer(SYNC);
    await settle();
    void environments.check();
    server.last('check').answer(SYNC);
    await settle();
    expect(told).toHaveLength(2);
    void environments.check();
    server.last('check').answer(IN_STEP);
    await settle();
    expect(told).toHaveLength(3);
  });

  test('of the notebook before is no answer for this one', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject({ path: 'a/one.ipynb' }));
    const first = server.last('check');
    void environments.setSubject(subject({ path: 'b/two.ipynb' }));
    server.last('check').answer(IN_STEP);
    await settle();
    first.answer(SYNC);
    await settle();
    expect(environments.situation.subject?.path).toBe('b/two.ipynb');
    expect(environments.situation.report?.verdict).toBe('in-step');
  });

  test('of another notebook is dropped at once', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject({ path: 'a/one.ipynb' }));
    server.last('check').answer(SYNC);
    await settle();
    void environments.setSubject(subject({ path: 'b/two.ipynb' }));
    expect(environments.situation.report).toBeNull();
  });

  test('stays while the same kernel restarts', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject());
    server.last('check').answer(SYNC);
    await settle();
    void environments.setSubject(subject());
    expect(environments.situation.report).toEqual(SYNC);
    expect(server.to('check')).toHaveLength(2);
  });

  test('is asked once more, however often it was asked while an answer was awaited', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject());
    void environments.check();
    void environments.check();
    const last = environments.check();
    expect(server.to('check')).toHaveLength(1);
    server.last('check').answer(SYNC);
    await settle();
    expect(server.to('check')).toHaveLength(2);
    server.last('check').answer(IN_STEP);
    expect((await last).report?.verdict).toBe('in-step');
    expect(server.to('check')).toHaveLength(2);
  });

  test('says why there is no report, and recovers', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject());
    server.last('check').refuse('no-connection');
    await settle();
    expect(environments.situation).toMatchObject({
      report: null,
      failure: { code: 'no-connection' }
    });
    void environments.check();
    server.last('check').answer(IN_STEP);
    await settle();
    expect(environments.situation.failure).toBeNull();
  });
});

describe('what a kernel has loaded', () => {
  const rows = [
    {
      name: 'six',
      version: '1.16.0',
      origin: 'environment',
      binary: false,
      imported: true
    }
  ];

  test('is part of the question, and is asked about at once', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject());
    server.last('check').answer(IN_STEP);
    await settle();
    environments.setLoaded('k1', rows);
    expect(server.last('check').body).toEqual({
      path: 'demo/analysis.ipynb',
      kernel: 'k1',
      loaded: rows
    });
    environments.setLoaded('other', rows);
    expect(server.to('check')).toHaveLength(2);
  });

  test('is forgotten with a restart', () => {
    const { environments } = made();
    environments.setLoaded('k1', rows);
    environments.setLoaded('k1', null);
    expect(environments.loaded('k1')).toBeNull();
  });

  test('says nothing about another folder', () => {
    const { server, environments } = made();
    void environments.setSubject(subject());
    void environments.start({ verb: 'create', path: 'elsewhere' });
    expect(server.last('jobs').body).toMatchObject({
      path: 'elsewhere',
      kernel: null,
      loaded: null
    });
  });
});
