/** The packages of the project in each place: loaded, installed, locked, declared. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IReport } from '../wire/reports';
import { IRow, Shown, chosen, differs } from '../words/format';
import { failureText } from '../words/jobs';
import { AddPackage } from './addPackage';
import type { IContext } from './context';
import { Rows } from './packageTable';

export function Packages(props: { context: IContext }): React.JSX.Element {
  const { trans, model } = props.context;
  const [query, setQuery] = React.useState('');
  const [shown, setShown] = React.useState<Shown>('differing');
  const { rows } = model;
  const found = chosen(rows, shown, query);
  return (
    <section className="jp-mlenv-Packages" aria-label={trans.__('Packages')}>
      <h3>{trans.__('Packages')}</h3>
      <AddPackage context={props.context} />
      <input
        type="search"
        className="jp-mod-styled jp-mlenv-Input"
        aria-label={trans.__('Search packages')}
        placeholder={trans.__('Search packages')}
        value={query}
        onChange={event => setQuery(event.target.value)}
      />
      <Groups
        context={props.context}
        rows={rows}
        shown={query === '' ? shown : null}
        choose={name => {
          setQuery('');
          setShown(name);
        }}
      />
      <Rows
        key={`${shown} ${query}`}
        context={props.context}
        rows={found}
        nothing={
          query === '' && shown === 'differing'
            ? nothingText(model.situation.report, trans)
            : trans.__('No package.')
        }
      />
      {model.failure !== null && (
        <p className="jp-mlenv-outside">{failureText(model.failure, trans)}</p>
      )}
    </section>
  );
}

function Groups(props: {
  context: IContext;
  rows: ReadonlyArray<IRow>;
  shown: Shown | null;
  choose: (name: Shown) => void;
}): React.JSX.Element {
  const { trans } = props.context;
  const { rows } = props;
  const groups: ReadonlyArray<readonly [Shown, string, number]> = [
    ['differing', trans.__('Differing'), rows.filter(differs).length],
    ['declared', trans.__('Declared'), chosen(rows, 'declared', '').length],
    ['all', trans.__('All'), rows.length]
  ];
  return (
    <div
      className="jp-mlenv-Groups"
      role="group"
      aria-label={trans.__('Which packages are shown')}
    >
      {groups.map(([name, label, count]) => (
        <button
          key={name}
          type="button"
          className="jp-mlenv-Groups-item"
          data-name={name}
          aria-pressed={props.shown === name}
          onClick={() => props.choose(name)}
        >
          {label} <span className="jp-mlenv-quiet">{count}</span>
        </button>
      ))}
    </div>
  );
}

/** Only what was measured can be said not to differ. */
function nothingText(report: IReport | null, trans: TranslationBundle): string {
  switch (report?.verdict) {
    case undefined:
      return '';
    case 'broken':
    case 'no-env':
    case 'unknown':
      return trans.__('Not compared yet.');
    case 'unlocked':
      return trans.__('There is no lock to compare with.');
    default:
      return trans.__('Nothing differs.');
  }
}
