/** How a kernel is repaired: its specification is written anew, or its environment is made again. */

import { recreatedAt } from '../missing/remedy';
import type { IEnvironments } from '../tokens';

const GONE = new Set(['environment-missing', 'interpreter-missing']);

/**
 * Where the environment of a kernel is to be made again before it can start: a contents path for `create`. `null` where
 * its environment is there, or nothing says what was in it. Rejects with `MlenvError`.
 *
 * @param environments The server's.
 * @param path Contents path of the notebook in front.
 * @param kernel Id of a kernelspec.
 */
export async function placeToRecreate(
  environments: IEnvironments,
  path: string,
  kernel: string
): Promise<string | null> {
  const rows = await environments.kernels(path);
  const row = rows.find(each => each.id === kernel);
  if (row === undefined || !row.ours || !GONE.has(row.health)) {
    return null;
  }
  const [found, others] = await Promise.all([
    environments.project(path),
    row.current ? [] : environments.projects()
  ]);
  return recreatedAt(row, path, found, others);
}
