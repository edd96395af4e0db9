/** The verbs that the server runs: started here, told by events, followed to their end. */

import { ISignal, Signal } from '@lumino/signaling';

import * as answers from '../wire/answers';
import type { IJob } from '../wire/answers';
import { failureOf } from '../words/format';
import type { IRequester } from '../wire/request';

/** The server keeps as many. */
const MOST_KEPT = 20;
/** Events say when to look; this is for logs that grow between two of them, and for servers without events. */
const FOLLOW_MS = 1000;
const HIDDEN_MS = 15_000;
/** What says that a job will never be told of again. */
const GONE = new Set(['job-missing', 'no-server', 'older-server']);

export class Jobs {
  /**
   * @param _server Asks and starts.
   * @param _onEnded Awaited before a job counts as ended.
   * @param _isHidden Whether nobody looks at the page.
   */
  constructor(
    private readonly _server: IRequester,
    private readonly _onEnded: () => Promise<unknown>,
    private readonly _isHidden: () => boolean
  ) {}

  /** Newest first. */
  get all(): ReadonlyArray<IJob> {
    return [...this._jobs.values()].reverse();
  }

  get changed(): ISignal<Jobs, IJob> {
    return this._changed;
  }

  async start(body: object): Promise<IJob> {
    const job = await this._server.post('jobs', answers.job, body);
    this._note(job);
    void this.ended(job.id);
    return job;
  }

  /** Resolve when a job has ended, however; a job that the server has forgotten has failed. */
  ended(id: string): Promise<IJob> {
    const known = this._jobs.get(id);
    let following = this._following.get(id);
    if (following === undefined && known && known.state !== 'running') {
      return Promise.resolve(known);
    }
    if (following === undefined) {
      following = this._follow(id).finally(() => this._following.delete(id));
      this._following.set(id, following);
    }
    return following;
  }

  async cancel(id: string): Promise<void> {
    this._note(await this._server.delete(`jobs/${id}`, answers.job));
    this.hear(id);
  }

  /** An event told of a job: look at it now. */
  hear(id: string): void {
    if (!this._following.has(id)) {
      if (!this._jobs.has(id)) {
        void this.ended(id);
      }
      return;
    }
    this._heard.add(id);
    this._wake.get(id)?.();
  }

  /** Find jobs that were started elsewhere and still run. Never rejects. */
  async discover(): Promise<void> {
    try {
      const found = (await this._server.get('jobs', answers.jobs)).jobs;
      for (const job of found) {
        if (job.state === 'running' && !this._following.has(job.id)) {
          this._note(job);
          void this.ended(job.id);
        }
      }
    } catch {
      // The situation says why nothing can be asked.
    }
  }

  private _note(job: IJob): void {
    const before = this._jobs.get(job.id);
    const isOver = before !== undefined && before.state !== 'running';
    if (isOver || job.verb === '') {
      // Ended is ended: an older answer came late.
      return;
    }
    this._jobs.set(job.id, job);
    const ended = [...this._jobs.values()].filter(
      one => one.state !== 'running'
    );
    for (const old of ended.slice(0, Math.max(0, ended.length - MOST_KEPT))) {
      this._jobs.delete(old.id);
    }
    this._changed.emit(job);
  }

  private async _follow(id: string): Promise<IJob> {
    for (;;) {
      this._heard.delete(id);
      const job = await this._look(id);
      if (job !== null) {
        this._note(job);
        if (job.state !== 'running') {
          await this._onEnded();
          return this._jobs.get(id) ?? job;
        }
      }
      await this._pause(id);
    }
  }

  /** The job as the server has it; `null` where it could not be asked just now. */
  private async _look(id: string): Promise<IJob | null> {
    try {
      return await this._server.get(
        `jobs/${encodeURIComponent(id)}`,
        answers.job
      );
    } catch (error) {
      const failure = failureOf(error);
      if (!GONE.has(failure.code)) {
        return null;
      }
      const known = this._jobs.get(id) ?? NAMELESS;
      return { ...known, id, state: 'failed', error: failure };
    }
  }

  private _pause(id: string): Promise<void> {
    if (this._heard.has(id)) {
      return Promise.resolve();
    }
    return new Promise(resolve => {
      const go = (): void => {
        clearTimeout(timer);
        this._wake.delete(id);
        resolve();
      };
      const timer = setTimeout(go, this._isHidden() ? HIDDEN_MS : FOLLOW_MS);
      this._wake.set(id, go);
    });
  }

  private readonly _jobs = new Map<string, IJob>();
  private readonly _following = new Map<string, Promise<IJob>>();
  private readonly _heard = new Set<string>();
  private readonly _wake = new Map<string, () => void>();
  private readonly _changed = new Signal<Jobs, IJob>(this);
}

/** A job of which nothing is known but that it is gone. */
const NAMELESS: IJob = {
  id: '',
  verb: '',
  arguments: [],
  folder: null,
  project: '',
  state: 'failed',
  step: null,
  log: [],
  outcome: null,
  error: null
};
