/** The plugins of mlenv, and nothing else. */

import { commands } from './plugins/commands';
import { manager } from './plugins/manager';
import { status } from './plugins/status';

export * from './tokens';

export default [manager, status, commands];
