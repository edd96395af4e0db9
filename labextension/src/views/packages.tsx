/** The packages of the project in each place: loaded, installed, locked, declared. */

import * as React from 'react';

import { IRow, Shown, chosen, differs } from '../format';
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
            ? trans.__('Nothing differs.')
            : trans.__('No package.')
        }
      />
      <AddPackage context={props.context} />
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
