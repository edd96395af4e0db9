/**
 * Widgets that draw mlenv's bundles in outputs; how they look is loaded with the first one.
 * Nothing is asked of a server for it, and nothing runs unclicked.
 */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IDeed, deedOf, deedOfReport } from './advising';
import { COMMANDS } from '../commands/ids';
import { advice } from '../wire/proposals';
import type * as Views from '../views/output';
import type { IButton } from '../views/parts';
import { report } from '../wire/reports';

export const REPORT = 'application/vnd.mlenv.report.v1+json';
export const ADVICE = 'application/vnd.mlenv.advice.v1+json';

export interface IOutputParts {
  readonly trans: TranslationBundle;
  /** Contents path of the open notebook that an element is part of. */
  readonly pathAround: (node: Node) => string | undefined;
  readonly run: (
    id: string,
    args: Readonly<Record<string, string | boolean | string[]>>
  ) => void;
}

type Drawn = (
  data: unknown,
  buttons: (deed: IDeed | null) => ReadonlyArray<IButton>
) => React.JSX.Element;

export class OutputRenderer
  extends ReactWidget
  implements IRenderMime.IRenderer
{
  constructor(
    private readonly _mimeType: string,
    private readonly _parts: IOutputParts
  ) {
    super();
    this.addClass('jp-mlenv-OutputRenderer');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._views = await import('../views/output');
    this._model = model;
    this.update();
    await this.renderPromise;
  }

  protected override render(): React.JSX.Element | null {
    const model = this._model;
    const views = this._views;
    if (model === null || views === null) {
      return null;
    }
    try {
      return this._draw(views)(model.data[this._mimeType], deed =>
        model.trusted ? this._buttons(deed) : []
      );
    } catch {
      // Of another version, or no data of mlenv at all.
      return <views.WordsView text={wordsOf(model.data['text/plain'])} />;
    }
  }

  private _draw(views: typeof Views): Drawn {
    const { trans } = this._parts;
    return this._mimeType === REPORT
      ? (data, buttons) => {
          const told = report(data);
          const deeds = buttons(deedOfReport(told, trans));
          return (
            <views.ReportView report={told} trans={trans} buttons={deeds} />
          );
        }
      : (data, buttons) => {
          const told = advice(data);
          const deeds = buttons(deedOf(told, trans));
          return (
            <views.AdviceView text={told.text} trans={trans} buttons={deeds} />
          );
        };
  }

  private _buttons(deed: IDeed | null): ReadonlyArray<IButton> {
    if (deed === null) {
      return [];
    }
    const { pathAround, run, trans } = this._parts;
    return [
      {
        label: deed.label,
        onClick: () => {
          const path = pathAround(this.node);
          const packages = [...(deed.args.packages ?? [])];
          if (path !== undefined) {
            run(deed.command, {
              path,
              confirm: true,
              ...(packages.length > 0 ? { packages } : {})
            });
          }
        }
      },
      {
        label: trans.__('Show'),
        onClick: () => run(COMMANDS.openPanel, {})
      }
    ];
  }

  private _views: typeof Views | null = null;
  private _model: IRenderMime.IMimeModel | null = null;
}

function wordsOf(plain: unknown): string {
  const lines: ReadonlyArray<unknown> = Array.isArray(plain) ? plain : [plain];
  return lines.filter(line => typeof line === 'string').join('');
}
