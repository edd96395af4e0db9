/** Whose kernels an environment runs: they end with it. */

import { OpenNotebooks, usersOf } from '../commands/openNotebooks';
import { FakeKernel, FakeTracker, fakePanel } from './fakeNotebook';

function session(path: string, kernel: string | null, id = path): never {
  const model = kernel === null ? null : { id: `k-${id}`, name: kernel };
  return { id, path, kernel: model } as never;
}

const RUNNING = [
  session('iris/b.ipynb', 'iris-1', 's2'),
  session('iris/a.ipynb', 'iris-1', 's1'),
  session('iris/a.ipynb', 'iris-1', 's4'),
  session('wine/w.ipynb', 'wine-1', 's3'),
  session('iris/c.ipynb', null)
];

test('are found by their kernelspec, each path once', () => {
  expect(usersOf(RUNNING, new Set(['iris-1']))).toEqual([
    'iris/a.ipynb',
    'iris/b.ipynb'
  ]);
  expect(usersOf(RUNNING, new Set())).toEqual([]);
});

test('are ended where they are open, and those of other pages by their sessions', async () => {
  const ended: string[] = [];
  let looks = 0;
  const sessions = {
    running: () => RUNNING.values(),
    refreshRunning: () => Promise.resolve(looks++),
    shutdown: (id: string) => Promise.resolve(ended.push(id))
  } as never;
  const here = fakePanel('iris/b.ipynb', { name: 'iris-1' });
  here.sessionContext.has(new FakeKernel('iris-1'));
  const tracker = new FakeTracker();
  tracker.add(here);
  const notebooks = new OpenNotebooks(tracker.tracker, null, sessions, () =>
    Promise.resolve(false)
  );
  expect(await notebooks.runningIn(new Set(['wine-1']))).toEqual([
    'wine/w.ipynb'
  ]);
  expect(looks).toBe(1);
  await notebooks.shutDown('iris/a.ipynb');
  expect(ended).toEqual(['s1', 's4']);
  await notebooks.shutDown('iris/b.ipynb');
  expect(ended).toHaveLength(2);
  expect(here.sessionContext.kernel).toBeNull();
});
