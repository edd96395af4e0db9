/** The state of the front end: one situation, the jobs, what kernels have loaded; and the questions to the server. */

import { ISignal, Signal } from '@lumino/signaling';

import * as answers from '../wire/answers';
import type {
  IJob,
  IKernelRow,
  ILoaded,
  IPackageRow,
  IProject
} from '../wire/answers';
import { failureOf, isNews } from '../words/format';
import { Jobs } from './jobs';
import * as offers from '../wire/proposals';
import type { IAdvice, IPythons } from '../wire/proposals';
import type { IRequester } from '../wire/request';
import type {
  IEnvironments,
  IJobRequest,
  ISituation,
  ISubject
} from '../tokens';
import { reportOrFailed } from '../wire/reports';

const NOTHING: ISituation = { subject: null, report: null, failure: null };

/** A question under way, and the one that was asked since: its answer would come too late for what has changed. */
interface IRound {
  readonly subject: ISubject;
  readonly now: Promise<ISituation>;
  again: Promise<ISituation> | null;
}

export class Environments implements IEnvironments {
  constructor(
    private readonly _server: IRequester,
    isHidden: () => boolean = () => false
  ) {
    this._jobs = new Jobs(_server, () => this.check(), isHidden);
    this._jobs.changed.connect((_, job) => this._jobChanged.emit(job));
  }

  get situation(): ISituation {
    return this._situation;
  }

  get changed(): ISignal<IEnvironments, ISituation> {
    return this._changed;
  }

  get jobs(): ReadonlyArray<IJob> {
    return this._jobs.all;
  }

  get jobChanged(): ISignal<IEnvironments, IJob> {
    return this._jobChanged;
  }

  /** Look at another notebook or kernel; what was known of the old one is dropped at once. */
  async setSubject(subject: ISubject | null): Promise<void> {
    const before = this._situation.subject;
    const isSame =
      before !== null &&
      before.path === subject?.path &&
      before.kernelId === subject.kernelId;
    this._subject = subject;
    this._set(
      isSame ? { ...this._situation, subject } : { ...NOTHING, subject }
    );
    await this.check();
  }

  async check(): Promise<ISituation> {
    const subject = this._subject;
    if (subject === null) {
      return this._situation;
    }
    const round = this._round;
    if (round?.subject === subject) {
      // Asked again while an answer is awaited: one more question behind it, however often.
      round.again ??= round.now.then(() => this.check());
      return round.again;
    }
    const made: IRound = { subject, now: this._ask(subject), again: null };
    this._round = made;
    try {
      return await made.now;
    } finally {
      if (this._round === made) {
        this._round = null;
      }
    }
  }

  start(request: IJobRequest): Promise<IJob> {
    const subject = this._subject;
    const path = request.path ?? subject?.path ?? '';
    return this._jobs.start({
      verb: request.verb,
      arguments: request.arguments ?? [],
      options: request.options ?? {},
      // The kernel of the notebook in front says nothing about another path.
      ...(subject?.path === path
        ? this._question(subject)
        : { path, kernel: null, loaded: null })
    });
  }

  ended(id: string): Promise<IJob> {
    return this._jobs.ended(id);
  }

  cancel(id: string): Promise<void> {
    return this._jobs.cancel(id);
  }

  /** The server told of a job; whoever started it, its end may change the situation. */
  hear(id: string): void {
    this._jobs.hear(id);
  }

  discover(): Promise<void> {
    return this._jobs.discover();
  }

  project(path: string): Promise<IProject> {
    return this._server.get('project', answers.project, { path });
  }

  async projects(): Promise<ReadonlyArray<IProject>> {
    return (await this._server.get('projects', answers.projects)).projects;
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
      return;
    }
    this._loaded.set(kernelId, rows);
    if (this._subject?.kernelId === kernelId) {
      void this.check();
    }
  }

  private async _ask(subject: ISubject): Promise<ISituation> {
    const found = await this._answer(subject);
    // An answer about the notebook that was in front before is none.
    if (subject === this._subject) {
      this._set(found);
    }
    return this._situation;
  }

  private async _answer(subject: ISubject): Promise<ISituation> {
    try {
      const question = this._question(subject);
      const answer = await this._server.post('check', reportOrFailed, question);
      return 'error' in answer
        ? { subject, report: null, failure: answer.error }
        : { subject, report: answer, failure: null };
    } catch (error) {
      return { subject, report: null, failure: failureOf(error) };
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

  private _subject: ISubject | null = null;
  private _situation: ISituation = NOTHING;
  private _round: IRound | null = null;
  private readonly _jobs: Jobs;
  private readonly _loaded = new Map<string, ReadonlyArray<ILoaded>>();
  private readonly _changed = new Signal<IEnvironments, ISituation>(this);
  private readonly _jobChanged = new Signal<IEnvironments, IJob>(this);
}
