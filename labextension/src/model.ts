/** The state of the front end: one situation, the jobs, what kernels have loaded; and the questions to the server. */

import { ISignal, Signal } from '@lumino/signaling';

import * as answers from './answers';
import type {
  IJob,
  IKernelRow,
  ILoaded,
  IPackageRow,
  IProject
} from './answers';
import { failureOf, isNews } from './format';
import * as offers from './offers';
import type { IAdvice, IPythons } from './offers';
import type { IRequester } from './request';
import type {
  IEnvironments,
  IJobRequest,
  ISituation,
  ISubject
} from './tokens';
import { report } from './wire';

const FOLLOW_MS = 500;
const NOTHING: ISituation = { subject: null, report: null, failure: null };

export class Environments implements IEnvironments {
  constructor(private readonly _server: IRequester) {}

  get situation(): ISituation {
    return this._situation;
  }

  get changed(): ISignal<IEnvironments, ISituation> {
    return this._changed;
  }

  get jobs(): ReadonlyArray<IJob> {
    return [...this._jobs.values()].reverse();
  }

  get jobChanged(): ISignal<IEnvironments, IJob> {
    return this._jobChanged;
  }

  /** Look at another notebook or kernel; what was known of the old one is dropped at once. */
  async setSubject(subject: ISubject | null): Promise<void> {
    this._subject = subject;
    this._set({ ...NOTHING, subject });
    await this.check();
  }

  async check(): Promise<ISituation> {
    const subject = this._subject;
    if (subject === null) {
      return this._situation;
    }
    const asked = ++this._asked;
    let found: ISituation;
    try {
      const answer = await this._server.post(
        'check',
        report,
        this._question(subject)
      );
      found = { subject, report: answer, failure: null };
    } catch (error) {
      found = { subject, report: null, failure: failureOf(error) };
    }
    // An older answer never takes the place of a newer one.
    if (subject === this._subject && asked >= this._answered) {
      this._answered = asked;
      this._set(found);
    }
    return this._situation;
  }

  async start(request: IJobRequest): Promise<IJob> {
    const path = request.path ?? this._subject?.path ?? '';
    const job = await this._server.post('jobs', answers.job, {
      verb: request.verb,
      arguments: request.arguments ?? [],
      options: request.options ?? {},
      ...(this._subject
        ? this._question({ ...this._subject, path })
        : { path, kernel: null, loaded: null })
    });
    this._note(job);
    void this.ended(job.id);
    return job;
  }

  ended(id: string): Promise<IJob> {
    let following = this._following.get(id);
    if (following === undefined) {
      following = this._follow(id).finally(() => this._following.delete(id));
      this._following.set(id, following);
    }
    return following;
  }

  async cancel(id: string): Promise<void> {
    this._note(await this._server.delete(`jobs/${id}`, answers.job));
  }

  project(path: string): Promise<IProject> {
    return this._server.get('project', answers.project, { path });
  }

  pythons(path: string): Promise<IPythons> {
    return this._server.get('pythons', offers.pythons, { path });
  }

  advice(path: string, kernel: string, module: string): Promise<IAdvice> {
    const query = { path, kernel, module };
    return this._server.get('advice', offers.advice, query);
  }

  async packages(path: string): Promise<ReadonlyArray<IPackageRow>> {
    return (await this._server.get('packages', answers.packages, { path }))
      .packages;
  }

  async kernels(path: string): Promise<ReadonlyArray<IKernelRow>> {
    return (await this._server.get('kernels', answers.kernels, { path }))
      .kernels;
  }

  loaded(kernelId: string): ReadonlyArray<ILoaded> | null {
    return this._loaded.get(kernelId) ?? null;
  }

  setLoaded(kernelId: string, rows: ReadonlyArray<ILoaded> | null): void {
    if (rows === null) {
      this._loaded.delete(kernelId);
    } else {
      this._loaded.set(kernelId, rows);
    }
  }

  private _question(subject: ISubject): object {
    const { path, kernelId } = subject;
    const loaded = kernelId === null ? null : this.loaded(kernelId);
    return { path, kernel: kernelId, loaded };
  }

  private _set(situation: ISituation): void {
    const news = isNews(this._situation, situation);
    this._situation = situation;
    if (news) {
      this._changed.emit(situation);
    }
  }

  private _note(job: IJob): void {
    this._jobs.set(job.id, job);
    this._jobChanged.emit(job);
  }

  private async _follow(id: string): Promise<IJob> {
    for (;;) {
      const job = await this._server.get(`jobs/${id}`, answers.job);
      this._note(job);
      if (job.state !== 'running') {
        await this.check();
        return job;
      }
      await new Promise(resolve => setTimeout(resolve, FOLLOW_MS));
    }
  }

  private _subject: ISubject | null = null;
  private _situation: ISituation = NOTHING;
  private _asked = 0;
  private _answered = 0;
  private readonly _jobs = new Map<string, IJob>();
  private readonly _following = new Map<string, Promise<IJob>>();
  private readonly _loaded = new Map<string, ReadonlyArray<ILoaded>>();
  private readonly _changed = new Signal<IEnvironments, ISituation>(this);
  private readonly _jobChanged = new Signal<IEnvironments, IJob>(this);
}
