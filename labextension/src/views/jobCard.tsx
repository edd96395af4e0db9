/** A job: how far it is, what it says, and how it ended. */

import * as React from 'react';

import type { IJob } from '../wire/answers';
import type { IStep } from '../wire/reports';
import { jobText } from '../words/jobs';
import { IContext, forCommand } from './context';
import { ToneIcon, closeIcon } from './icons';
import { Button } from './parts';

const TONES = {
  running: 'busy',
  done: 'good',
  failed: 'bad',
  cancelled: 'quiet'
} as const;

export function JobCard(props: {
  context: IContext;
  job: IJob;
}): React.JSX.Element {
  const { context, job } = props;
  const { trans } = context;
  const isRunning = job.state === 'running';
  return (
    <section
      className="jp-mlenv-Job"
      data-state={job.state}
      data-verb={job.verb}
      aria-label={trans.__('Job')}
    >
      <div className="jp-mlenv-Job-head">
        <ToneIcon tone={TONES[job.state]} />
        <h3 className="jp-mlenv-outside">{jobText(job, trans)}</h3>
        {isRunning ? (
          <Button
            key="end"
            name="cancel"
            {...forCommand(context, 'mlenv:cancel-job', trans.__('Cancel'), {
              job: job.id
            })}
          />
        ) : (
          <Button
            key="end"
            name="put-away"
            kind="quiet"
            icon={closeIcon}
            isIconOnly
            label={trans.__('Close')}
            onClick={() => context.model.putAway(job.id)}
          />
        )}
      </div>
      {isRunning && <Progress context={context} step={job.step} />}
      <Result context={context} job={job} />
      <Log key={job.id} context={context} job={job} />
    </section>
  );
}

function Progress(props: {
  context: IContext;
  step: IStep | null;
}): React.JSX.Element {
  const { trans } = props.context;
  const { done, total, text } = props.step ?? {
    done: null,
    total: null,
    text: ''
  };
  const share =
    done === null || total === null || total <= 0
      ? null
      : Math.min(100, Math.max(0, Math.round((100 * done) / total)));
  return (
    <>
      <div
        className="jp-mlenv-Progress"
        role="progressbar"
        aria-label={trans.__('Progress')}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? {} : { 'aria-valuenow': share })}
      >
        <div
          className="jp-mlenv-Progress-bar"
          data-open={share === null}
          style={share === null ? {} : { inlineSize: `${share}%` }}
        />
      </div>
      <p className="jp-mlenv-Job-step jp-mlenv-outside">
        {text === '' ? ' ' : text}
      </p>
    </>
  );
}

function Result(props: {
  context: IContext;
  job: IJob;
}): React.JSX.Element | null {
  const { outcome, error } = props.job;
  if (error !== null) {
    return (
      <div className="jp-mlenv-Job-result jp-mlenv-outside">
        <p className="jp-mlenv-Job-error">{error.message}</p>
        {error.where !== '' && (
          <p className="jp-mlenv-quiet">
            {props.context.trans.__('Where: %1', error.where)}
          </p>
        )}
        {error.hint !== '' && (
          <p>{props.context.trans.__('To do: %1', error.hint)}</p>
        )}
      </div>
    );
  }
  return outcome === null ? null : (
    <ul className="jp-mlenv-Job-result jp-mlenv-outside">
      {outcome.lines.map((line, index) => (
        <li key={index}>{line}</li>
      ))}
    </ul>
  );
}

/** The log follows its end, until somebody scrolls up in it. */
function Log(props: {
  context: IContext;
  job: IJob;
}): React.JSX.Element | null {
  const { trans } = props.context;
  const { log, state } = props.job;
  const box = React.useRef<HTMLPreElement>(null);
  const follows = React.useRef(true);
  const text = log.join('\n');
  // After every drawing: a panel that was hidden cannot be scrolled before it is seen.
  React.useLayoutEffect(() => {
    if (box.current !== null && follows.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  });
  return log.length === 0 ? null : (
    <details className="jp-mlenv-Log" open={state !== 'done'}>
      <summary>{trans.__('Log')}</summary>
      <pre
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={trans.__('Log')}
        className="jp-mlenv-Log-text jp-mlenv-outside"
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          follows.current = scrollHeight - clientHeight - scrollTop < 8;
        }}
      >
        {text}
      </pre>
    </details>
  );
}
