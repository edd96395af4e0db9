/** When Jupyter's list of kernels is read anew because of what the last look at the files found. */

import type { KernelSpec } from '@jupyterlab/services';

import type { ISituation } from '../tokens';

/** A kernel is registered after its environment was made and tried: how long that is waited for. */
const WAITED_MS = 60_000;

export interface IList {
  readonly specs: KernelSpec.ISpecModels | null;
  refreshSpecs(): Promise<void>;
}

export class NewKernels {
  constructor(
    private readonly _list: IList,
    private readonly _now: () => number = Date.now
  ) {}

  /**
   * A project or environment that was not there at the last look brings a kernel: Jupyter would list it a minute later.
   * To be called after each look, whatever it found.
   */
  look({ subject, report, failure }: ISituation): void {
    if (subject === null || (report === null && failure === null)) {
      return;
    }
    const root = report?.project?.root ?? '';
    const prefix = report?.environment.prefix ?? '';
    const place = [root, prefix].join('\n');
    if (this._path !== subject.path) {
      this._until = 0;
    }
    const isNew = this._path === subject.path && this._place !== place;
    if (isNew) {
      this._until = this._now() + WAITED_MS;
    }
    this._path = subject.path;
    this._place = place;
    const waits =
      prefix !== '' && this._now() < this._until && !this._has(root);
    if (isNew || waits) {
      this._list.refreshSpecs().catch(() => {
        // The situation says that the server does not answer.
      });
    }
  }

  private _has(root: string): boolean {
    const specs = Object.values(this._list.specs?.kernelspecs ?? {});
    return specs.some(spec => projectOf(spec?.metadata?.['mlenv']) === root);
  }

  private _path: string | null = null;
  private _place = '';
  private _until = 0;
}

/** The project of a kernelspec's block, where it is one of mlenv. */
function projectOf(block: unknown): unknown {
  return typeof block === 'object' && block !== null && 'project' in block
    ? block.project
    : null;
}
