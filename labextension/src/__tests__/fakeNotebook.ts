/** Open notebooks, their sessions and kernels: as little of JupyterLab's as our code touches. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelSpec } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

/** A connection to a kernel; it answers, is silent or dies as the test says. */
export class FakeKernel {
  readonly anyMessage = new Signal<this, unknown>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly disposed = new Signal<this, void>(this);
  isDisposed = false;
  status: Kernel.Status = 'idle';
  interrupts = 0;
  readonly info: Promise<unknown>;
  answer: () => void = () => undefined;

  constructor(
    readonly name: string,
    readonly id = name,
    answersAtOnce = true
  ) {
    this.info = new Promise(resolve => {
      this.answer = () => resolve({});
    });
    if (answersAtOnce) {
      this.answer();
    }
  }

  die(): void {
    this.status = 'dead';
    this.statusChanged.emit('dead');
  }

  interrupt(): Promise<void> {
    this.interrupts++;
    return Promise.resolve();
  }

  get connection(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }
}

/** A session that begins as JupyterLab's does: it looks for a running kernel, then starts one, else it asks. */
export class FakeContext {
  readonly kernelPreferenceChanged = new Signal<this, void>(this);
  readonly kernelChanged = new Signal<this, void>(this);
  readonly disposed = new Signal<this, void>(this);
  isDisposed = false;
  kernel: FakeKernel | null = null;
  /** What `changeKernel` was asked for. */
  readonly asked: object[] = [];
  /** Kernels that come of `changeKernel`, in order. */
  readonly next: (FakeKernel | Error)[] = [];
  starts = 0;
  private _preference: ISessionContext.IKernelPreference = {};

  get session(): { kernel: FakeKernel | null } | null {
    return this.kernel === null ? null : { kernel: this.kernel };
  }

  get kernelPreference(): ISessionContext.IKernelPreference {
    return this._preference;
  }

  set kernelPreference(value: ISessionContext.IKernelPreference) {
    this._preference = value;
    this.kernelPreferenceChanged.emit();
  }

  initialize(): Promise<boolean> {
    return this.kernel === null ? this.startKernel() : Promise.resolve(false);
  }

  startKernel(): Promise<boolean> {
    if (this._preference.shouldStart === false) {
      return Promise.resolve(true);
    }
    this.starts++;
    const started = this.next.shift();
    if (started instanceof FakeKernel) {
      this.has(started);
    }
    return Promise.resolve(this.kernel === null);
  }

  changeKernel(options: object): Promise<FakeKernel | null> {
    this.asked.push(options);
    const next = this.next.shift();
    if (next === undefined || next instanceof Error) {
      return Promise.reject(next ?? new Error('no kernel is left'));
    }
    this.has(next);
    return Promise.resolve(next);
  }

  has(kernel: FakeKernel | null): void {
    this.kernel = kernel;
    this.kernelChanged.emit();
  }

  shutdown(): Promise<void> {
    this.has(null);
    return Promise.resolve();
  }

  dispose(): void {
    this.isDisposed = true;
    this.disposed.emit();
  }

  get context(): ISessionContext {
    return this as unknown as ISessionContext;
  }
}

export interface IFakePanel {
  readonly context: { path: string; isReady: boolean };
  readonly sessionContext: FakeContext;
  readonly title: { label: string };
  readonly isDisposed: boolean;
  readonly model: {
    defaultKernelName: unknown;
    getMetadata: (name: string) => unknown;
  };
}

/** A notebook that names a kernel. */
export function fakePanel(
  path: string,
  kernelspec: { name: unknown; display_name?: unknown }
): IFakePanel {
  const sessionContext = new FakeContext();
  return {
    context: { path, isReady: true },
    sessionContext,
    title: { label: path.split('/').at(-1) ?? path },
    get isDisposed() {
      return sessionContext.isDisposed;
    },
    model: {
      defaultKernelName: kernelspec.name,
      getMetadata: name => (name === 'kernelspec' ? kernelspec : undefined)
    }
  };
}

export function asPanel(panel: IFakePanel): NotebookPanel {
  return panel as unknown as NotebookPanel;
}

export class FakeTracker {
  readonly widgetAdded = new Signal<this, NotebookPanel>(this);
  readonly panels: NotebookPanel[] = [];

  add(...panels: IFakePanel[]): void {
    for (const panel of panels.map(asPanel)) {
      this.panels.push(panel);
      this.widgetAdded.emit(panel);
    }
  }

  find(test: (panel: NotebookPanel) => boolean): NotebookPanel | undefined {
    return this.panels.find(test);
  }

  filter(test: (panel: NotebookPanel) => boolean): NotebookPanel[] {
    return this.panels.filter(test);
  }

  forEach(each: (panel: NotebookPanel) => void): void {
    this.panels.forEach(each);
  }

  get tracker(): INotebookTracker {
    return this as unknown as INotebookTracker;
  }
}

/** The list of kernels; what is made elsewhere is seen with the next look. */
export class FakeSpecs {
  readonly specsChanged = new Signal<this, void>(this);
  specs: { kernelspecs: Record<string, KernelSpec.ISpecModel> } | null = {
    kernelspecs: {}
  };
  /** What the next look finds; `null`: what was there. */
  onDisk: ReadonlyArray<KernelSpec.ISpecModel> | null = null;
  looks = 0;

  has(...specs: KernelSpec.ISpecModel[]): void {
    const kernelspecs = Object.fromEntries(
      specs.map(spec => [spec.name, spec])
    );
    this.specs = { kernelspecs };
    this.specsChanged.emit();
  }

  refreshSpecs(): Promise<void> {
    this.looks++;
    if (this.onDisk !== null) {
      this.has(...this.onDisk);
    }
    return Promise.resolve();
  }

  get manager(): KernelSpec.IManager {
    return this as unknown as KernelSpec.IManager;
  }
}
