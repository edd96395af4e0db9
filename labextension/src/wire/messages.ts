/** Pure: what a kernel tells this front end by comm, and a decoder for each. Samples: `tests/wire/comm-*.json`. */

import { loaded } from './answers';
import type { ILoaded } from './answers';
import { shape, text } from './decode';

/** Target that the front end registers and the kernel opens. */
export const FRONTEND_TARGET = 'mlenv.frontend';
/** Target that mlenv's kernels register and the front end opens. */
export const KERNEL_TARGET = 'mlenv.kernel';

/** Run the notebook that asks in another kernel. */
export interface ISwitchMessage {
  readonly kind: 'switch';
  readonly kernel: string;
  readonly display_name: string;
}

/** Environment, lock or kernels were changed. */
export interface IRefreshMessage {
  readonly kind: 'refresh';
}

const kindOf = shape<{ readonly kind: string }>({ kind: text });
const wanted = shape<{
  readonly kernel: string;
  readonly display_name: string;
}>({ kernel: text, display_name: text });
const rows = shape<{ readonly rows: ReadonlyArray<ILoaded> }>({ rows: loaded });

/** What a kernel asks for; `null` for a kind that only a newer front end knows. Throws `WireError`. */
export function asked(value: unknown): ISwitchMessage | IRefreshMessage | null {
  switch (kindOf(value).kind) {
    case 'switch':
      return { kind: 'switch', ...wanted(value) };
    case 'refresh':
      return { kind: 'refresh' };
    default:
      return null;
  }
}

/** What a kernel has loaded; `null` for another kind of message. Throws `WireError`. */
export function loadedRows(value: unknown): ReadonlyArray<ILoaded> | null {
  return kindOf(value).kind === 'loaded' ? rows(value).rows : null;
}
