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
import { followSettings } from '../settings';
import { IEnvironments } from '../tokens';
import { SubjectTracker } from '../tracker';

export const PLUGIN_ID = 'mlenv:plugin';

const CHECK_EVERY_S = 5;
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
  const poll = new Poll({
    name: PLUGIN_ID,
    auto: false,
    factory: () => look(environments),
    frequency: { interval: CHECK_EVERY_S * 1000, backoff: true, max: 60_000 },
    standby: 'when-hidden'
  });
  follow(
    new SubjectTracker(notebooks),
    environments,
    new Debouncer(() => environments.check(), AFTER_CELL_MS)
  );
  listen(app, environments);
  listKernels(app, environments);
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
async function look(environments: IEnvironments): Promise<void> {
  const { failure } = await environments.check();
  if (failure !== null) {
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

/** A project or environment that was not there at the last look brings a kernel: Jupyter would list it a minute later. */
function listKernels(app: JupyterFrontEnd, environments: Environments): void {
  let known: readonly [path: string, place: string] | null = null;
  environments.changed.connect((_, { subject, report, failure }) => {
    if (subject === null || (report === null && failure === null)) {
      return;
    }
    const { project, environment } = report ?? {};
    const place = [project?.root, environment?.prefix].join('\n');
    const isNew = known?.[0] === subject.path && known[1] !== place;
    known = [subject.path, place];
    if (isNew) {
      app.serviceManager.kernelspecs.refreshSpecs().catch(() => {
        // The situation says that the server does not answer.
      });
    }
  });
}
