/** What kernels say by comm. */

import { WireError } from '../wire/decode';
import { asked, loadedRows } from '../wire/messages';

test.each([
  [null],
  ['switch'],
  [{}],
  [{ kind: 'switch' }],
  [{ kind: 'switch', kernel: 1, display_name: 'x' }]
])('%p is refused', value => {
  expect(() => asked(value)).toThrow(WireError);
});

test('a kind of a newer mlenv is left alone', () => {
  expect(asked({ schema: 2, kind: 'sing' })).toBeNull();
  expect(loadedRows({ schema: 2, kind: 'unloaded' })).toBeNull();
});

test('rows that are none are refused', () => {
  expect(() => loadedRows({ kind: 'loaded', rows: [{}] })).toThrow(WireError);
});
