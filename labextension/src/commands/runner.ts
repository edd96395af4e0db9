/** Runs verbs to their end and tells the user: progress with Cancel, what was done, or why not. */

import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { following, shortened } from './actions';
import type { IJob } from '../wire/answers';
import { failureOf } from '../words/format';
import type { IEnvironments, IJobRequest, IRunner } from '../tokens';
import type { IFailure } from '../wire/reports';
import { doneText, progressText } from './words';
import { failureText } from '../words/jobs';

const DONE_SHOWN_MS = 6000;

export interface IRunnerParts {
  readonly environments: IEnvironments;
  readonly trans: TranslationBundle;
  /** Show the panel, where the log of jobs is. */
  readonly openPanel: () => void;
  /** Read the list of kernels anew. */
  readonly refresh: () => Promise<void>;
  /** Run the notebook at a contents path in a kernel, where that notebook is open. */
  readonly use: (path: string, kernel: string) => Promise<void>;
}

export class Runner implements IRunner {
  constructor(private readonly _parts: IRunnerParts) {}

  async run(request: IJobRequest): Promise<IJob | null> {
    const job = await this._started(request);
    if (job === null) {
      return null;
    }
    const told = this._progress(job);
    const ended = await this._ended(job, told);
    if (ended !== null) {
      await this._follow(ended, request.path ?? '');
    }
    return ended;
  }

  async ask(request: IJobRequest): Promise<IJob | null> {
    const job = await this._started(request);
    if (job === null) {
      return null;
    }
    try {
      const ended = await this._parts.environments.ended(job.id);
      if (ended.error !== null) {
        this.fail(ended.error);
      }
      return ended.error === null && ended.outcome !== null ? ended : null;
    } catch (error) {
      this.fail(failureOf(error));
      return null;
    }
  }

  /** Tell that something failed; the whole story is in the panel. */
  fail(failure: IFailure, id?: string): void {
    const { trans, openPanel } = this._parts;
    const message = shortened(failureText(failure, trans));
    const label = trans.__('Show');
    const caption = trans.__('Open the panel with the log');
    const actions = [{ label, caption, callback: openPanel }];
    this._replace(id);
    Notification.error(message, { autoClose: false, actions });
  }

  /** What told of the progress goes: a bar that was not full would keep it there for ever. */
  private _replace(id: string | undefined): void {
    if (id !== undefined) {
      Notification.dismiss(id);
    }
  }

  private async _started(request: IJobRequest): Promise<IJob | null> {
    try {
      return await this._parts.environments.start(request);
    } catch (error) {
      this.fail(failureOf(error));
      return null;
    }
  }

  /** Tell that a job runs, with a way to end it; returns the notification's id. */
  private _progress(job: IJob): string {
    const { environments, trans } = this._parts;
    const cancel = {
      label: trans.__('Cancel'),
      caption: trans.__('End what runs; the environment stays as it was'),
      callback: (event: MouseEvent) => {
        event.preventDefault();
        environments
          .cancel(job.id)
          .catch((error: unknown) => this.fail(failureOf(error)));
      }
    };
    return Notification.emit(progressText(trans, job), 'in-progress', {
      autoClose: false,
      actions: [cancel]
    });
  }

  private async _ended(job: IJob, id: string): Promise<IJob | null> {
    const { environments, trans } = this._parts;
    const follow = (_: IEnvironments, news: IJob): void => {
      if (news.id === job.id && news.state === 'running') {
        const message = progressText(trans, news);
        const progress = shareOf(news);
        Notification.update({
          id,
          message,
          type: 'in-progress',
          ...(progress === null ? {} : { progress })
        });
      }
    };
    environments.jobChanged.connect(follow);
    try {
      const ended = await environments.ended(job.id);
      this._tell(ended, id);
      return ended.state === 'done' ? ended : null;
    } catch (error) {
      this.fail(failureOf(error), id);
      return null;
    } finally {
      environments.jobChanged.disconnect(follow);
    }
  }

  private _tell(job: IJob, id: string): void {
    const { trans } = this._parts;
    if (job.state === 'failed') {
      this.fail(job.error ?? failureOf(job.outcome?.lines[0] ?? ''), id);
      return;
    }
    const isDone = job.state === 'done';
    const message = isDone
      ? doneText(trans, job)
      : shortened(trans.__('%1: %2 was cancelled', job.project, job.verb));
    this._replace(id);
    Notification.emit(message, isDone ? 'success' : 'info', {
      autoClose: DONE_SHOWN_MS
    });
  }

  private async _follow(job: IJob, path: string): Promise<void> {
    const { refresh, use } = this._parts;
    const next = following(job);
    try {
      if (next.refresh) {
        await refresh();
      }
      if (next.use !== null) {
        await use(path, next.use);
      }
    } catch (error) {
      this.fail(failureOf(error));
    }
  }
}

function shareOf(job: IJob): number | null {
  const { done, total } = job.step ?? { done: null, total: null };
  return done === null || total === null || total <= 0
    ? null
    : Math.min(1, done / total);
}
