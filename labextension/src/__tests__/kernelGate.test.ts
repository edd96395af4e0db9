/** Opening a notebook whose kernel is not here or cannot start: something is offered, or it opens as ever. */

import type { IProject } from '../wire/answers';
import { IFound, KernelGate } from '../missing/gate';
import {
  FakeKernel,
  FakeSpecs,
  FakeTracker,
  IFakePanel,
  fakePanel
} from './fakeNotebook';
import { settle } from './fakeServer';
import { project, row, spec } from './samples';

const NOWHERE = project({
  project: null,
  folder: null,
  lock: { path: null, kind: null }
});

class World {
  readonly notebooks = new FakeTracker();
  readonly specs = new FakeSpecs();
  readonly found: IFound[] = [];
  /** What the server says. */
  project: () => Promise<IProject> = () => Promise.resolve(project());
  rows = [row()];
  asked = 0;
  readonly gate = new KernelGate({
    notebooks: this.notebooks.tracker,
    specs: this.specs.manager,
    project: () => {
      this.asked++;
      return this.project();
    },
    kernels: () => {
      this.asked++;
      return Promise.resolve(this.rows);
    },
    offer: found => this.found.push(found)
  });

  /** Open a notebook as JupyterLab does. Whether JupyterLab would now ask for a kernel in its own dialog. */
  open(panel: IFakePanel): Promise<boolean> {
    panel.sessionContext.next.push(new FakeKernel('some'));
    this.notebooks.add(panel);
    panel.sessionContext.kernelPreference = {
      ...panel.sessionContext.kernelPreference
    };
    return panel.sessionContext.initialize();
  }
}

const missing = (): IFakePanel => fakePanel('iris/a.ipynb', { name: 'gone' });

test('a kernel that is not here, in a project with a lock: offered, nothing starts, and no dialog comes', async () => {
  const world = new World();
  const panel = missing();
  expect(await world.open(panel)).toBe(false);
  expect(panel.sessionContext.starts).toBe(0);
  expect(world.found).toMatchObject([
    { name: 'gone', row: null, remedy: { kind: 'create', from: 'pylock.toml' } }
  ]);
  expect(panel.sessionContext.kernelPreference.shouldStart).toBe(false);
});

test('once it has opened, a kernel is started as ever', async () => {
  const world = new World();
  const panel = missing();
  await world.open(panel);
  panel.sessionContext.kernelPreference = {};
  await panel.sessionContext.startKernel();
  expect(panel.sessionContext.starts).toBe(1);
  expect(world.found).toHaveLength(1);
});

test('a kernel that came meanwhile is no missing one', async () => {
  const world = new World();
  world.specs.onDisk = [spec('gone', false)];
  const panel = missing();
  await world.open(panel);
  expect(panel.sessionContext.starts).toBe(1);
  expect(world.found).toEqual([]);
});

test('nothing to offer: it opens as ever', async () => {
  const world = new World();
  world.project = () => Promise.resolve(NOWHERE);
  const panel = missing();
  panel.sessionContext.next.push(new Error('no such kernel'));
  panel.sessionContext.next.reverse();
  expect(await world.open(panel)).toBe(true);
  expect(world.found).toEqual([]);
  expect(panel.sessionContext.kernelPreference.shouldStart).toBeUndefined();
});

test('a server that fails decides nothing', async () => {
  const world = new World();
  world.project = () => Promise.reject(new Error('500'));
  const panel = missing();
  await world.open(panel);
  expect(panel.sessionContext.starts).toBe(1);
});

test('nor does one that is slow', async () => {
  jest.useFakeTimers();
  const world = new World();
  world.project = () => new Promise(() => undefined);
  const panel = missing();
  const opened = world.open(panel);
  await jest.advanceTimersByTimeAsync(4900);
  expect(panel.sessionContext.starts).toBe(0);
  await jest.advanceTimersByTimeAsync(200);
  await opened;
  jest.useRealTimers();
  expect(panel.sessionContext.starts).toBe(1);
});

test('a kernel of mlenv that has lost its environment is not started', async () => {
  const world = new World();
  world.specs.has(spec('iris-1'));
  world.rows = [row({ health: 'environment-missing' })];
  const panel = fakePanel('iris/a.ipynb', { name: 'iris-1' });
  expect(await world.open(panel)).toBe(false);
  expect(panel.sessionContext.starts).toBe(0);
  expect(world.found).toMatchObject([
    { row: { id: 'iris-1' }, remedy: { kind: 'create' } }
  ]);
});

test('one that is well starts', async () => {
  const world = new World();
  world.specs.has(spec('iris-1'));
  const panel = fakePanel('iris/a.ipynb', { name: 'iris-1' });
  expect(await world.open(panel)).toBe(false);
  expect(panel.sessionContext.starts).toBe(1);
  expect(world.found).toEqual([]);
});

test.each([
  ["somebody else's kernel", { name: 'python3' }],
  ['a name that is no text', { name: ['gone'] }],
  ['no name', { name: '' }]
])('%s: nothing is asked of the server', async (_, kernelspec) => {
  const world = new World();
  world.specs.has(spec('python3', false));
  const panel = fakePanel('iris/a.ipynb', kernelspec);
  await world.open(panel);
  expect(world.asked).toBe(0);
  expect(panel.sessionContext.starts).toBe(1);
});

test.each([{ id: 'k1' }, { canStart: false }, { shouldStart: false }])(
  'a notebook that is opened with %j is left alone',
  async preference => {
    const world = new World();
    const panel = missing();
    panel.sessionContext.kernelPreference = preference;
    await world.open(panel);
    expect(world.asked).toBe(0);
    expect(world.found).toEqual([]);
  }
);

test.each([project(), NOWHERE])(
  'a notebook that was closed meanwhile gets neither kernel nor offer',
  async said => {
    const world = new World();
    let answer: (said: IProject) => void = () => undefined;
    world.project = () =>
      new Promise(resolve => {
        answer = resolve;
      });
    const panel = missing();
    const opened = world.open(panel);
    await settle();
    panel.sessionContext.dispose();
    answer(said);
    await opened;
    expect(panel.sessionContext.starts).toBe(0);
    expect(world.found).toEqual([]);
  }
);

test('where JupyterLab could not start a kernel, it is looked at again', async () => {
  const world = new World();
  world.specs.has(spec('iris-1'), spec('python3', false));
  world.rows = [row({ health: 'interpreter-missing' })];
  const lost = fakePanel('iris/a.ipynb', { name: 'iris-1' });
  const other = fakePanel('b.ipynb', { name: 'python3' });
  const runs = fakePanel('iris/c.ipynb', { name: 'iris-1' });
  runs.sessionContext.has(new FakeKernel('iris-1'));
  world.notebooks.add(lost, other, runs);
  expect(await world.gate.again()).toBe(true);
  expect(world.found.map(each => each.panel)).toEqual([lost]);
  world.rows = [row()];
  expect(await world.gate.again()).toBe(false);
});

test('a notebook that got a kernel meanwhile is offered none', async () => {
  const world = new World();
  world.specs.has(spec('iris-1'));
  world.rows = [row({ health: 'interpreter-missing' })];
  const panel = fakePanel('iris/a.ipynb', { name: 'iris-1' });
  world.notebooks.add(panel);
  const looked = world.gate.again();
  panel.sessionContext.has(new FakeKernel('python3'));
  expect(await looked).toBe(false);
  expect(world.found).toEqual([]);
});
