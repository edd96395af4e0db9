/** What the side panel shows: the project of the notebook in front, its verdict, packages, jobs, kernels. */

import * as React from 'react';

import { within } from '../words/format';
import { COMMANDS } from '../commands/ids';
import type { IReport } from '../wire/reports';
import type { ISubject } from '../tokens';
import { explain } from '../words/jobs';
import { IContext, forCommand } from './context';
import { ToneIcon } from './icons';
import { JobCard } from './jobCard';
import { KernelList } from './kernelList';
import { OfferCard } from './offerCard';
import { Packages } from './packages';
import { Button } from './parts';
import { VerdictCard } from './verdict';
import '../../style/panel.css';

export function Content(props: { context: IContext }): React.JSX.Element {
  const { context } = props;
  const { trans, model } = context;
  const { subject, failure, report } = model.situation;
  const offer = context.offer();
  return (
    <div className="jp-mlenv-Panel-content">
      <h2 className="jp-mlenv-Panel-title">{trans.__('Environments')}</h2>
      {subject === null ? (
        <NoNotebook context={context} />
      ) : failure !== null ? (
        <NoReport context={context} />
      ) : (
        <React.Fragment key={subject.path}>
          <Header context={context} subject={subject} report={report} />
          {offer === null ? (
            <VerdictCard context={context} report={report} />
          ) : (
            <OfferCard offer={offer} trans={trans} />
          )}
          <Job context={context} />
          <Packages context={context} />
          <KernelList context={context} />
        </React.Fragment>
      )}
    </div>
  );
}

function Job(props: { context: IContext }): React.JSX.Element | null {
  const { job } = props.context.model;
  return job === null ? null : <JobCard context={props.context} job={job} />;
}

function Header(props: {
  context: IContext;
  subject: ISubject;
  report: IReport | null;
}): React.JSX.Element {
  const { trans, model } = props.context;
  const { subject, report } = props;
  const kernel = model.kernels.find(each => each.id === subject.kernelName);
  const prefix = report?.environment.prefix ?? null;
  const root = report?.project?.root;
  const facts: ReadonlyArray<readonly [string, string, string | undefined]> = [
    [
      trans.__('Kernel'),
      kernel?.display_name ?? subject.kernelName ?? trans.__('none'),
      report?.kernel?.prefix
    ],
    [
      trans.__('Environment'),
      environmentText(report) ?? trans.__('none'),
      prefix ?? undefined
    ],
    [trans.__('Lock'), report?.lock.path ?? trans.__('none'), undefined]
  ];
  return (
    <div className="jp-mlenv-Header">
      <div className="jp-mlenv-Header-name jp-mlenv-outside" title={root}>
        {report?.project?.name ?? ' '}
      </div>
      <dl className="jp-mlenv-Facts">
        {facts.map(([name, text, title]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd className="jp-mlenv-outside" title={title}>
              {report === null && name !== trans.__('Kernel') ? ' ' : text}
            </dd>
          </React.Fragment>
        ))}
      </dl>
    </div>
  );
}

function environmentText(report: IReport | null): string | null {
  const prefix = report?.environment.prefix ?? null;
  if (report === null || prefix === null) {
    return null;
  }
  const { python, engine } = report.environment;
  return [
    within(prefix, report.project?.root),
    python === null ? '' : `Python ${python}`,
    engine ?? ''
  ]
    .filter(part => part !== '')
    .join(' · ');
}

function NoNotebook(props: { context: IContext }): React.JSX.Element {
  const { trans } = props.context;
  return (
    <div className="jp-mlenv-Empty" data-code="no-notebook">
      <h3>{trans.__('No notebook is open')}</h3>
      <p>
        {trans.__(
          'Open a notebook: here you see which environment it runs in, whether that is the one its project locked, and what puts it right.'
        )}
      </p>
    </div>
  );
}

/** What can be clicked where nothing could be compared. */
function Ways(props: { context: IContext; code: string }): React.JSX.Element {
  const { context, code } = props;
  const { trans } = context;
  if (code === 'no-project') {
    const label = trans.__('Create environment…');
    return (
      <Button
        name="create"
        kind="main"
        {...forCommand(context, COMMANDS.create, label)}
      />
    );
  }
  return (
    <div className="jp-mlenv-Verdict-actions">
      {code.startsWith('lock-') && (
        <Button
          name="lock"
          kind="main"
          {...forCommand(context, COMMANDS.lock, trans.__('Lock anew'))}
        />
      )}
      <Button
        name="check"
        {...forCommand(context, COMMANDS.check, trans.__('Check again'))}
      />
    </div>
  );
}

function NoReport(props: { context: IContext }): React.JSX.Element | null {
  const { context } = props;
  const { trans, model } = context;
  const { failure } = model.situation;
  if (failure === null) {
    return null;
  }
  const { title, text, code } = explain(failure, trans);
  const isEmpty = failure.code === 'no-project';
  return (
    <>
      <div className="jp-mlenv-Empty" data-code={failure.code}>
        <h3>
          {!isEmpty && <ToneIcon tone="bad" />}
          <span>{title}</span>
        </h3>
        <p className="jp-mlenv-outside">{text}</p>
        {failure.where !== '' && !isEmpty && (
          <p className="jp-mlenv-quiet jp-mlenv-outside">
            {trans.__('Where: %1', failure.where)}
          </p>
        )}
        {code !== '' && <code className="jp-mlenv-outside">{code}</code>}
        <Ways context={context} code={failure.code} />
      </div>
      <Job context={context} />
      {isEmpty && <KernelList context={context} />}
    </>
  );
}
