/** The places of mlenv's kernels among the cards of JupyterLab's launcher. */

import type { ILauncher } from '@jupyterlab/launcher';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import type { IKernelRow } from '../wire/answers';
import { rankCards } from '../kernels/cards';

/** What of JupyterLab's launcher counts here: it keeps the cards, and draws them when one comes or goes. */
class Launcher implements ILauncher {
  drawn = 0;
  readonly cards: ILauncher.IItemOptions[] = [];

  add(options: ILauncher.IItemOptions): {
    isDisposed: boolean;
    dispose: () => void;
  } {
    this.cards.push(options);
    this.drawn++;
    const dispose = (): void => {
      this.cards.splice(this.cards.indexOf(options), 1);
      this.drawn++;
    };
    return { isDisposed: false, dispose };
  }

  items(): IterableIterator<ILauncher.IItemOptions> {
    return this.cards.values();
  }

  get ranks(): ReadonlyArray<number | undefined> {
    return this.cards.map(card => card.rank);
  }
}

function row(id: string, current: boolean, ours = true): IKernelRow {
  return {
    id,
    display_name: id,
    state: 'ok',
    health: 'ok',
    reason: '',
    ours,
    folder: '',
    project: null,
    prefix: null,
    advice: '',
    current
  };
}

function shown(...cards: ReadonlyJSONObject[]): Launcher {
  const launcher = new Launcher();
  for (const args of cards) {
    launcher.add({ command: 'new', args, rank: Infinity });
  }
  launcher.drawn = 0;
  return launcher;
}

test("the project's kernel comes first, mlenv's others together, all else stays", () => {
  const launcher = shown(
    { kernelName: 'julia' },
    { kernelName: 'wine' },
    { kernelPreference: { name: 'iris' } },
    {}
  );
  rankCards(launcher, [
    row('iris', true),
    row('wine', false),
    row('julia', false, false)
  ]);
  const [julia, wine, iris, other] = launcher.ranks;
  expect([julia, other]).toEqual([Infinity, Infinity]);
  expect(iris).toBeLessThan(0);
  expect(wine).toBeGreaterThan(0);
  expect(wine).toBeLessThan(100);
  expect(launcher.drawn).toBeGreaterThan(0);
  expect(launcher.cards).toHaveLength(4);
});

test('nothing is drawn anew where nothing has another place', () => {
  const launcher = shown({ kernelName: 'iris' }, { kernelName: 'python3' });
  rankCards(launcher, []);
  rankCards(launcher, [row('python3', false, false)]);
  expect(launcher.drawn).toBe(0);
  rankCards(launcher, [row('iris', false)]);
  const { drawn } = launcher;
  rankCards(launcher, [row('iris', false)]);
  expect(launcher.drawn).toBe(drawn);
});

test('a launcher that does not show its cards is left alone', () => {
  const { add } = shown();
  const closed = { add };
  expect(() => rankCards(closed, [row('iris', true)])).not.toThrow();
});
