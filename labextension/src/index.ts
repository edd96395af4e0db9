/** The plugins of mlenv, and nothing else. */

import { commands } from './plugins/commands';
import { comms } from './plugins/comms';
import { create } from './plugins/create';
import { imports } from './plugins/imports';
import { kernels } from './plugins/kernels';
import { manager } from './plugins/manager';
import { missing } from './plugins/missing';
import { notify } from './plugins/notify';
import { output } from './plugins/output';
import { panel } from './plugins/panel';
import { status } from './plugins/status';
import { switcher } from './plugins/switch';

export * from './tokens';

export default [
  manager,
  switcher,
  comms,
  missing,
  kernels,
  status,
  commands,
  create,
  panel,
  notify,
  output,
  imports
];
