/** Pure: which cells a kernel was given, and how far each has come; told from the messages alone. */

/** What is read of a message of Jupyter; both directions. */
export interface IKernelMessage {
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly parent_header: object;
  readonly metadata: object;
  readonly content: object;
}

type Progress = 'waiting' | 'running' | 'aborted' | 'done';

interface IEntry {
  readonly cell: string;
  progress: Progress;
  replied: boolean;
  idle: boolean;
}

/** The error of a cell that mlenv's kernel did not begin: the notebook is being switched. */
const NOT_RUN = 'MlenvNotRun';
/** What hears an interrupt has ended by then. */
const STOP_MS = 3000;

/** A place in the queue: what stands behind it has waited. */
export type Place = number;

/** The cells of one connection to a kernel, in the order in which they were sent. */
export class CellQueue {
  /** Whether nothing is forgotten: the notebook is being switched, and what was aborted runs elsewhere. */
  held = false;

  /** Note a message that this front end has sent. */
  sent(message: IKernelMessage): void {
    const cell = textOf(message.metadata, 'cellId');
    if (message.header.msg_type !== 'execute_request' || cell === null) {
      return;
    }
    if (!this.held && !this._list().some(isPending)) {
      this._forget();
    }
    this._entries.set(message.header.msg_id, {
      cell,
      progress: 'waiting',
      replied: false,
      idle: false
    });
  }

  /** Note a message that has come. */
  received(message: IKernelMessage): void {
    const entry = this._entries.get(
      textOf(message.parent_header, 'msg_id') ?? ''
    );
    if (entry === undefined) {
      return;
    }
    switch (message.header.msg_type) {
      case 'execute_input':
        entry.progress = 'running';
        break;
      case 'execute_reply': {
        const aborted = textOf(message.content, 'status') === 'aborted';
        const refused = textOf(message.content, 'ename') === NOT_RUN;
        entry.progress = aborted || refused ? 'aborted' : 'done';
        entry.replied = true;
        break;
      }
      case 'status':
        entry.idle = textOf(message.content, 'execution_state') === 'idle';
        break;
    }
    this._told();
  }

  /** Where the cells begin that wait now: in order, so nothing behind the first of them runs. */
  get firstWaiting(): Place {
    const entries = this._list();
    const index = entries.findIndex(entry => entry.progress === 'waiting');
    return this._gone + (index < 0 ? entries.length : index);
  }

  /** Where the cells begin that were sent after a request; those that wait now, where it is not known. */
  after(request: string | null): Place {
    const index =
      request === null ? -1 : [...this._entries.keys()].indexOf(request);
    return index < 0 ? this.firstWaiting : this._gone + index + 1;
  }

  /** Ids of the cells from a place on that have not begun; each once. None of its code ever runs a second time. */
  from(place: Place): ReadonlyArray<string> {
    const waits = this._behind(place).filter(
      ({ progress }) => progress === 'waiting' || progress === 'aborted'
    );
    return [...new Set(waits.map(entry => entry.cell))];
  }

  /**
   * Bring what stands behind a place to its end, that none of it begins here while another kernel is started. Resolves
   * when nothing is left, or after a time: what does not hear an interrupt ends with its kernel.
   */
  async stop(
    place: Place,
    interrupt: () => Promise<void>,
    limit = STOP_MS
  ): Promise<void> {
    const end = Date.now() + limit;
    const asked = new Set<IEntry>();
    const isLeft = (): boolean => this._behind(place).some(isPending);
    while (!this._closed && isLeft() && Date.now() < end) {
      // Between two cells a kernel is deaf: each is interrupted when it has begun.
      const running = this._list().find(isRunning);
      if (running !== undefined && !asked.has(running)) {
        asked.add(running);
        await interrupt();
      } else {
        await this._news(end - Date.now());
      }
    }
  }

  /** Resolve when a request has come to its end, or the connection has. */
  async ended(request: string): Promise<void> {
    while (!this._closed) {
      const entry = this._entries.get(request);
      if (entry === undefined || (entry.replied && entry.idle)) {
        return;
      }
      await this._news();
    }
  }

  /** The connection is gone: nothing more comes. */
  close(): void {
    this._closed = true;
    this._told();
  }

  private _list(): ReadonlyArray<IEntry> {
    return [...this._entries.values()];
  }

  private _behind(place: Place): ReadonlyArray<IEntry> {
    return this._list().slice(Math.max(0, place - this._gone));
  }

  private _forget(): void {
    this._gone += this._entries.size;
    this._entries.clear();
  }

  /** Resolve with the next message, at the latest after some ms. */
  private async _news(limit?: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>(resolve => {
      this._waiters.push(resolve);
      timer = limit === undefined ? undefined : setTimeout(resolve, limit);
    });
    clearTimeout(timer);
  }

  private _told(): void {
    this._waiters.splice(0).forEach(resolve => resolve());
  }

  /** Entries that were forgotten: places stay what they are. */
  private _gone = 0;
  private _closed = false;
  private readonly _entries = new Map<string, IEntry>();
  private readonly _waiters: (() => void)[] = [];
}

function isPending(entry: IEntry): boolean {
  return entry.progress === 'waiting' || isRunning(entry);
}

function isRunning(entry: IEntry): boolean {
  return entry.progress === 'running';
}

function textOf(source: object, name: string): string | null {
  const value = (source as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : null;
}
