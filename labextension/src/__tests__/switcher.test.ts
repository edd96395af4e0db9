/** A notebook is switched when the new kernel answers; what had waited runs there, once. */

import { nullTranslator } from '@jupyterlab/translation';

import { CellQueues } from '../switching/cellQueues';
import { Switcher } from '../switching/switcher';
import {
  FakeContext,
  FakeKernel,
  FakeSpecs,
  FakeTracker,
  IFakePanel,
  fakePanel
} from './fakeNotebook';
import { settle } from './fakeServer';
import { spec } from './samples';

const PATH = 'iris/a.ipynb';

class World {
  readonly notebooks = new FakeTracker();
  readonly specs = new FakeSpecs();
  readonly panel: IFakePanel = fakePanel(PATH, { name: 'python3' });
  readonly old = new FakeKernel('python3');
  readonly ran: ReadonlyArray<string>[] = [];
  explains = false;
  quieted = 0;
  looks = 0;
  readonly switcher: Switcher;

  constructor() {
    this.specs.has(spec('iris-1'), spec('python3', false));
    this.context.has(this.old);
    this.notebooks.add(this.panel);
    this.switcher = new Switcher({
      notebooks: this.notebooks.tracker,
      specs: this.specs.manager,
      sessions: {
        refreshRunning: () => {
          this.looks++;
          return Promise.resolve();
        }
      } as never,
      queues: new CellQueues(this.notebooks.tracker),
      trans: nullTranslator.load('mlenv'),
      explains: () => Promise.resolve(this.explains),
      run: (_, cells) => this.ran.push(cells),
      quiet: () => this.quieted++
    });
  }

  get context(): FakeContext {
    return this.panel.sessionContext;
  }

  use(request: string | null = null): Promise<void> {
    return this.switcher.use(PATH, 'iris-1', request);
  }
}

/** A cell is sent to a kernel; its request has its name. */
function send(kernel: FakeKernel, cell: string): void {
  const header = { msg_id: cell, msg_type: 'execute_request' };
  const msg = { header, parent_header: {}, metadata: { cellId: cell } };
  kernel.anyMessage.emit({ direction: 'send', msg: { ...msg, content: {} } });
}

function tell(
  kernel: FakeKernel,
  cell: string,
  type: string,
  content = {}
): void {
  const header = { msg_id: `${cell}-${type}`, msg_type: type };
  const parent = { parent_header: { msg_id: cell }, metadata: {}, content };
  kernel.anyMessage.emit({ direction: 'recv', msg: { header, ...parent } });
}

test('a notebook is switched when the new kernel has answered, not before', async () => {
  const world = new World();
  const slow = new FakeKernel('iris-1', 'k2', false);
  world.context.next.push(slow);
  let isDone = false;
  const used = world.use().then(() => (isDone = true));
  await settle();
  expect(world.context.asked).toEqual([{ name: 'iris-1' }]);
  expect(isDone).toBe(false);
  slow.answer();
  await used;
  expect(world.specs.looks).toBe(1);
  expect(world.context.asked).toHaveLength(1);
});

test('the cell that asks comes to its end first', async () => {
  const world = new World();
  world.context.next.push(new FakeKernel('iris-1'));
  send(world.old, 'asks');
  tell(world.old, 'asks', 'execute_input');
  const used = world.use('asks');
  await settle();
  expect(world.context.asked).toEqual([]);
  tell(world.old, 'asks', 'execute_reply', { status: 'ok' });
  tell(world.old, 'asks', 'status', { execution_state: 'idle' });
  await used;
  expect(world.context.asked).toHaveLength(1);
  expect(world.ran).toEqual([]);
});

