/** The side panel "Environments". What it shows is loaded when somebody first looks at it. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { IContext } from './context';
import { environmentsIcon } from './icons';
import type { Content } from './panelContent';

export const PANEL_ID = 'mlenv-panel';

export class Panel extends ReactWidget {
  constructor(private readonly _context: IContext) {
    super();
    const { trans, model } = _context;
    this.id = PANEL_ID;
    this.addClass('jp-mlenv-Panel');
    this.title.icon = environmentsIcon;
    this.title.caption = trans.__('Environments');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Environments'));
    model.changed.connect(this.refresh, this);
  }

  protected override render(): React.JSX.Element | null {
    const Drawn = this._content;
    if (Drawn === null) {
      if (this.isVisible) {
        void this._load();
      }
      return null;
    }
    return <Drawn context={this._context} />;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._context.model.isVisible = true;
    this.update();
  }

  protected override onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this._context.model.isVisible = false;
  }

  /** Draw anew, where somebody sees it. */
  refresh(): void {
    if (this.isVisible) {
      this.update();
    }
  }

  private async _load(): Promise<void> {
    const loaded = await import('./panelContent');
    this._content = loaded.Content;
    this.update();
  }

  private _content: typeof Content | null = null;
}
