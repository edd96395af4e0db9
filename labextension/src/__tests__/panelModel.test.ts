/** What the panel asks for, and when. */

import { Environments } from '../model/model';
import { PanelModel } from '../model/panelModel';
import { FakeServer, settle } from './fakeServer';
import { job, sampleReport, subject } from './samples';

const SYNC = sampleReport('sync');
const KERNEL = {
  id: 'demo-1a2b3c',
  display_name: 'Python (demo)',
  state: 'ok',
  health: 'ok',
  reason: '',
  ours: true,
  folder: '/k',
  project: null,
  prefix: null,
  advice: '',
  current: true
};
const NUMPY = { name: 'numpy', declared: 'numpy', locked: '2', installed: '2' };

async function made(): Promise<{
  server: FakeServer;
  environments: Environments;
  panel: PanelModel;
}> {
  const server = new FakeServer();
  const environments = new Environments(server);
  const panel = new PanelModel(environments);
  void environments.setSubject(subject());
  server.last('check').answer(SYNC);
  await settle();
  return { server, environments, panel };
}

async function answer(server: FakeServer, packages = [NUMPY]): Promise<void> {
  server.last('packages').answer({ packages });
  server.last('kernels').answer({ kernels: [KERNEL] });
  await settle();
}

test('nothing is asked while nobody sees it; then what changed meanwhile', async () => {
  const { server, panel } = await made();
  expect(server.to('packages')).toEqual([]);
  panel.isVisible = true;
  await answer(server);
  expect(panel.packages).toEqual([NUMPY]);
  expect(panel.kernels).toHaveLength(1);
  panel.isVisible = false;
  panel.isVisible = true;
  expect(server.to('packages')).toHaveLength(1);
});

test('packages of the notebook before are not shown for this one', async () => {
  const { server, environments, panel } = await made();
  panel.isVisible = true;
  const first = [server.last('packages'), server.last('kernels')] as const;
  void environments.setSubject(subject({ path: 'b/two.ipynb' }));
  first[0].answer({ packages: [NUMPY] });
  first[1].answer({ kernels: [KERNEL] });
  await settle();
  expect(panel.packages).toBeNull();
});

test('a table that cannot be read keeps what it had, and says why', async () => {
  const { server, panel } = await made();
  panel.isVisible = true;
  await answer(server);
  void panel.load();
  server.last('packages').refuse('lock-unreadable');
  await settle();
  expect(panel.failure?.code).toBe('lock-unreadable');
  expect(panel.packages).toEqual([NUMPY]);
});

test('where no project is, kernels are still listed', async () => {
  const { server, environments, panel } = await made();
  void environments.check();
  server.last('check').refuse('no-project');
  await settle();
  panel.isVisible = true;
  server.last('kernels').answer({ kernels: [KERNEL] });
  await settle();
  expect(panel.kernels).toHaveLength(1);
  expect(server.to('packages')).toEqual([]);
});

test('the job that runs is shown, then the last one until it is put away', async () => {
  const { server, environments, panel } = await made();
  environments.hear('j1');
  server.last('jobs/j1').answer(job({ state: 'done' }));
  await settle();
  expect(panel.job?.id).toBe('j1');
  panel.putAway('j1');
  expect(panel.job).toBeNull();
  environments.hear('other');
  server.last('jobs/other').answer(job({ id: 'other', folder: 'elsewhere' }));
  await settle();
  expect(panel.job).toBeNull();
});

test('a job that ended may have changed packages and kernels', async () => {
  const { server, environments, panel } = await made();
  panel.isVisible = true;
  await answer(server);
  environments.hear('j1');
  server.last('jobs/j1').answer(job({ verb: 'kernels', state: 'done' }));
  await settle();
  expect(server.to('kernels').length).toBeGreaterThan(1);
});
