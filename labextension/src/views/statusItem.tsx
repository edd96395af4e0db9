/** What the status bar shows of the situation. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { toneOf } from '../format';
import type { IEnvironments } from '../tokens';

export class StatusItem extends ReactWidget {
  constructor(
    private readonly _environments: IEnvironments,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('jp-mlenv-Status');
    _environments.changed.connect(() => this.update());
  }

  protected override render(): React.JSX.Element | null {
    const { report } = this._environments.situation;
    if (report === null) {
      return null;
    }
    const { project, environment, verdict } = report;
    return (
      <button
        type="button"
        className="jp-mlenv-Status-button"
        data-tone={toneOf(verdict)}
        title={environment.prefix ?? this._trans.__('no environment')}
        onClick={this._open}
      >
        {project?.name ?? this._trans.__('no project')}
        {environment.python ? ` (${environment.python})` : ''} {verdict}
      </button>
    );
  }
}
