/** Pure: which kernelspecs are mlenv's. */

import type { KernelSpec } from '@jupyterlab/services';

/** Whether mlenv made this kernelspec. */
export function isOurs(spec: KernelSpec.ISpecModel | undefined): boolean {
  const block = spec?.metadata?.['mlenv'];
  return typeof block === 'object' && block !== null;
}
