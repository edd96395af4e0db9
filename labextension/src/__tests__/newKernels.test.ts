/** When the list of kernels is read anew. */

import { NewKernels } from '../kernels/newKernels';
import type { IList } from '../kernels/newKernels';
import type { ISituation } from '../tokens';
import { sampleReport, subject } from './samples';

const ROOT = '/home/ada/iris';

class List implements IList {
  specs: IList['specs'] = null;
  reads = 0;

  refreshSpecs(): Promise<void> {
    this.reads++;
    return Promise.resolve();
  }
}

function found(prefix: string | null, path = 'iris/work.ipynb'): ISituation {
  const report = sampleReport('sync');
  return {
    subject: subject({ path }),
    report: {
      ...report,
      project: { root: ROOT, name: 'iris', manifest: null },
      environment: { ...report.environment, prefix }
    },
    failure: null
  };
}

const NOTHING: ISituation = {
  subject: subject({ path: 'iris/work.ipynb' }),
  report: null,
  failure: { code: 'no-project', message: '', where: '', hint: '' }
};

let list: List;
let now: number;
let kernels: NewKernels;

beforeEach(() => {
  list = new List();
  now = 0;
  kernels = new NewKernels(list, () => now);
});

test('nothing is read where nothing has changed, or another notebook came to the front', () => {
  kernels.look(NOTHING);
  kernels.look(NOTHING);
  kernels.look(found('/env', 'other/work.ipynb'));
  kernels.look(found('/env', 'other/work.ipynb'));
  expect(list.reads).toBe(0);
});

test('an environment whose kernel is registered later is looked after until it is listed', () => {
  kernels.look(NOTHING);
  kernels.look(found('/env'));
  expect(list.reads).toBe(1);
  kernels.look(found('/env'));
  expect(list.reads).toBe(2);
  const resources = {};
  const block = { project: ROOT };
  list.specs = {
    default: 'python3',
    kernelspecs: {
      'iris-1': {
        name: 'iris-1',
        language: 'python',
        argv: [],
        display_name: 'Python (iris)',
        env: {},
        resources,
        metadata: { mlenv: block }
      }
    }
  };
  kernels.look(found('/env'));
  expect(list.reads).toBe(2);
});

test('not for ever: some environments have no kernel', () => {
  kernels.look(NOTHING);
  kernels.look(found('/env'));
  now = 61_000;
  kernels.look(found('/env'));
  expect(list.reads).toBe(1);
});
