/** Notifications: once for each change, with the action as a button. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { concerns } from '../words/format';
import { IMemory, INotice, IToaster, Level, Notices } from '../notices/notices';
import { followSettings } from '../model/settings';
import { IEnvironments, IKernelOffers } from '../tokens';

/** What is no danger goes by itself; the status item stays. */
const SHORT_MS = 20_000;

export const notify: JupyterFrontEndPlugin<void> = {
  id: 'mlenv:notify',
  description: 'Tells once when a notebook falls out of step.',
  autoStart: true,
  requires: [IEnvironments],
  optional: [IKernelOffers, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    offers: IKernelOffers | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv');
    const notices = new Notices(new Toaster(app), memory, trans);
    const look = (): void => {
      const { situation } = environments;
      if (offers?.offer(situation.subject?.path ?? '')) {
        // A notebook without a kernel: the offer says it, and how it is mended.
        notices.withdraw();
        return;
      }
      const project = situation.report?.project ?? null;
      const isWorking = environments.jobs.some(
        job =>
          job.state === 'running' && concerns(job, situation.subject, project)
      );
      notices.look(situation, isWorking);
    };
    // Not before it is known whether anything may be told.
    void followSettings(settings, read => {
      notices.level = levelOf(read('notifications'));
    }).then(() => {
      environments.changed.connect(look);
      offers?.changed.connect(look);
      look();
    });
    environments.jobChanged.connect((_, job) => {
      if (job.state === 'running') {
        look();
      } else {
        // Its end counts when the situation after it is known.
        void environments.ended(job.id).then(look);
      }
    });
  }
};

function levelOf(setting: unknown): Level {
  return setting === 'none' || setting === 'important' ? setting : 'all';
}

class Toaster implements IToaster {
  constructor(private readonly _app: JupyterFrontEnd) {}

  show(notice: INotice): string {
    return Notification.emit(notice.text, notice.kind, {
      autoClose: notice.stays ? false : SHORT_MS,
      actions: [
        {
          label: notice.button,
          displayType: 'accent',
          callback: () => {
            void this._app.commands.execute(notice.command, {
              path: notice.path
            });
          }
        }
      ]
    });
  }

  dismiss(id: string): void {
    Notification.dismiss(id);
  }
}

const memory: IMemory = {
  get: key => {
    try {
      return sessionStorage.getItem(`mlenv:told:${key}`);
    } catch {
      return null;
    }
  },
  set: (key, text) => {
    try {
      if (text === null) {
        sessionStorage.removeItem(`mlenv:told:${key}`);
      } else {
        sessionStorage.setItem(`mlenv:told:${key}`, text);
      }
    } catch {
      // No storage (private window): told again after a reload.
    }
  }
};