test('a kernel that dies is tried once more; what waited runs once', async () => {
  const world = new World();
  const first = new FakeKernel('iris-1', 'k2', false);
  world.context.next.push(first, new FakeKernel('iris-1', 'k3'));
  send(world.old, 'asks');
  send(world.old, 'waits');
  tell(world.old, 'asks', 'execute_input');
  const used = world.use('asks');
  tell(world.old, 'asks', 'execute_reply', { status: 'ok' });
  tell(world.old, 'asks', 'status', { execution_state: 'idle' });
  tell(world.old, 'waits', 'execute_reply', { status: 'aborted' });
  await settle();
  first.die();
  await used;
  expect(world.context.asked).toHaveLength(2);
  expect(world.quieted).toBe(1);
  expect(world.ran).toEqual([['waits']]);
});

test('a kernel that never answers is an error, and nothing is run in it', async () => {
  const world = new World();
  world.context.next.push(new Error('no'), new Error('Kernel died'));
  send(world.old, 'asks');
  send(world.old, 'waits');
  tell(world.old, 'asks', 'execute_reply', { status: 'ok' });
  tell(world.old, 'asks', 'status', { execution_state: 'idle' });
  tell(world.old, 'waits', 'execute_reply', { status: 'aborted' });
  await expect(world.use('asks')).rejects.toMatchObject({
    failure: { code: 'kernel-silent', where: 'Kernel died' }
  });
  expect(world.context.asked).toHaveLength(2);
  expect(world.ran).toEqual([]);
});

test.each([
  ['nowhere', 'kernel-missing'],
  ['python3', 'kernel-foreign']
])('%s: %s, and the notebook keeps its kernel', async (kernel, code) => {
  const world = new World();
  world.context.kernel = new FakeKernel('other');
  await expect(world.switcher.use(PATH, kernel)).rejects.toMatchObject({
    failure: { code }
  });
  expect(world.context.asked).toEqual([]);
});

test('a notebook that is not open is an error', async () => {
  const world = new World();
  await expect(world.switcher.use('b.ipynb', 'iris-1')).rejects.toMatchObject({
    failure: { code: 'notebook-not-open' }
  });
});

test('a notebook without a kernel gets one', async () => {
  const world = new World();
  world.context.kernel = null;
  world.context.next.push(new FakeKernel('iris-1'));
  await world.use();
  expect(world.context.asked).toHaveLength(1);
});

test('a second click changes nothing more', async () => {
  const world = new World();
  world.context.next.push(
    new FakeKernel('iris-1', 'k2'),
    new FakeKernel('iris-1', 'k3')
  );
  await Promise.all([world.use(), world.use()]);
  expect(world.context.asked).toHaveLength(1);
});

test('a failed first click does not take the second with it', async () => {
  const world = new World();
  world.context.next.push(
    new Error('a'),
    new Error('b'),
    new FakeKernel('iris-1')
  );
  const first = world.use();
  const second = world.use();
  await expect(first).rejects.toMatchObject({ failure: {} });
  await second;
  expect(world.context.kernel?.name).toBe('iris-1');
});

test('the kernel that stands in for the environment is changed for the real one, though it has its name', async () => {
  const world = new World();
  world.context.kernel = new FakeKernel('iris-1', 'k2');
  world.explains = true;
  world.context.next.push(new FakeKernel('iris-1', 'k3'));
  await world.use();
  expect(world.context.kernel.id).toBe('k3');
});

test('notebooks that shared the kernel share the new one', async () => {
  const world = new World();
  const beside = fakePanel('iris/b.ipynb', { name: 'python3' });
  const apart = fakePanel('iris/c.ipynb', { name: 'python3' });
  beside.sessionContext.has(world.old);
  apart.sessionContext.has(new FakeKernel('python3', 'another'));
  world.notebooks.add(beside, apart);
  const now = new FakeKernel('iris-1', 'k2');
  world.context.next.push(now);
  beside.sessionContext.next.push(now);
  await world.use();
  expect(world.looks).toBe(1);
  expect(beside.sessionContext.asked).toEqual([{ id: 'k2' }]);
  expect(apart.sessionContext.asked).toEqual([]);
});
