/** Reports and advice in outputs, drawn natively; elsewhere their HTML or words are shown. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { around } from '../commands/openNotebooks';
import { ADVICE, OutputRenderer, REPORT } from '../output/outputs';

/** Before HTML and text. */
const RANK = 0;

export const output: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:output',
  description: "Draws mlenv's reports and advice in outputs of cells.",
  autoStart: true,
  requires: [IRenderMimeRegistry, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    notebooks: INotebookTracker,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv');
    const parts = {
      trans,
      pathAround: (node: Node) => around(notebooks, node),
      run: (id: string, args: Record<string, string | boolean | string[]>) =>
        void app.commands.execute(id, args)
    };
    for (const mimeType of [REPORT, ADVICE]) {
      registry.addFactory(
        {
          safe: true,
          mimeTypes: [mimeType],
          createRenderer: () => new OutputRenderer(mimeType, parts)
        },
        RANK
      );
    }
  }
};
