/** Provides the environments: follows the notebook in front, and compares when something may have changed. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Debouncer, Poll } from '@lumino/polling';

import { isAnswer } from '../words/format';
import { Environments } from '../model/model';
import { NewKernels } from '../kernels/newKernels';
import { Requester } from '../wire/request';
import { followSettings } from '../model/settings';
import { IEnvironments } from '../tokens';
import { SubjectTracker } from '../model/tracker';

export const PLUGIN_ID = 'mlenv:plugin';

/** A kernel made in a terminal is listed 5 s later at most: the look at the files, and that at the kernels. */
const CHECK_EVERY_S = 4;
const AFTER_CELL_MS = 150;
/** Schema of the server's events about jobs. */
const JOB_EVENT = 'urn:mlenv:job';

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
    new Requester(app.serviceManager.serverSettings),
    () => document.hidden
  );
  const kernels = new NewKernels(app.serviceManager.kernelspecs);
  environments.changed.connect((_, situation) => kernels.look(situation));
  const poll = new Poll({
    name: PLUGIN_ID,
    auto: false,
    factory: () => look(environments, kernels),
    frequency: { interval: CHECK_EVERY_S * 1000, backoff: true, max: 60_000 },
    standby: 'when-hidden'
  });
  follow(
    new SubjectTracker(notebooks),
    environments,
    new Debouncer(() => environments.check(), AFTER_CELL_MS)
  );
  listen(app, environments);
  void app.restored.then(() => poll.start());
  void followSettings(settings, read => {
    const seconds = read('checkEvery');
    poll.frequency = {
      ...poll.frequency,
      interval: (typeof seconds === 'number' ? seconds : CHECK_EVERY_S) * 1000
    };
  });
  return environments;
}

/** Reject where there was no answer: the poll then asks less and less often. */
async function look(
  environments: IEnvironments,
  kernels: NewKernels
): Promise<void> {
  const situation = await environments.check();
  kernels.look(situation);
  const { failure } = situation;
  if (failure !== null && !isAnswer(failure)) {
    throw new Error(failure.message);
  }
}

function follow(
  tracker: SubjectTracker,
  environments: Environments,
  soon: Debouncer
): void {
  let isFirst = true;
  const take = (): void => {
    const { subject } = tracker;
    void environments.setSubject(subject);
    if (isFirst && subject !== null) {
      isFirst = false;
      // Jobs of other tabs, and of this page before it was loaded anew.
      void environments.discover();
    }
  };
  tracker.restarted.connect((_, kernel) =>
    environments.setLoaded(kernel, null)
  );
  tracker.changed.connect(take);
  tracker.settled.connect(() => void soon.invoke());
  take();
}

/** What other tabs and clients start is shown here, too. */
function listen(app: JupyterFrontEnd, environments: Environments): void {
  app.serviceManager.events.stream.connect((_, event) => {
    const job = event['job'];
    if (event.schema_id === JOB_EVENT && typeof job === 'string') {
      environments.hear(job);
    }
  });
}
