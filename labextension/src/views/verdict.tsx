/** The verdict, why, and what mends it: one main button, the other actions behind a second one. */

import * as React from 'react';

import { toneOf, verdictOf } from '../words/format';
import type { IFinding, IReport } from '../wire/reports';
import {
  actionText,
  isIdle,
  reasonText,
  sentence,
  verdictText
} from '../words/reports';
import { IContext, forCommand } from './context';
import { ToneIcon } from './icons';
import { IMenuItem, Menu } from './menu';
import { Button } from './parts';

export function VerdictCard(props: {
  context: IContext;
  report: IReport | null;
}): React.JSX.Element {
  const { context, report } = props;
  const { trans } = context;
  const idle =
    report !== null && isIdle(report, context.model.situation.subject);
  const tone =
    report === null ? 'busy' : idle ? 'quiet' : toneOf(report.verdict);
  return (
    <section
      className="jp-mlenv-Verdict"
      data-tone={tone}
      data-verdict={report?.verdict ?? 'checking'}
      aria-label={trans.__('Verdict')}
    >
      <h3 className="jp-mlenv-Verdict-head">
        <ToneIcon tone={tone} />
        <span>
          {report === null
            ? trans.__('Checking…')
            : idle
              ? trans.__('No kernel')
              : verdictText(report.verdict, trans)}
        </span>
      </h3>
      <p className="jp-mlenv-Verdict-reason">
        {report === null ? ' ' : reasonText(report, trans, idle)}
      </p>
      {report !== null && <Others report={report} />}
      <Hint report={report} />
      <div className="jp-mlenv-Verdict-actions">
        <MainButton context={context} report={report} />
        <Menu label={trans.__('More actions')} items={menuItems(context)} />
      </div>
    </section>
  );
}

/** What concerns no single package and is not said above: a wrong Python, what could not be measured, notes. */
function Others(props: { report: IReport }): React.JSX.Element | null {
  const { report } = props;
  const lines = report.findings.filter(
    each => each.package === null && !isHead(each, report)
  );
  return lines.length === 0 ? null : (
    <ul className="jp-mlenv-Verdict-notes">
      {lines.map((each, index) => (
        <li key={index} className="jp-mlenv-outside">
          {sentence(each.reason)}
        </li>
      ))}
    </ul>
  );
}

function isHead(finding: IFinding, report: IReport): boolean {
  const first = report.findings.find(
    each => verdictOf(each.kind) === report.verdict
  );
  return finding === first && report.verdict !== 'relock';
}

/** Where no button helps, what to do is said in words. */
function Hint(props: { report: IReport | null }): React.JSX.Element | null {
  const { report } = props;
  if (
    report === null ||
    report.verdict === 'in-step' ||
    report.next.action !== 'none' ||
    report.next.text === ''
  ) {
    return null;
  }
  return (
    <p className="jp-mlenv-Verdict-hint jp-mlenv-outside">{report.next.text}</p>
  );
}

function MainButton(props: {
  context: IContext;
  report: IReport | null;
}): React.JSX.Element {
  const { context, report } = props;
  const { trans } = context;
  const label = report === null ? null : actionText(report, trans);
  // One element for both, so that the focus stays where it was.
  return label === null ? (
    <Button
      key="main"
      name="check"
      {...forCommand(context, 'mlenv:check', trans.__('Check again'))}
    />
  ) : (
    <Button
      key="main"
      name="act"
      kind="main"
      {...forCommand(context, 'mlenv:act', label)}
    />
  );
}

function menuItems(context: IContext): ReadonlyArray<IMenuItem> {
  const { trans } = context;
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['sync', trans.__('Sync with the lock')],
    ['freeze', trans.__('Accept what is installed')],
    ['lock', trans.__('Lock anew')],
    ['undo', trans.__('Undo the last change')],
    ['restart', trans.__('Restart the kernel')],
    ['switch', trans.__("Switch to the project's kernel")],
    ['create', trans.__('Create an environment…')],
    ['repair', trans.__('Repair the kernel')],
    ['delete', trans.__('Delete the environment…')],
    ['check', trans.__('Check again')]
  ];
  return rows.map(([name, label]) => ({
    name,
    ...forCommand(context, `mlenv:${name}`, label)
  }));
}
