/** The kernels that Jupyter knows, with what is wrong with them. */

import * as React from 'react';

import type { IKernelRow } from '../wire/answers';
import type { Tone } from '../words/format';
import { IContext, forCommand } from './context';
import { ToneIcon } from './icons';
import { Button } from './parts';

const WELL = new Set(['ok', 'foreign']);

export function KernelList(props: {
  context: IContext;
}): React.JSX.Element | null {
  const { context } = props;
  const { trans, model } = context;
  const { kernels } = model;
  if (kernels.length === 0) {
    return null;
  }
  const stale = kernels.filter(each => each.ours && !isWell(each)).length;
  return (
    <details className="jp-mlenv-Kernels">
      <summary>
        <h3>{trans.__('Kernels')}</h3>{' '}
        <span className="jp-mlenv-quiet">{kernels.length}</span>
      </summary>
      <ul>
        {kernels.map(each => (
          <Kernel key={each.id} context={context} kernel={each} />
        ))}
      </ul>
      {stale > 0 && (
        <Button
          name="prune"
          {...forCommand(
            context,
            'mlenv:prune',
            trans.__('Remove stale kernels…')
          )}
        />
      )}
    </details>
  );
}

function Kernel(props: {
  context: IContext;
  kernel: IKernelRow;
}): React.JSX.Element {
  const { context, kernel } = props;
  const { trans } = context;
  const isRunning = context.model.situation.subject?.kernelName === kernel.id;
  return (
    <li data-kernel={kernel.id} data-state={kernel.state}>
      <ToneIcon tone={toneOfKernel(kernel)} />
      <div className="jp-mlenv-outside">
        <span title={kernel.prefix ?? kernel.folder}>
          {kernel.display_name || kernel.id}
        </span>
        <span className="jp-mlenv-quiet">
          {[
            stateText(kernel, context),
            isRunning ? trans.__('this notebook') : '',
            kernel.current ? trans.__('this project') : ''
          ]
            .filter(part => part !== '')
            .join(' · ')}
        </span>
        {!isWell(kernel) && kernel.reason !== '' && (
          <span className="jp-mlenv-Kernels-reason jp-mlenv-quiet">
            {kernel.reason}
          </span>
        )}
        {kernel.ours && !isWell(kernel) && (
          <Button
            name="repair"
            {...forCommand(context, 'mlenv:repair', trans.__('Repair'), {
              kernel: kernel.id
            })}
          />
        )}
      </div>
    </li>
  );
}

function isWell(kernel: IKernelRow): boolean {
  return WELL.has(kernel.state);
}

function toneOfKernel(kernel: IKernelRow): Tone {
  if (kernel.health !== 'ok') {
    return kernel.ours ? 'bad' : 'act';
  }
  return kernel.ours ? 'good' : 'quiet';
}

function stateText(kernel: IKernelRow, { trans }: IContext): string {
  const texts: Readonly<Record<string, string>> = {
    ok: trans.__('ready'),
    foreign:
      kernel.health === 'ok' ? trans.__('not made by mlenv') : kernel.health,
    shadowed: trans.__('hidden by another of the same name'),
    'broken-json': trans.__('cannot be read'),
    'environment-missing': trans.__('environment is gone'),
    'interpreter-missing': trans.__('Python is gone'),
    'interpreter-not-executable': trans.__('Python cannot be run')
  };
  return texts[kernel.state] ?? kernel.state;
}
