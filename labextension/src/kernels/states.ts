/** How mlenv's kernels are, as the server told last: asked when the list of kernels has changed, and after each job. */

import type { KernelSpec } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import type { IKernelRow } from '../wire/answers';
import { cannotStart, isOurs } from './ours';

export interface IStatesOptions {
  readonly specs: KernelSpec.IManager;
  kernels(path: string): Promise<ReadonlyArray<IKernelRow>>;
  /** The name of a kernel that cannot start. */
  marked(name: string): string;
}

export class KernelStates {
  constructor(private readonly _of: IStatesOptions) {
    _of.specs.specsChanged.connect(() => this._listed());
  }

  /** Names were marked anew. */
  get changed(): ISignal<KernelStates, void> {
    return this._changed;
  }

  /** Whether mlenv has a kernel here at all; else nothing is asked, and nothing is changed. */
  get hasOurs(): boolean {
    return this._ours().length > 0;
  }

  /** The kernels as a contents path sees them: those of its project are `current`. None where the server cannot say. */
  async rows(path: string): Promise<ReadonlyArray<IKernelRow>> {
    return this.hasOurs
      ? this._of.kernels(path).catch(() => [])
      : Promise.resolve([]);
  }

  /** Ask the server again. */
  async refresh(): Promise<void> {
    const rows = await this.rows('');
    this._lost = new Set(rows.filter(cannotStart).map(row => row.id));
    this._mark();
  }

  /** JupyterLab has read its list anew: its own names are in it. */
  private _listed(): void {
    const ours = JSON.stringify(this._ours());
    if (ours === this._last) {
      this._mark();
      return;
    }
    this._last = ours;
    void this.refresh();
  }

  /**
   * Names are marked in the list in memory, as launcher, menus and dialogs take them from there. What a notebook saves of
   * its kernel comes from the server and never from this list.
   */
  private _mark(): void {
    for (const spec of this._ours()) {
      if (this._lost.has(spec.name) && !this._marked.has(spec)) {
        this._marked.add(spec);
        const named: { display_name: string } = spec;
        named.display_name = this._of.marked(spec.display_name);
      }
    }
    this._changed.emit();
  }

  private _ours(): KernelSpec.ISpecModel[] {
    const specs = this._of.specs.specs?.kernelspecs ?? {};
    return Object.values(specs).filter(
      (spec): spec is KernelSpec.ISpecModel =>
        spec !== undefined && isOurs(spec)
    );
  }

  private _last = '';
  private _lost: ReadonlySet<string> = new Set();
  private readonly _marked = new WeakSet<KernelSpec.ISpecModel>();
  private readonly _changed = new Signal<KernelStates, void>(this);
}
