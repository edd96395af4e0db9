/** The three-way table. */

import * as React from 'react';

import { IRow, differs, verdictOf } from '../words/format';
import { IContext, forCommand } from './context';
import { ToneIcon, removeIcon } from './icons';
import { Button } from './parts';

/** So many rows are drawn at first; 5,000 would take seconds. */
const AT_FIRST = 100;

export function Rows(props: {
  context: IContext;
  rows: ReadonlyArray<IRow>;
  nothing: string;
}): React.JSX.Element {
  const { context, rows } = props;
  const { trans } = context;
  const [most, setMost] = React.useState(AT_FIRST);
  if (rows.length === 0) {
    return <p className="jp-mlenv-quiet">{props.nothing}</p>;
  }
  return (
    <>
      {/* The roles are written out: as a grid (narrow panel) a table loses them. */}
      <table className="jp-mlenv-Table" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader">{trans.__('package')}</th>
            <th role="columnheader">{trans.__('loaded')}</th>
            <th role="columnheader">{trans.__('installed')}</th>
            <th role="columnheader">{trans.__('locked')}</th>
            <th role="columnheader">{trans.__('declared')}</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.slice(0, most).map(row => (
            <Row key={row.name} context={context} row={row} />
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <Button
          kind="quiet"
          name="more-rows"
          label={trans._n(
            'Show %1 more package',
            'Show %1 more packages',
            Math.min(500, rows.length - most)
          )}
          onClick={() => setMost(most + 500)}
        />
      )}
    </>
  );
}

function Row(props: { context: IContext; row: IRow }): React.JSX.Element {
  const { context, row } = props;
  const { trans } = context;
  const places: ReadonlyArray<readonly [string, string, string | null]> = [
    ['loaded', trans.__('loaded'), row.loaded],
    ['installed', trans.__('installed'), row.installed],
    ['locked', trans.__('locked'), row.locked],
    ['declared', trans.__('declared'), row.declared]
  ];
  return (
    <tr
      role="row"
      data-package={row.name}
      data-kind={row.kind ?? 'in-step'}
      title={row.reason || undefined}
    >
      <Name context={context} row={row} />
      {places.map(([place, label, version]) => (
        <td
          key={place}
          role="cell"
          data-label={label}
          data-place={place}
          data-empty={version === null}
          title={[version, row.reason].filter(Boolean).join('\n') || undefined}
          className="jp-mlenv-outside"
        >
          {version ?? '–'}
        </td>
      ))}
    </tr>
  );
}

function Name(props: { context: IContext; row: IRow }): React.JSX.Element {
  const { context, row } = props;
  return (
    <th role="rowheader" scope="row">
      {differs(row) && (
        <ToneIcon
          tone={verdictOf(row.kind ?? '') === 'broken' ? 'bad' : 'act'}
        />
      )}
      <span className="jp-mlenv-outside">{row.name}</span>
      {row.declared !== null && (
        <Button
          kind="quiet"
          name="remove"
          icon={removeIcon}
          isIconOnly
          {...forCommand(
            context,
            'mlenv:remove',
            context.trans.__('Remove %1', row.name),
            { package: row.name }
          )}
        />
      )}
      {isTelling(row) && (
        <span className="jp-mlenv-Table-reason jp-mlenv-outside">
          {row.reason}
        </span>
      )}
    </th>
  );
}

/** Whether the reason says more than the versions beside it. */
function isTelling({ kind, reason }: IRow): boolean {
  return (
    kind !== null &&
    (!['missing', 'different', 'extra', 'restart'].includes(kind) ||
      reason.includes('; '))
  );
}
