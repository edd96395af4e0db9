/** What is offered to a notebook without a kernel: told once, in words, until there is a kernel. */

import { nullTranslator } from '@jupyterlab/translation';

import type { IFound } from '../missing/gate';
import { KernelOffers } from '../missing/offers';
import { nameIn } from '../missing/words';
import type { IJobRequest, IOfferAction } from '../tokens';
import { FakeKernel, IFakePanel, asPanel, fakePanel } from './fakeNotebook';
import { settle } from './fakeServer';
import { row } from './samples';

interface ITold {
  readonly message: string;
  readonly actions: ReadonlyArray<IOfferAction>;
  dismissed: boolean;
}

class World {
  readonly told: ITold[] = [];
  readonly used: string[] = [];
  readonly ran: IJobRequest[] = [];
  chosen = 0;
  changes = 0;
  readonly offers = new KernelOffers({
    trans: nullTranslator.load('mlenv'),
    tell: (message, actions) => {
      const told = { message, actions, dismissed: false };
      this.told.push(told);
      return () => (told.dismissed = true);
    },
    use: (path, kernel) => {
      this.used.push(`${path} in ${kernel}`);
      return Promise.resolve();
    },
    run: request => {
      this.ran.push(request);
      return Promise.resolve(null);
    },
    choose: () => {
      this.chosen++;
      return Promise.resolve();
    }
  });

  constructor() {
    this.offers.changed.connect(() => this.changes++);
  }

  /** What the user sees last. */
  get last(): ITold {
    const told = this.told.at(-1);
    if (told === undefined) {
      throw new Error('nothing was told');
    }
    return told;
  }

  get labels(): ReadonlyArray<string> {
    return this.last.actions.map(action => action.label);
  }
}

const opened = (): IFakePanel => fakePanel('iris/a.ipynb', { name: 'gone' });

function lacking(
  panel: IFakePanel,
  parts: Partial<Omit<IFound, 'panel'>>
): IFound {
  return {
    panel: asPanel(panel),
    name: 'gone',
    row: null,
    remedy: null,
    ...parts
  };
}

test("the project's kernel comes first, the choice of all last", async () => {
  const world = new World();
  const remedy = { kind: 'switch', kernel: 'iris-1', name: 'Iris' } as const;
  world.offers.add(lacking(opened(), { remedy }));
  expect(world.last.message).toBe('a.ipynb: its kernel "gone" is not here.');
  expect(world.labels).toEqual(['Use Iris', 'Choose Another Kernel']);
  world.last.actions[0]?.run();
  world.last.actions[1]?.run();
  await settle();
  expect(world.used).toEqual(['iris/a.ipynb in iris-1']);
  expect(world.chosen).toBe(1);
});

test.each([
  [{ kind: 'use', project: 'iris' }, null, 'Use the Environment of iris'],
  [
    { kind: 'create', from: 'pylock.toml' },
    null,
    'Create the Environment from pylock.toml'
  ],
  [
    { kind: 'create', from: 'pylock.toml' },
    row({ health: 'environment-missing' }),
    'Recreate It from pylock.toml'
  ]
] as const)(
  '%j runs its verb for the notebook',
  async (remedy, lost, label) => {
    const world = new World();
    world.offers.add(lacking(opened(), { remedy, row: lost }));
    expect(world.labels[0]).toBe(label);
    world.last.actions[0]?.run();
    await settle();
    expect(world.ran).toEqual([{ verb: remedy.kind, path: 'iris/a.ipynb' }]);
  }
);

test('a kernel that lost its environment is called so, with what the server advises where nothing can be made', () => {
  const world = new World();
  const lost = row({ health: 'environment-missing', advice: 'remove it' });
  world.offers.add(lacking(opened(), { row: lost }));
  expect(world.last.message).toBe(
    'a.ipynb: the environment of Python (iris) is gone; remove it'
  );
  expect(world.labels).toEqual(['Choose Another Kernel']);
  expect(world.offers.offer('iris/a.ipynb')?.isGone).toBe(true);
});

test('a notebook is told of once, and asked for by its path', () => {
  const world = new World();
  const panel = opened();
  world.offers.add(lacking(panel, {}));
  world.offers.add(lacking(panel, {}));
  expect(world.told).toHaveLength(1);
  expect(world.changes).toBe(1);
  expect(world.offers.offer('iris/a.ipynb')?.isGone).toBe(false);
  expect(world.offers.offer('iris/b.ipynb')).toBeNull();
});

test('with a kernel, the offer ends, and JupyterLab may start kernels again', () => {
  const world = new World();
  const panel = opened();
  panel.sessionContext.kernelPreference = { shouldStart: false };
  world.offers.add(lacking(panel, {}));
  panel.sessionContext.has(null);
  expect(world.last.dismissed).toBe(false);
  panel.sessionContext.has(new FakeKernel('iris-1'));
  expect(world.last.dismissed).toBe(true);
  expect(world.offers.offer('iris/a.ipynb')).toBeNull();
  expect(panel.sessionContext.kernelPreference.shouldStart).toBe(true);
  expect(world.changes).toBe(2);
});

test('it ends with its notebook, too', () => {
  const world = new World();
  const panel = opened();
  world.offers.add(lacking(panel, {}));
  panel.sessionContext.dispose();
  expect(world.last.dismissed).toBe(true);
});

test('what failed is offered again', async () => {
  const world = new World();
  const remedy = { kind: 'create', from: 'pylock.toml' } as const;
  world.offers.add(lacking(opened(), { remedy }));
  world.last.actions[0]?.run();
  await settle();
  expect(world.told.map(told => told.dismissed)).toEqual([true, false]);
});

test('texts from outside are short', () => {
  const world = new World();
  const panel = fakePanel('iris/a.ipynb', {
    name: 'gone',
    display_name: '<img src=x onerror=alert(1)>'.repeat(20)
  });
  world.offers.add(lacking(panel, {}));
  expect(world.last.message.length).toBeLessThan(120);
});

test.each([
  [{ display_name: 'Iris' }, 'Iris'],
  [{ display_name: '  ' }, null],
  [{ display_name: ['Iris'] }, null],
  ['Iris', null],
  [null, null],
  [undefined, null]
])('of a kernelspec %j the name is %j', (kernelspec, name) => {
  expect(nameIn(kernelspec)).toBe(name);
});
