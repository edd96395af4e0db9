/** What the side panel shows beside the situation: packages and kernels. Asks only while it is visible. */

import { ISignal, Signal } from '@lumino/signaling';

import type { IJob, IKernelRow, IPackageRow } from '../wire/answers';
import { IRow, concerns, failureOf, rowsOf } from '../words/format';
import type { IEnvironments, ISituation } from '../tokens';
import type { IFailure } from '../wire/reports';

export class PanelModel {
  constructor(readonly environments: IEnvironments) {
    environments.changed.connect(this._onSituation, this);
    environments.jobChanged.connect(this._onJob, this);
  }

  get changed(): ISignal<PanelModel, void> {
    return this._changed;
  }

  get situation(): ISituation {
    return this.environments.situation;
  }

  /** `null` until they were asked. */
  get packages(): ReadonlyArray<IPackageRow> | null {
    return this._packages;
  }

  get kernels(): ReadonlyArray<IKernelRow> {
    return this._kernels;
  }

  /** Why packages or kernels are not there. */
  get failure(): IFailure | null {
    return this._failure;
  }

  get rows(): ReadonlyArray<IRow> {
    const { report, subject } = this.situation;
    const kernel = subject?.kernelId ?? null;
    const loaded =
      kernel === null ? [] : (this.environments.loaded(kernel) ?? []);
    return rowsOf(report, this._packages ?? [], loaded);
  }

  /** The job to show: the one that runs, or the last one that ended and was not put away. */
  get job(): IJob | null {
    const { subject, report } = this.situation;
    const found = this.environments.jobs.filter(job =>
      concerns(job, subject, report?.project ?? null)
    );
    const newest = found.find(job => job.state === 'running') ?? found[0];
    return newest === undefined || this._away.has(newest.id) ? null : newest;
  }

  putAway(job: string): void {
    this._away.add(job);
    this._changed.emit();
  }

  /** Whether somebody sees the panel; what changed meanwhile is asked when it is seen again. */
  set isVisible(visible: boolean) {
    this._isVisible = visible;
    if (visible && this._isStale) {
      void this.load();
    }
  }

  /** Ask for packages and kernels. Never rejects. */
  async load(): Promise<void> {
    const { subject, failure } = this.situation;
    this._isStale = !this._isVisible;
    const hasProject = failure === null;
    if (subject === null || !this._isVisible) {
      return;
    }
    if (!hasProject && failure.code !== 'no-project') {
      return;
    }
    const asked = ++this._asked;
    try {
      const [packages, kernels] = await Promise.all([
        hasProject ? this.environments.packages(subject.path) : [],
        this.environments.kernels(subject.path)
      ]);
      this._take(asked, packages, kernels, null);
    } catch (error) {
      this._take(asked, this._packages, this._kernels, failureOf(error));
    }
  }

  private _take(
    asked: number,
    packages: ReadonlyArray<IPackageRow> | null,
    kernels: ReadonlyArray<IKernelRow>,
    failure: IFailure | null
  ): void {
    if (asked === this._asked) {
      this._packages = packages;
      this._kernels = kernels;
      this._failure = failure;
      this._changed.emit();
    }
  }

  private _onSituation(_: unknown, situation: ISituation): void {
    const path = situation.subject?.path ?? null;
    if (path !== this._path) {
      this._path = path;
      this._asked++;
      this._packages = null;
      this._kernels = [];
      this._failure = null;
    }
    this._changed.emit();
    if (situation.report !== null || situation.failure !== null) {
      void this.load();
    }
  }

  private _onJob(_: unknown, job: IJob): void {
    this._changed.emit();
    if (job.state !== 'running') {
      void this.load();
    }
  }

  private _path: string | null = null;
  private _packages: ReadonlyArray<IPackageRow> | null = null;
  private _kernels: ReadonlyArray<IKernelRow> = [];
  private _failure: IFailure | null = null;
  private _isVisible = false;
  private _isStale = true;
  private _asked = 0;
  private readonly _away = new Set<string>();
  private readonly _changed = new Signal<PanelModel, void>(this);
}
