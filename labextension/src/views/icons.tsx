/** Our icons, drawn in strokes of the theme's colour. */

import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Tone } from '../words/format';

function icon(name: string, strokes: string): LabIcon {
  return new LabIcon({
    name: `mlenv:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">${strokes}</svg>`
  });
}

function stroke(path: string): string {
  return `<path class="jp-icon3" stroke="#616161" d="${path}"/>`;
}

const RING = 'M12 3a9 9 0 1 0 .01 0z';

export const environmentsIcon = icon(
  'environments',
  stroke('M20.5 12A8.5 8.5 0 1 1 16.2 4.6') + stroke('M8 12l3.5 3.5L20 6.5')
);

const ICONS: Readonly<Record<Tone | 'busy', LabIcon>> = {
  good: icon('good', stroke(RING) + stroke('M8 12.2l2.8 2.8L16 9.4')),
  act: icon(
    'act',
    stroke('M12 4L2.8 20h18.4z') + stroke('M12 10.5v4') + stroke('M12 17.2v.1')
  ),
  bad: icon('bad', stroke(RING) + stroke('M9 9l6 6M15 9l-6 6')),
  quiet: icon('quiet', stroke(RING) + stroke('M8.5 12h7')),
  busy: icon('busy', stroke('M12 3a9 9 0 1 1-9 9'))
};

export const refreshIcon = icon(
  'refresh',
  stroke('M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9') + stroke('M19.5 4v5h-5')
);
export const moreIcon = icon('more', stroke('M7 10l5 5 5-5'));
export const closeIcon = icon('close', stroke('M6 6l12 12M18 6L6 18'));
export const removeIcon = icon(
  'remove',
  stroke('M5 7h14M10 4h4M7 7l.8 13h8.4L17 7M10.5 11v5M13.5 11v5')
);

/** An icon beside a text that says the same: hidden from screen readers. */
export function ToneIcon(props: { tone: Tone | 'busy' }): React.JSX.Element {
  return <Icon icon={ICONS[props.tone]} tone={props.tone} />;
}

export function Icon(props: {
  icon: LabIcon;
  tone?: Tone | 'busy';
}): React.JSX.Element {
  return (
    <span className="jp-mlenv-Icon" data-tone={props.tone} aria-hidden="true">
      <props.icon.react tag={null} />
    </span>
  );
}
