/** Pure: the commands of mlenv, and what they may be told. */

/** The commands that the other parts of the front end run. */
export const COMMANDS = {
  act: 'mlenv:act',
  add: 'mlenv:add',
  cancel: 'mlenv:cancel-job',
  check: 'mlenv:check',
  create: 'mlenv:create',
  delete: 'mlenv:delete',
  environment: 'mlenv:environment',
  freeze: 'mlenv:freeze',
  lock: 'mlenv:lock',
  openPanel: 'mlenv:open-panel',
  prune: 'mlenv:prune',
  remove: 'mlenv:remove',
  repair: 'mlenv:repair',
  restart: 'mlenv:restart',
  switch: 'mlenv:switch',
  sync: 'mlenv:sync',
  undo: 'mlenv:undo'
} as const;

export type Command = (typeof COMMANDS)[keyof typeof COMMANDS];

/** What a command may be told. Everything is optional; nothing else is read. */
export interface IArguments {
  readonly path?: string;
  readonly packages?: ReadonlyArray<string>;
  readonly package?: string;
  readonly kernel?: string;
  readonly job?: string;
  readonly confirm?: boolean;
}
