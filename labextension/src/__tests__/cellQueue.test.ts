/** Which cells wait behind the one that asks for another kernel. */

import { CellQueue, IKernelMessage } from '../switching/cellQueue';

function message(
  type: string,
  parts: { id?: string; parent?: string; cell?: string; content?: object }
): IKernelMessage {
  return {
    header: { msg_id: parts.id ?? 'some', msg_type: type },
    parent_header: parts.parent === undefined ? {} : { msg_id: parts.parent },
    metadata: parts.cell === undefined ? {} : { cellId: parts.cell },
    content: parts.content ?? {}
  };
}

/** Requests are called by the name of their cell. */
class Kernel {
  readonly queue = new CellQueue();

  ask(...cells: string[]): void {
    for (const cell of cells) {
      this.queue.sent(message('execute_request', { id: cell, cell }));
    }
  }

  start(cell: string): void {
    this.queue.received(message('execute_input', { parent: cell }));
  }

  reply(cell: string, status = 'ok', ename = ''): void {
    this.queue.received(
      message('execute_reply', { parent: cell, content: { status, ename } })
    );
  }

  idle(cell: string): void {
    this.queue.received(
      message('status', { parent: cell, content: { execution_state: 'idle' } })
    );
  }

  end(cell: string): void {
    this.start(cell);
    this.reply(cell);
    this.idle(cell);
  }
}

test('what waits stands behind what runs', () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b', 'c');
  kernel.end('a');
  kernel.start('b');
  const place = kernel.queue.firstWaiting;
  expect(kernel.queue.from(place)).toEqual(['c']);
});

test('a cell that began after the switch did is not run a second time; one that was refused is', () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b', 'c', 'd', 'e');
  kernel.start('a');
  const place = kernel.queue.firstWaiting;
  kernel.end('a');
  kernel.end('b');
  kernel.start('c');
  kernel.reply('c', 'error', 'MlenvNotRun');
  kernel.start('d');
  expect(kernel.queue.from(place)).toEqual(['c', 'e']);
});

test('what waits is stopped by interrupts, each cell when it has begun', async () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b', 'c');
  let asked = 0;
  const stopped = kernel.queue.stop(0, () => {
    asked++;
    if (asked === 2) {
      kernel.reply('b', 'error', 'MlenvNotRun');
      kernel.reply('c', 'aborted');
    }
    return Promise.resolve();
  });
  expect(asked).toBe(0);
  kernel.start('a');
  await new Promise(resolve => setTimeout(resolve, 1));
  kernel.reply('a', 'error');
  kernel.start('b');
  await stopped;
  expect(asked).toBe(2);
  expect(kernel.queue.from(0)).toEqual(['b', 'c']);
});

test('the last cell is stopped, too, and one that stands before the place only where others wait', async () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b');
  kernel.start('a');
  await kernel.queue.stop(2, () => Promise.reject(new Error('interrupted')));
  kernel.end('a');
  kernel.start('b');
  await kernel.queue.stop(1, () => {
    kernel.reply('b', 'error', 'MlenvNotRun');
    return Promise.resolve();
  });
  expect(kernel.queue.from(1)).toEqual(['b']);
});

test('what hears no interrupt is not waited for without end', async () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b');
  kernel.start('a');
  await kernel.queue.stop(1, () => Promise.resolve(), 20);
  expect(kernel.queue.from(0)).toEqual(['b']);
});

test('behind a request stands all that was sent later, also what was aborted before its wish was heard', () => {
  const kernel = new Kernel();
  kernel.ask('before', 'asks', 'b', 'c');
  kernel.end('before');
  kernel.end('asks');
  kernel.reply('b', 'aborted');
  kernel.reply('c', 'aborted');
  expect(kernel.queue.from(kernel.queue.after('asks'))).toEqual(['b', 'c']);
  // Aborted by an error of old, though, is not waiting.
  expect(kernel.queue.from(kernel.queue.firstWaiting)).toEqual([]);
});

test('of an unknown request, what waits now', () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b');
  kernel.start('a');
  expect(kernel.queue.from(kernel.queue.after('unknown'))).toEqual(['b']);
  expect(kernel.queue.from(kernel.queue.after(null))).toEqual(['b']);
});

test('a cell that was sent twice runs once, where it stood first', () => {
  const kernel = new Kernel();
  kernel.ask('a');
  kernel.queue.sent(message('execute_request', { id: '2', cell: 'b' }));
  kernel.queue.sent(message('execute_request', { id: '3', cell: 'c' }));
  kernel.queue.sent(message('execute_request', { id: '4', cell: 'b' }));
  expect(kernel.queue.from(kernel.queue.after('a'))).toEqual(['b', 'c']);
});

test('requests of no cell, and other messages, are nothing that waits', () => {
  const { queue } = new Kernel();
  queue.sent(message('execute_request', { id: 'silent' }));
  queue.sent(message('comm_open', { id: 'comm', cell: 'a' }));
  queue.received(message('execute_input', { parent: 'never sent' }));
  queue.received(message('status', {}));
  expect(queue.from(0)).toEqual([]);
});

test('what is over is forgotten with the next request, and places stay what they are', () => {
  const kernel = new Kernel();
  kernel.ask('a', 'b');
  kernel.end('a');
  kernel.end('b');
  const place = kernel.queue.firstWaiting;
  kernel.ask('c', 'd');
  expect(kernel.queue.from(place)).toEqual(['c', 'd']);
  expect(kernel.queue.from(0)).toEqual(['c', 'd']);
});

test('while the notebook is being switched, nothing is forgotten', () => {
  const kernel = new Kernel();
  kernel.ask('asks', 'b');
  kernel.end('asks');
  kernel.reply('b', 'aborted');
  const place = kernel.queue.after('asks');
  kernel.queue.held = true;
  kernel.ask('c');
  expect(kernel.queue.from(place)).toEqual(['b', 'c']);
});

describe('the end of a request', () => {
  async function isOver(ended: Promise<void>): Promise<boolean> {
    const later = new Promise<boolean>(resolve =>
      setTimeout(() => resolve(false), 5)
    );
    return Promise.race([ended.then(() => true), later]);
  }

  test('is there when the reply and the last output have come', async () => {
    const kernel = new Kernel();
    kernel.ask('a');
    const ended = kernel.queue.ended('a');
    kernel.start('a');
    kernel.reply('a');
    expect(await isOver(ended)).toBe(false);
    kernel.idle('a');
    expect(await isOver(ended)).toBe(true);
  });

  test('is there when the connection is gone, and of one that is not known', async () => {
    const kernel = new Kernel();
    kernel.ask('a');
    expect(await isOver(kernel.queue.ended('unknown'))).toBe(true);
    const ended = kernel.queue.ended('a');
    kernel.queue.close();
    expect(await isOver(ended)).toBe(true);
  });
});
