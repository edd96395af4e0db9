/** Icons of commands and cards, drawn in strokes of the theme's colour. */

import { LabIcon } from '@jupyterlab/ui-components';

export const createIcon = new LabIcon({
  name: 'mlenv:create',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">' +
    '<path class="jp-icon3" stroke="#616161" d="M20.5 12A8.5 8.5 0 1 1 16.2 4.6"/>' +
    '<path class="jp-icon3" stroke="#616161" d="M12 8.5v7M8.5 12h7"/></svg>'
});
