/** What a notebook asks for, to be agreed to: nothing that is in doubt is taken unless somebody says so. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IOffer, offersOf } from '../create/plan';
import { doubtText } from '../create/words';
import type { IProposal } from '../wire/proposals';
import { Check } from './fields';

export class ProposalForm extends ReactWidget {
  constructor(
    private readonly _proposal: IProposal,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlenv-Form');
    this._offers = offersOf(_proposal);
  }

  getValue(): ReadonlyArray<string> {
    return this._offers.flatMap(one => (one.taken ? one.requirement : []));
  }

  protected override render(): React.JSX.Element {
    const trans = this._trans;
    const set = (index: number, taken: boolean): void => {
      this._offers = this._offers.map((one, place) =>
        place === index ? { ...one, taken } : one
      );
      this.update();
    };
    return (
      <>
        <p className="jp-mlenv-Form-found">
          {this._offers.length === 0
            ? trans.__('The notebook asks for no package.')
            : trans.__('These packages will be installed and locked:')}
        </p>
        {this._offers.map((one, index) => (
          <Check
            key={index}
            label={one.requirement || one.said}
            note={doubtText(trans, one)}
            on={one.taken}
            disabled={one.requirement === ''}
            change={taken => set(index, taken)}
          />
        ))}
        {this._proposal.notes.slice(0, 12).map((note, index) => (
          <p key={index} className="jp-mlenv-Form-note">
            {note}
          </p>
        ))}
      </>
    );
  }

  private _offers: ReadonlyArray<IOffer>;
}
