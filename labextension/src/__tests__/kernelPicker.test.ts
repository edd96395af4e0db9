/**
 * JupyterLab's dialog of kernels: groups, order, and what is proposed.
 *
 * @jest-environment jsdom
 */

import { arrange, listIn } from '../kernels/picker';
import { row } from './samples';

const THEIRS = 'Start Preferred Kernel';
const WORDS = { here: 'Here', elsewhere: 'Elsewhere' };

/** A dialog as JupyterLab draws it: each option's value names what it starts. */
function dialog(...kernels: string[]): HTMLElement {
  const node = document.createElement('div');
  const list = document.createElement('select');
  const group = document.createElement('optgroup');
  group.label = THEIRS;
  for (const name of kernels) {
    const option = document.createElement('option');
    option.value = JSON.stringify({ name });
    option.text = name;
    group.append(option);
  }
  list.append(group);
  node.append(list);
  return node;
}

function list(...kernels: string[]): HTMLSelectElement {
  const found = listIn(dialog(...kernels));
  if (found === null) {
    throw new Error('no list of kernels');
  }
  return found;
}

function shown(select: HTMLSelectElement): ReadonlyArray<string> {
  return [...select.querySelectorAll('optgroup')].map(
    group =>
      `${group.label}: ${[...group.querySelectorAll('option')].map(each => each.text).join(' ')}`
  );
}

const ROWS = [
  row({ id: 'wine', current: false }),
  row({ id: 'iris' }),
  row({ id: 'julia', ours: false })
];

test("the project's kernels stand first, mlenv's others next to each other, all else as it was", () => {
  const select = list('julia', 'wine', 'python3', 'iris');
  arrange(select, ROWS, WORDS, false);
  expect(shown(select)).toEqual([
    'Here: iris',
    'Elsewhere: wine',
    'Start Preferred Kernel: julia python3'
  ]);
});

test('a group that has nothing left goes', () => {
  const select = list('iris');
  arrange(select, ROWS, WORDS, false);
  expect(shown(select)).toEqual(['Here: iris']);
});

test("the project's kernel is proposed where nothing was, and only there", () => {
  const proposed = list('python3', 'wine', 'iris');
  arrange(proposed, ROWS, WORDS, true);
  expect(JSON.parse(proposed.value)).toEqual({ name: 'iris' });
  const running = list('python3', 'iris');
  arrange(running, ROWS, WORDS, false);
  expect(JSON.parse(running.value)).toEqual({ name: 'python3' });
  const chosen = list('python3', 'julia', 'iris');
  chosen.selectedIndex = 1;
  arrange(chosen, ROWS, WORDS, true);
  expect(JSON.parse(chosen.value)).toEqual({ name: 'julia' });
});

test('one that cannot start is not proposed, and says why', () => {
  const select = list('python3', 'iris');
  const lost = row({
    id: 'iris',
    health: 'environment-missing',
    advice: 'create it again'
  });
  arrange(select, [lost], WORDS, true);
  expect(JSON.parse(select.value)).toEqual({ name: 'python3' });
  const option = [...select.options].find(each => each.text === 'iris');
  expect(option?.title).toBe('create it again');
});

test('without a kernel of mlenv the dialog is as it was', () => {
  const select = list('python3', 'julia');
  arrange(select, [row({ id: 'other' })], WORDS, true);
  expect(shown(select)).toEqual(['Start Preferred Kernel: python3 julia']);
});

test('another dialog is left alone', () => {
  const empty = document.createElement('div');
  expect(listIn(empty)).toBeNull();
  const colours = dialog();
  colours.querySelector('select')?.append(new Option('red', 'red'));
  colours.querySelector('select')?.append(new Option('none', 'null'));
  expect(listIn(colours)).toBeNull();
  const two = dialog('iris');
  two.append(document.createElement('select'));
  expect(listIn(two)).toBeNull();
});
