/** What every part of the panel is given. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { PanelModel } from '../model/panelModel';
import type { IKernelOffer } from '../tokens';
import type { IButton } from './parts';

export type Arguments = Readonly<
  Record<string, string | boolean | ReadonlyArray<string>>
>;

/** The application's commands, as far as a button needs them. */
export interface ICommands {
  run(id: string, args: Arguments): void;
  isEnabled(id: string, args: Arguments): boolean;
  /** What the command says of itself: why it is disabled, or what it does. */
  caption(id: string, args: Arguments): string;
}

export interface IContext {
  readonly model: PanelModel;
  readonly commands: ICommands;
  readonly trans: TranslationBundle;
  /** What is offered for the notebook in front, where it has no kernel. */
  readonly offer: () => IKernelOffer | null;
}

/** A button's parts for a command. */
export function forCommand(
  context: IContext,
  id: string,
  label: string,
  args: Arguments = {}
): IButton {
  const { commands } = context;
  return {
    label,
    isEnabled: commands.isEnabled(id, args),
    why: commands.caption(id, args),
    onClick: () => commands.run(id, args)
  };
}
