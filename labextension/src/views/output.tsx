/** What cells show of mlenv: a report, an advice, or the words alone where the data cannot be read. All of it is text. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { toneOf } from '../words/format';
import type { IFinding, IReport } from '../wire/reports';
import { reasonText, sentence, verdictText } from '../words/reports';
import { ToneIcon } from './icons';
import { Button, IButton } from './parts';

const MOST_ROWS = 20;

export function ReportView(props: {
  readonly report: IReport;
  readonly trans: TranslationBundle;
  readonly buttons: ReadonlyArray<IButton>;
}): React.JSX.Element {
  const { report, trans, buttons } = props;
  const { project, environment, verdict } = report;
  const rows = report.findings.filter(each => each.package !== null);
  const notes = report.findings.filter(each => each.package === null);
  return (
    <section
      className="jp-mlenv-Output"
      data-verdict={verdict}
      aria-label={trans.__('Report of mlenv')}
    >
      <p className="jp-mlenv-Output-head">
        <ToneIcon tone={toneOf(verdict)} />
        <strong>{verdictText(verdict, trans)}</strong>
        <span className="jp-mlenv-outside">
          {environment.python === null
            ? (project?.name ?? '')
            : trans.__(
                '%1, Python %2',
                project?.name ?? '',
                environment.python
              )}
        </span>
      </p>
      <p className="jp-mlenv-outside">{reasonText(report, trans)}</p>
      {rows.length > 0 && <Findings rows={rows} trans={trans} />}
      {notes.slice(0, MOST_ROWS).map((each, index) => (
        <p key={index} className="jp-mlenv-outside jp-mlenv-quiet">
          {sentence(each.reason)}
        </p>
      ))}
      <Actions buttons={buttons} />
    </section>
  );
}

function Findings(props: {
  readonly rows: ReadonlyArray<IFinding>;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const { rows, trans } = props;
  const more = rows.length - MOST_ROWS;
  return (
    <>
      <table className="jp-mlenv-Output-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Package')}</th>
            <th scope="col">{trans.__('Loaded')}</th>
            <th scope="col">{trans.__('Installed')}</th>
            <th scope="col">{trans.__('Locked')}</th>
            <th scope="col">{trans.__('Why')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((each, index) => (
            <tr key={index}>
              <th scope="row">{each.package}</th>
              <td>{each.loaded}</td>
              <td>{each.installed}</td>
              <td>{each.locked}</td>
              <td>{each.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && (
        <p className="jp-mlenv-quiet">
          {trans._n('and %1 more package', 'and %1 more packages', more)}
        </p>
      )}
    </>
  );
}

export function AdviceView(props: {
  readonly text: string;
  readonly trans: TranslationBundle;
  readonly buttons: ReadonlyArray<IButton>;
}): React.JSX.Element {
  return (
    <section
      className="jp-mlenv-Output"
      aria-label={props.trans.__('Advice of mlenv')}
    >
      <p className="jp-mlenv-Output-head">
        <ToneIcon tone="act" />
        <span className="jp-mlenv-outside">{sentence(props.text)}</span>
      </p>
      <Actions buttons={props.buttons} />
    </section>
  );
}

/** The words that stand beside the data, as in a terminal. */
export function WordsView(props: { readonly text: string }): React.JSX.Element {
  return <pre className="jp-mlenv-outside">{props.text}</pre>;
}

function Actions(props: {
  readonly buttons: ReadonlyArray<IButton>;
}): React.JSX.Element | null {
  const { buttons } = props;
  return buttons.length === 0 ? null : (
    <div className="jp-mlenv-Output-actions">
      {buttons.map((button, index) => (
        <Button
          key={button.label}
          kind={index === 0 ? 'main' : 'plain'}
          {...button}
        />
      ))}
    </div>
  );
}
