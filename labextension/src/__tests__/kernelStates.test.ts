/** Kernels that cannot start are marked where kernels are listed; where mlenv has none, nothing is asked. */

import type { IKernelRow } from '../wire/answers';
import { KernelStates } from '../kernels/states';
import { FakeSpecs } from './fakeNotebook';
import { settle } from './fakeServer';
import { row, spec } from './samples';

class World {
  readonly specs = new FakeSpecs();
  rows: ReadonlyArray<IKernelRow> | Error = [];
  readonly asked: string[] = [];
  changes = 0;
  readonly states = new KernelStates({
    specs: this.specs.manager,
    kernels: path => {
      this.asked.push(path);
      return this.rows instanceof Error
        ? Promise.reject(this.rows)
        : Promise.resolve(this.rows);
    },
    marked: name => `${name} (gone)`
  });

  constructor() {
    this.states.changed.connect(() => this.changes++);
  }

  name(id: string): string | undefined {
    return this.specs.specs?.kernelspecs[id]?.display_name;
  }
}

const LOST = row({ id: 'iris', health: 'environment-missing' });

test('one that lost its environment is marked, the others keep their names', async () => {
  const world = new World();
  world.rows = [LOST, row({ id: 'wine' })];
  world.specs.has(spec('iris'), spec('wine'), spec('python3', false));
  await settle();
  expect(world.name('iris')).toBe('Python (iris) (gone)');
  expect(world.name('wine')).toBe('Python (wine)');
  expect(world.name('python3')).toBe('Python (python3)');
  expect(world.changes).toBe(1);
});

test('the same list, read anew, is marked without a question; and no name twice', async () => {
  const world = new World();
  world.rows = [LOST];
  world.specs.has(spec('iris'));
  await settle();
  world.specs.has(spec('iris'));
  expect(world.name('iris')).toBe('Python (iris) (gone)');
  expect(world.asked).toEqual(['']);
  await world.states.refresh();
  expect(world.name('iris')).toBe('Python (iris) (gone)');
});

test('another list is asked about; one that was mended is marked no more', async () => {
  const world = new World();
  world.rows = [LOST];
  world.specs.has(spec('iris'));
  await settle();
  world.rows = [row({ id: 'iris' })];
  world.specs.has(spec('iris'), spec('wine'));
  await settle();
  expect(world.asked).toHaveLength(2);
  expect(world.name('iris')).toBe('Python (iris)');
});

test('where mlenv has no kernel, nothing is asked', async () => {
  const world = new World();
  world.specs.has(spec('python3', false));
  await settle();
  expect(await world.states.rows('iris/a.ipynb')).toEqual([]);
  expect(world.asked).toEqual([]);
});

test('a server that cannot say marks nothing', async () => {
  const world = new World();
  world.rows = new Error('404');
  world.specs.has(spec('iris'));
  await settle();
  expect(world.name('iris')).toBe('Python (iris)');
  expect(await world.states.rows('iris/a.ipynb')).toEqual([]);
});
