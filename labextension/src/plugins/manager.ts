/** Provides the environments: follows the notebook in front, and compares when something may have changed. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Debouncer, Poll } from '@lumino/polling';

import { Environments } from '../model';
import { Requester } from '../request';
import { IEnvironments } from '../tokens';
import { SubjectTracker } from '../tracker';

export const PLUGIN_ID = 'mlenv:plugin';

const CHECK_EVERY_S = 5;
const AFTER_CELL_MS = 150;

export const manager: JupyterFrontEndPlugin<IEnvironments> = {
  id: PLUGIN_ID,
  description:
    'Compares what the notebook in front has loaded with what is installed and locked.',
  autoStart: true,
  provides: IEnvironments,
  requires: [INotebookTracker],
  optional: [ISettingRegistry],
  activate
};

function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  settings: ISettingRegistry | null
): IEnvironments {
  const environments = new Environments(
    new Requester(app.serviceManager.serverSettings)
  );
  const tracker = new SubjectTracker(notebooks);
  const soon = new Debouncer(() => environments.check(), AFTER_CELL_MS);
  const poll = new Poll({
    name: PLUGIN_ID,
    auto: false,
    factory: () => environments.check(),
    frequency: { interval: CHECK_EVERY_S * 1000, backoff: true, max: 60_000 },
    standby: 'when-hidden'
  });
  tracker.changed.connect(() => void environments.setSubject(tracker.subject));
  tracker.settled.connect(() => void soon.invoke());
  void app.restored.then(async () => {
    await environments.setSubject(tracker.subject);
    void poll.start();
  });
  void settings?.load(PLUGIN_ID).then(loaded => {
    const apply = (): void => {
      const seconds = loaded.get('checkEvery').composite;
      poll.frequency = {
        ...poll.frequency,
        interval: (typeof seconds === 'number' ? seconds : CHECK_EVERY_S) * 1000
      };
    };
    apply();
    loaded.changed.connect(apply);
  });
  return environments;
}
