/** Pure: which kernels are mlenv's, and which of them cannot start. */

import type { KernelSpec } from '@jupyterlab/services';

import type { IKernelRow } from '../wire/answers';

/** Whether mlenv made this kernelspec. */
export function isOurs(spec: KernelSpec.ISpecModel | undefined): boolean {
  const block = spec?.metadata?.['mlenv'];
  return typeof block === 'object' && block !== null;
}

const HOPELESS: ReadonlyArray<string> = [
  'environment-missing',
  'interpreter-missing',
  'interpreter-not-executable'
];

/** Whether a kernel of mlenv cannot start, whoever asks for it. */
export function cannotStart(row: IKernelRow): boolean {
  const { ours, health, prefix, project } = row;
  if (!ours) {
    return false;
  }
  // An environment that lay in its project went with it.
  const lost = prefix !== null && project !== null && isIn(prefix, project);
  return HOPELESS.includes(health) || (health === 'project-missing' && lost);
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`);
}
