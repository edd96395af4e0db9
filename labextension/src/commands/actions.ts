/** Pure: what each command asks of the server, and what follows. No JupyterLab here. */

import type { IJob } from '../wire/answers';
import { COMMANDS, Command, IArguments } from './ids';
import type { IJobRequest } from '../tokens';

/** The job of a command; `null` where it is none of the server's. */
export function requestOf(
  command: Command,
  args: IArguments,
  path: string
): IJobRequest | null {
  const yes = { '--yes': true } as const;
  switch (command) {
    case COMMANDS.add:
      return { verb: 'add', path, arguments: args.packages ?? [] };
    case COMMANDS.remove:
      return {
        verb: 'remove',
        path,
        arguments: args.package === undefined ? [] : [args.package]
      };
    case COMMANDS.create:
      return { verb: 'create', path, arguments: args.packages ?? [] };
    case COMMANDS.freeze:
    case COMMANDS.lock:
    case COMMANDS.sync:
    case COMMANDS.undo:
      return { verb: command.slice('mlenv:'.length), path };
    case COMMANDS.delete:
      return { verb: 'delete', path, options: yes };
    case COMMANDS.repair:
      return {
        verb: 'kernels',
        path,
        arguments: args.kernel ? ['repair', args.kernel] : ['repair']
      };
    case COMMANDS.prune:
      return { verb: 'kernels', path, arguments: ['prune'] };
    default:
      return null;
  }
}

/** What is done when a job has ended well. */
export interface IFollow {
  /** Read the list of kernels anew. */
  readonly refresh: boolean;
  /** Run the notebook in this kernel. */
  readonly use: string | null;
}

export function following(job: IJob): IFollow {
  const { outcome } = job;
  const made =
    job.verb === 'create' || job.verb === 'use' || isRepair(job.arguments);
  if (job.state !== 'done' || outcome === null || outcome.dry_run) {
    return { refresh: false, use: null };
  }
  return {
    refresh: made || job.verb === 'delete' || job.verb === 'kernels',
    use: made && outcome.ok ? outcome.kernel : null
  };
}

function isRepair(words: ReadonlyArray<string>): boolean {
  return words[0] === 'repair';
}

/** Whether a job works in the project that a contents path lies in. */
export function covers(job: IJob, path: string): boolean {
  return (
    job.folder !== null &&
    (job.folder === '' ||
      path === job.folder ||
      path.startsWith(`${job.folder}/`))
  );
}

/** At most so many characters of a text, its end cut: notifications take 140. */
export function shortened(text: string, most = 140): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
