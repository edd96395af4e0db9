/** Which notebook is in front and which kernel it has, in JupyterLab and in Notebook 7. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

import type { ISubject } from '../tokens';

/** A notebook that has no kernel by then has none, whatever may still come. */
const OPENING_MS = 10_000;

export class SubjectTracker {
  constructor(private readonly _notebooks: INotebookTracker) {
    _notebooks.currentChanged.connect(this._follow, this);
    this._follow();
  }

  get subject(): ISubject | null {
    const panel = this._panel;
    return panel === null ? null : subjectOf(panel, this._opened.has(panel));
  }

  /** Another notebook, or its kernel was changed or restarted. */
  get changed(): ISignal<SubjectTracker, void> {
    return this._changed;
  }

  /** A cell has ended: something may be installed or loaded that was not. */
  get settled(): ISignal<SubjectTracker, void> {
    return this._settled;
  }

  /** A kernel begins anew: what it had loaded is gone. */
  get restarted(): ISignal<SubjectTracker, string> {
    return this._restarted;
  }

  private _follow(): void {
    const panel = this._notebooks.currentWidget;
    if (panel === this._panel) {
      return;
    }
    if (this._panel !== null) {
      const { sessionContext } = this._panel;
      sessionContext.kernelChanged.disconnect(this._emit, this);
      sessionContext.propertyChanged.disconnect(this._emit, this);
      sessionContext.statusChanged.disconnect(this._status, this);
    }
    this._panel = panel;
    if (panel !== null) {
      const { sessionContext } = panel;
      sessionContext.kernelChanged.connect(this._emit, this);
      sessionContext.propertyChanged.connect(this._emit, this);
      sessionContext.statusChanged.connect(this._status, this);
      this._await(panel);
    }
    this._emit();
  }

  /** Without a kernel nothing else tells that a notebook is open; where the user is asked for one, it never is ready. */
  private _await(panel: NotebookPanel): void {
    const open = (): void => {
      clearTimeout(late);
      if (!this._opened.has(panel) && !panel.isDisposed) {
        this._opened.add(panel);
        if (panel === this._panel) {
          this._emit();
        }
      }
    };
    const late = setTimeout(open, OPENING_MS);
    void panel.sessionContext.ready.then(open);
  }

  private _emit(): void {
    this._changed.emit();
  }

  private _status(_: unknown, status: string): void {
    if (status === 'restarting' || status === 'autorestarting') {
      const id = this.subject?.kernelId;
      if (id) {
        this._restarted.emit(id);
      }
      this._changed.emit();
    } else if (status === 'idle' && this._busy) {
      this._settled.emit();
    }
    this._busy = status === 'busy';
  }

  private readonly _opened = new WeakSet<NotebookPanel>();
  private _busy = false;
  private _panel: NotebookPanel | null = null;
  private readonly _changed = new Signal<SubjectTracker, void>(this);
  private readonly _restarted = new Signal<SubjectTracker, string>(this);
  private readonly _settled = new Signal<SubjectTracker, void>(this);
}

export function subjectOf(panel: NotebookPanel, isOpen: boolean): ISubject {
  const kernel = panel.sessionContext.session?.kernel ?? null;
  return {
    path: panel.context.path,
    isNotebook: true,
    kernelId: kernel?.id ?? null,
    kernelName: kernel?.name ?? null,
    isOpening: kernel === null && !isOpen
  };
}
