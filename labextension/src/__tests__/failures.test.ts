/** Failures: which of them are answers, and what is said of each on one line. */

import { nullTranslator } from '@jupyterlab/translation';

import { isAnswer } from '../words/format';
import { explain, failureText } from '../words/jobs';

const trans = nullTranslator.load('mlenv');

function failure(code: string): Parameters<typeof explain>[0] {
  return { code, message: 'raw', where: '', hint: '' };
}

test('what the server found wrong is an answer, silence is none', () => {
  expect(isAnswer(null)).toBe(true);
  expect(isAnswer(failure('no-project'))).toBe(true);
  expect(isAnswer(failure('lock-unreadable'))).toBe(true);
  expect(isAnswer(failure('no-connection'))).toBe(false);
  expect(isAnswer(failure('no-server'))).toBe(false);
});

test.each([
  ['older-server', 'start it again'],
  ['no-server', 'jupyter server extension enable mlenv']
])(
  'on one line %s says what to do, in the room of a notification',
  (code, what) => {
    const text = failureText(failure(code), trans);
    expect(text).toContain(what);
    expect(text).not.toContain('raw');
    expect(text.length).toBeLessThanOrEqual(140);
    expect(explain(failure(code), trans).title).not.toBe('');
  }
);

test('what the server says goes as it is', () => {
  expect(failureText(failure('internal'), trans)).toBe('raw');
});
