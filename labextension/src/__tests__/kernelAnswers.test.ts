/** The proof that a kernel works: it answers within its time. */

import { answers } from '../switching/answering';
import { FakeKernel } from './fakeNotebook';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a kernel is given its time to answer', async () => {
  const kernel = new FakeKernel('iris-1', 'k2', false);
  const answered = answers(kernel.connection, 2000);
  await jest.advanceTimersByTimeAsync(1900);
  kernel.answer();
  await answered;
  expect(jest.getTimerCount()).toBe(0);
});

test('one that does not answer within it is silent', async () => {
  const kernel = new FakeKernel('iris-1', 'k2', false);
  const silent = expect(answers(kernel.connection, 2000)).rejects.toThrow(
    'No answer within 2 s.'
  );
  await jest.advanceTimersByTimeAsync(2100);
  await silent;
});

test('one that ends is told at once', async () => {
  const kernel = new FakeKernel('iris-1', 'k2', false);
  const ended = expect(answers(kernel.connection)).rejects.toThrow(
    'The kernel has ended.'
  );
  kernel.die();
  await ended;
  expect(jest.getTimerCount()).toBe(0);
});
