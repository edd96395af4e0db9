/** What the status bar shows of the situation: project, Python, verdict. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { Tone, concerns, toneOf } from '../words/format';
import type { IEnvironments, IKernelOffers } from '../tokens';
import { IFailure, VERDICTS } from '../wire/reports';
import { explain, runningText } from '../words/jobs';
import { isIdle, reasonText, verdictText } from '../words/reports';
import { ToneIcon } from './icons';

interface IShown {
  readonly tone: Tone | 'busy';
  readonly place: string;
  readonly word: string;
  readonly title: string;
}

export class StatusItem extends ReactWidget {
  constructor(
    private readonly _environments: IEnvironments,
    private readonly _offers: IKernelOffers | null,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('jp-mlenv-Status');
    _environments.changed.connect(this._onChanged, this);
    _environments.jobChanged.connect(this._onChanged, this);
    _offers?.changed.connect(this._onChanged, this);
  }

  /** Whether there is anything to show. */
  get isActive(): boolean {
    return this.isWanted && this._shown() !== null;
  }

  get activeChanged(): ISignal<StatusItem, void> {
    return this._activeChanged;
  }

  /** What the settings say. */
  get isWanted(): boolean {
    return this._isWanted;
  }

  set isWanted(wanted: boolean) {
    this._isWanted = wanted;
    this._onChanged();
  }

  protected override render(): React.JSX.Element | null {
    const shown = this._shown();
    if (shown === null || !this._isWanted) {
      return null;
    }
    const { tone, place, word, title } = shown;
    return (
      <>
        <button
          type="button"
          className="jp-mlenv-Status-button jp-StatusBar-TextItem"
          data-tone={tone}
          data-verdict={this._environments.situation.report?.verdict}
          title={title}
          onClick={this._open}
        >
          <ToneIcon tone={tone} />
          {place !== '' && (
            <span className="jp-mlenv-Status-place jp-mlenv-outside">
              {place}
            </span>
          )}
          <span className="jp-mlenv-Status-word" data-widest={this._widest()}>
            {word}
          </span>
        </button>
        <span role="status" className="jp-mlenv-Status-spoken">
          {tone === 'busy' ? '' : [place, word].filter(Boolean).join(': ')}
        </span>
      </>
    );
  }

  private _shown(): IShown | null {
    const trans = this._trans;
    const { subject, report, failure } = this._environments.situation;
    if (subject === null || failure?.code === 'no-project') {
      return null;
    }
    if (failure !== null) {
      return failed(failure, trans);
    }
    if (report === null) {
      return {
        tone: 'busy',
        place: '',
        word: trans.__('Checking…'),
        title: trans.__('Environments')
      };
    }
    const { project, environment, verdict } = report;
    const offer = this._offers?.offer(subject.path) ?? null;
    const job = this._environments.jobs.find(
      each => each.state === 'running' && concerns(each, subject, project)
    );
    const place = [project?.name ?? '', shortPython(environment.python)]
      .filter(part => part !== '')
      .join(' · ');
    if (job !== undefined) {
      const word = runningText(job.verb, trans);
      return { tone: 'busy', place, word, title: word };
    }
    if (offer !== null) {
      const word = trans.__('No kernel');
      return { tone: 'bad', place, word, title: offer.message };
    }
    const idle = isIdle(report, subject);
    const title = [
      environment.prefix ?? trans.__('no environment'),
      reasonText(report, trans, idle),
      verdict === 'in-step' ? '' : report.next.text
    ]
      .filter(part => part !== '')
      .join('\n');
    return {
      tone: idle ? 'quiet' : toneOf(verdict),
      place,
      word: idle ? trans.__('No kernel') : verdictText(verdict, trans),
      title
    };
  }

  /** The longest verdict: room is kept for it, so that the items beside this one stay where they are. */
  private _widest(): string {
    return VERDICTS.map(each => verdictText(each, this._trans)).reduce(
      (widest, each) => (each.length > widest.length ? each : widest)
    );
  }

  private _onChanged(): void {
    const active = this.isActive;
    if (active !== this._wasActive) {
      this._wasActive = active;
      this._activeChanged.emit();
    }
    this.update();
  }

  private _isWanted = true;
  private _wasActive = false;
  private readonly _activeChanged = new Signal<StatusItem, void>(this);
}

function failed(failure: IFailure, trans: TranslationBundle): IShown {
  const { title, text } = explain(failure, trans);
  return {
    tone: failure.code === 'no-server' ? 'quiet' : 'bad',
    place: '',
    word: trans.__('mlenv: no answer'),
    title: [title, text, failure.where].join('\n')
  };
}

/** `3.12.1` -> `Python 3.12`: the patch release is in the panel. */
function shortPython(version: string | null): string {
  const found = /^\d+\.\d+/.exec(version ?? '');
  return found === null ? '' : `Python ${found[0]}`;
}
