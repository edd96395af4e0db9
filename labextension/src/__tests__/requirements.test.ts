/** Requirements as people type them, and what is never sent. */

import {
  isKernelName,
  isName,
  nameOf,
  parseRequirements,
  refusal
} from '../commands/requirements';

test.each([
  ['numpy', ['numpy']],
  ['numpy pandas<3', ['numpy', 'pandas<3']],
  ['numpy, pandas', ['numpy', 'pandas']],
  ['numpy >= 1.26, < 2 six', ['numpy>=1.26,<2', 'six']],
  ['  six \n\n idna==3.7 ', ['six', 'idna==3.7']],
  ['dask[array, dataframe]>=2024.1', ['dask[array,dataframe]>=2024.1']],
  ['numpy numpy', ['numpy']],
  ['torch==2.1.0+cpu six==1.*', ['torch==2.1.0+cpu', 'six==1.*']],
  ["tomli ; python_version < '3.11'", ["tomli ; python_version < '3.11'"]],
  [
    'pip @ https://example.org/pip-24-py3-none-any.whl',
    ['pip @ https://example.org/pip-24-py3-none-any.whl']
  ],
  ['', []]
])('%j is read as packages', (typed, taken) => {
  expect(parseRequirements(typed)).toEqual({ taken, refused: [] });
});

test.each([
  ['--index-url=http://evil.example', 'option'],
  ['-r', 'option'],
  ['../up', 'path'],
  ['/etc/passwd', 'path'],
  ['C:\\x', 'path'],
  ['~/x', 'path'],
  ['six-1.16-py3-none-any.whl', 'path'],
  ['https://example.org/x.whl', 'address'],
  ['file:///etc/passwd', 'address'],
  ['x @ file:///etc/passwd', 'address'],
  ['nümpy', 'letters'],
  ['nu\u200bmpy', 'hidden'],
  ['six\u0000', 'hidden'],
  ['numpy=1.26', 'form'],
  ['numpy==', 'form'],
  ['six; rm -rf $HOME', 'form'],
  ['x @ https://${TOKEN}@example.org/x.whl', 'address'],
  ['x @ git+ssh://-oProxyCommand=x/y', 'address'],
  ['a'.repeat(501), 'long']
])('%j is refused: %s', (text, why) => {
  expect(refusal(text)).toBe(why);
});

test('a wrong word does not hide the right ones', () => {
  const found = parseRequirements('six --pre numpy');
  expect(found.taken).toEqual(['six', 'numpy']);
  expect(found.refused).toEqual([{ text: '--pre', why: 'option' }]);
});

test("a channel's packages are taken where conda is the engine", () => {
  const text = 'conda-forge::numpy=1.26';
  expect(refusal(text)).toBe('form');
  expect(refusal(text, true)).toBeNull();
  expect(refusal('--channel', true)).toBe('option');
});

test('a text that is long and nearly right is refused at once', () => {
  const start = Date.now();
  refusal(`a${'.'.repeat(490)}!`);
  refusal(`a>=1${',>=1'.repeat(120)}!`, true);
  expect(Date.now() - start).toBeLessThan(500);
});

test('names of packages and kernels', () => {
  expect(['six', 'ruamel.yaml', 'A_b-c'].every(isName)).toBe(true);
  expect(['', '-x', 'a b', 'a/b', '..', 'six<2'].some(isName)).toBe(false);
  expect(['iris', 'iris-732de77a'].every(isKernelName)).toBe(true);
  const wrong = ['', '..', 'Iris', 'python3', 'mlenv', 'a/b', '-a'];
  expect(wrong.some(isKernelName)).toBe(false);
  expect(nameOf('dask[array]>=2')).toBe('dask');
});
