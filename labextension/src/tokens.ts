/** What mlenv's plugins share, and other extensions may use: the token of the environments and its shapes. */

import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type {
  IJob,
  IKernelRow,
  ILoaded,
  IPackageRow,
  IProject
} from './wire/answers';
import type { IAdvice, IPythons } from './wire/proposals';
import type { IFailure, IReport } from './wire/reports';

/** The notebook that is in front, and its kernel. */
export interface ISubject {
  /** Contents path of the notebook; of a folder where no notebook is open. */
  readonly path: string;
  readonly isNotebook: boolean;
  /** Id of the running kernel; `null` without one. */
  readonly kernelId: string | null;
  /** Id of its kernelspec. */
  readonly kernelName: string | null;
  /** Whether nobody knows yet if it gets a kernel: it has just been opened. */
  readonly isOpening: boolean;
}

/** What is known of a subject. */
export interface ISituation {
  readonly subject: ISubject | null;
  readonly report: IReport | null;
  /** Why there is no report. */
  readonly failure: IFailure | null;
}

/** One verb to be run by the server. */
export interface IJobRequest {
  readonly verb: string;
  readonly arguments?: ReadonlyArray<string>;
  readonly options?: Readonly<
    Record<string, string | true | ReadonlyArray<string>>
  >;
  /** Contents path; default: the subject's. */
  readonly path?: string;
}

/** The environments of this server, as the front end sees them. */
export interface IEnvironments {
  readonly situation: ISituation;
  /** Emitted when the situation is another one. */
  readonly changed: ISignal<IEnvironments, ISituation>;
  /** Jobs of this server that are known here, newest first. */
  readonly jobs: ReadonlyArray<IJob>;
  readonly jobChanged: ISignal<IEnvironments, IJob>;

  /** Compare again, now. Never rejects: a failure is part of the situation. */
  check(): Promise<ISituation>;
  /** Start a verb. Rejects with `MlenvError` where the server refuses it; resolves as soon as it runs. */
  start(request: IJobRequest): Promise<IJob>;
  /** Resolve when a job has ended, however it ended. */
  ended(id: string): Promise<IJob>;
  cancel(id: string): Promise<void>;

  project(path: string): Promise<IProject>;
  /** The projects that mlenv has kernels of. */
  projects(): Promise<ReadonlyArray<IProject>>;
  pythons(path: string): Promise<IPythons>;
  /** What helps against `No module named ...`, for kernels that do not say it themselves. */
  advice(path: string, kernelId: string, module: string): Promise<IAdvice>;
  packages(path: string): Promise<ReadonlyArray<IPackageRow>>;
  kernels(path: string): Promise<ReadonlyArray<IKernelRow>>;

  /** What a kernel has loaded, as it told last; `null` where it never did. */
  loaded(kernelId: string): ReadonlyArray<ILoaded> | null;
  /** Note what a kernel told; a later `null` forgets it (it was restarted). */
  setLoaded(kernelId: string, rows: ReadonlyArray<ILoaded> | null): void;
}

export const IEnvironments = new Token<IEnvironments>(
  'mlenv:IEnvironments',
  'The verdict on the notebook in front, and the jobs that mend it.'
);

/** Switches notebooks to kernels. */
export interface ISwitcher {
  /**
   * Run a notebook in another kernel, the list of kernels read anew, and prove that it answers; one more try.
   * Rejects with `MlenvError`.
   *
   * @param path Contents path of an open notebook.
   * @param kernel Id of a kernelspec of mlenv.
   * @param request Id of the message that ran the cell which asks for it: that cell comes to its end first. The cells
   *     that waited behind it (default: all that wait now) run afterwards in the new kernel.
   */
  use(path: string, kernel: string, request?: string | null): Promise<void>;
}

export const ISwitcher = new Token<ISwitcher>(
  'mlenv:ISwitcher',
  "Switches an open notebook to its project's kernel."
);

/** Runs a verb to its end, and tells the user: progress with Cancel, then what was done or why not. */
export interface IRunner {
  /**
   * Run one verb. When it has ended well, the list of kernels is read anew, and an open notebook at the request's path
   * is switched to the kernel that was made. Never rejects: what fails is told, and `null` comes back.
   */
  run(request: IJobRequest): Promise<IJob | null>;
  /** Run a verb that changes nothing, without telling more than failures. */
  ask(request: IJobRequest): Promise<IJob | null>;
  /** Tell that something failed. */
  fail(failure: IFailure): void;
}

export const IRunner = new Token<IRunner>(
  'mlenv:IRunner',
  'Runs verbs of mlenv, with progress and an end that is told.'
);

/** One button of an offer. */
export interface IOfferAction {
  readonly label: string;
  readonly caption: string;
  run(): void;
}

/** What is offered for a notebook that has no kernel. */
export interface IKernelOffer {
  /** Contents path of the notebook. */
  readonly path: string;
  /** Whether its kernel is here and has lost its environment; else the kernel is not here. */
  readonly isGone: boolean;
  readonly message: string;
  /** The best one first; the last one opens JupyterLab's own choice of kernels. */
  readonly actions: ReadonlyArray<IOfferAction>;
}

/** What is offered for notebooks whose kernel is not here or cannot start. */
export interface IKernelOffers {
  /** For the notebook at a contents path; `null` where nothing is offered. */
  offer(path: string): IKernelOffer | null;
  readonly changed: ISignal<IKernelOffers, void>;
}

export const IKernelOffers = new Token<IKernelOffers>(
  'mlenv:IKernelOffers',
  'What is offered for notebooks whose kernel is not here or cannot start.'
);
