/** The proof that a kernel works: it answers. */

import type { Kernel } from '@jupyterlab/services';

/** A first start on a slow disk; a dead kernel is told sooner. */
const ANSWER_MS = 30_000;

/** Resolve when a kernel answers; reject when it dies, or does not within the time. */
export async function answers(
  kernel: Kernel.IKernelConnection,
  limit = ANSWER_MS
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const status = (_: unknown, now: Kernel.Status): void => {
    if (now === 'dead') {
      ended();
    }
  };
  let ended = (): void => undefined;
  const end = new Promise<never>((_, reject) => {
    ended = () => reject(new Error('The kernel has ended.'));
    timer = setTimeout(
      () => reject(new Error(`No answer within ${limit / 1000} s.`)),
      limit
    );
    kernel.statusChanged.connect(status);
    kernel.disposed.connect(ended);
  });
  try {
    await Promise.race([kernel.info, end]);
  } finally {
    clearTimeout(timer);
    kernel.statusChanged.disconnect(status);
    kernel.disposed.disconnect(ended);
  }
}
