/** Jobs, against a server that answers late, forgets, or is gone for a while. */

import { Environments } from '../model/model';
import { FakeServer, settle } from './fakeServer';
import { job, sampleReport, subject } from './samples';

const IN_STEP = sampleReport('in-step');
const SYNC = sampleReport('sync');

function made(): { server: FakeServer; environments: Environments } {
  const server = new FakeServer();
  return { server, environments: new Environments(server) };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('a job', () => {
  async function started(): Promise<ReturnType<typeof made>> {
    const parts = made();
    void parts.environments.setSubject(subject());
    parts.server.last('check').answer(SYNC);
    await settle();
    void parts.environments.start({ verb: 'sync' });
    parts.server.last('jobs').answer(job());
    await settle();
    return parts;
  }

  test('is followed to its end, and then compared', async () => {
    const { server, environments } = await started();
    const end = environments.ended('j1');
    server.last('jobs/j1').answer(job({ log: ['one'] }));
    await settle();
    expect(environments.jobs[0]?.log).toEqual(['one']);
    jest.advanceTimersByTime(1000);
    await settle();
    server.last('jobs/j1').answer(job({ state: 'done' }));
    await settle();
    expect(server.to('check')).toHaveLength(2);
    server.last('check').answer(IN_STEP);
    expect((await end).state).toBe('done');
    expect(environments.situation.report?.verdict).toBe('in-step');
  });

  test('is looked at as soon as an event tells of it', async () => {
    const { server, environments } = await started();
    server.last('jobs/j1').answer(job());
    await settle();
    environments.hear('j1');
    await settle();
    expect(server.to('jobs/j1')).toHaveLength(2);
    // An event that comes while an answer is awaited is not lost.
    environments.hear('j1');
    server.last('jobs/j1').answer(job());
    await settle();
    expect(server.to('jobs/j1')).toHaveLength(3);
  });

  test('outlives a connection that is gone for a while', async () => {
    const { server, environments } = await started();
    server.last('jobs/j1').refuse('no-connection');
    await settle();
    expect(environments.jobs[0]?.state).toBe('running');
    jest.advanceTimersByTime(1000);
    await settle();
    server.last('jobs/j1').answer(job({ state: 'cancelled' }));
    await settle();
    expect(environments.jobs[0]?.state).toBe('cancelled');
  });

  test('that the server has forgotten has failed', async () => {
    const { server, environments } = await started();
    server.last('jobs/j1').refuse('job-missing');
    await settle();
    expect(environments.jobs[0]).toMatchObject({
      state: 'failed',
      error: { code: 'job-missing' }
    });
  });

  test('that has ended does not run again', async () => {
    const { server, environments } = await started();
    const first = server.last('jobs/j1');
    void environments.cancel('j1');
    server.last('jobs/j1').answer(job({ state: 'cancelled' }));
    await settle();
    first.answer(job({ log: ['late'] }));
    await settle();
    expect(environments.jobs[0]?.state).toBe('cancelled');
  });

  test('of another tab appears, and its end is compared', async () => {
    const { server, environments } = made();
    void environments.setSubject(subject());
    server.last('check').answer(SYNC);
    await settle();
    environments.hear('theirs');
    server.last('jobs/theirs').answer(job({ id: 'theirs', state: 'done' }));
    await settle();
    expect(environments.jobs.map(each => each.id)).toEqual(['theirs']);
    expect(server.to('check')).toHaveLength(2);
  });

  test('that runs already is found when the page is opened', async () => {
    const { server, environments } = made();
    void environments.discover();
    server.last('jobs').answer({
      jobs: [job({ id: 'old', state: 'done' }), job({ id: 'runs' })]
    });
    await settle();
    expect(environments.jobs.map(each => each.id)).toEqual(['runs']);
    expect(server.to('jobs/runs')).toHaveLength(1);
  });

  test('is asked about rarely while nobody looks', async () => {
    const server = new FakeServer();
    const environments = new Environments(server, () => true);
    environments.hear('j1');
    server.last('jobs/j1').answer(job());
    await settle();
    jest.advanceTimersByTime(10_000);
    await settle();
    expect(server.to('jobs/j1')).toHaveLength(1);
  });
});

test('a refused job is the caller’s to tell', async () => {
  const { server, environments } = made();
  const start = environments.start({ verb: 'sync', path: 'demo' });
  server.last('jobs').refuse('project-busy');
  await expect(start).rejects.toMatchObject({
    failure: { code: 'project-busy' }
  });
  expect(environments.jobs).toEqual([]);
});
