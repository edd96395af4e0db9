/** A notebook without a kernel: why, and what is offered, as its notification says it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IKernelOffer } from '../tokens';
import { ToneIcon } from './icons';
import { Button } from './parts';

export function OfferCard(props: {
  readonly offer: IKernelOffer;
  readonly trans: TranslationBundle;
}): React.JSX.Element {
  const { offer, trans } = props;
  return (
    <section
      className="jp-mlenv-Verdict"
      data-tone="bad"
      data-verdict="no-kernel"
      aria-label={trans.__('Kernel of this notebook')}
    >
      <h3 className="jp-mlenv-Verdict-head">
        <ToneIcon tone="bad" />
        <span>{trans.__('No kernel')}</span>
      </h3>
      <p className="jp-mlenv-Verdict-reason jp-mlenv-outside">
        {offer.message}
      </p>
      <div className="jp-mlenv-Verdict-actions">
        {offer.actions.map(({ label, caption, run }, index) => (
          <Button
            key={label}
            label={label}
            title={caption}
            kind={index === 0 ? 'main' : 'plain'}
            onClick={run}
          />
        ))}
      </div>
    </section>
  );
}
