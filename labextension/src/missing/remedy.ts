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

/**
 * Where an environment is made anew: the contents path for `create`; `null` where `kernels repair` does what can be done,
 * or says why nothing can.
 *
 * @param row The kernel to be repaired; its environment or its Python is gone.
 * @param path The contents path that the row was asked for.
 * @param found The project there.
 * @param others The projects that mlenv has kernels of.
 */
export function recreatedAt(
  row: IKernelRow,
  path: string,
  found: IProject,
  others: ReadonlyArray<IProject>
): string | null {
  if (row.current) {
    return repairOf(found, row)?.kind === 'create' ? path : null;
  }
  const other = others.find(each => each.project?.root === row.project);
  const isLost =
    other !== undefined &&
    repairOf(other, { ...row, current: true })?.kind === 'create';
  return isLost ? other.folder : null;
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
