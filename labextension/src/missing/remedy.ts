/** Pure: what is offered for a notebook whose kernel is not here, or cannot start. No JupyterLab here. */

import type { IKernelRow, IProject } from '../wire/answers';

/** What would give the notebook a kernel. */
export type Remedy =
  /** The project's kernel is here, and well. */
  | { readonly kind: 'switch'; readonly kernel: string; readonly name: string }
  /** The project has an environment that is no kernel yet. */
  | { readonly kind: 'use'; readonly project: string }
  /** The project has a lock, or at least says what it needs. */
  | { readonly kind: 'create'; readonly from: string };

/** What a remedy can be: nothing but the switch is done without a click, so what is not sure is not offered. */
export function remedyOf(found: IProject): Remedy | null {
  const { project, kernel, kernels, environment, lock } = found;
  if (project === null) {
    return null;
  }
  if (kernel !== null) {
    const row = kernels.find(each => each.id === kernel);
    return { kind: 'switch', kernel, name: row?.display_name || kernel };
  }
  if (environment.python !== null) {
    return { kind: 'use', project: project.name };
  }
  return lock.path === null ? null : { kind: 'create', from: lock.path };
}

/** The same where the project's own kernel has lost its environment: what it needs may also come from the manifest. */
export function repairOf(found: IProject, row: IKernelRow): Remedy | null {
  const remedy = remedyOf(found);
  const manifest = found.project?.manifest ?? null;
  if (remedy === null && row.current && manifest !== null) {
    return { kind: 'create', from: manifest };
  }
  return remedy;
}
