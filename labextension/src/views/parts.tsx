/** Parts of the panel that know nothing of environments: buttons. */

import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Icon } from './icons';

export interface IButton {
  readonly label: string;
  readonly onClick: () => void;
  /** Why it cannot be clicked now; empty where it can. */
  readonly why?: string;
  readonly isEnabled?: boolean;
}

interface IButtonProps extends IButton {
  readonly kind?: 'main' | 'plain' | 'quiet';
  readonly icon?: LabIcon;
  /** Where only the icon is shown, the label is still what is read. */
  readonly isIconOnly?: boolean;
  readonly title?: string;
  readonly name?: string;
}

/** A button that stays focusable while it is disabled, so that the focus is not lost and the reason can be read. */
export function Button(props: IButtonProps): React.JSX.Element {
  const enabled = props.isEnabled ?? true;
  const kind = props.kind ?? 'plain';
  const main = kind === 'main' ? ' jp-mod-styled jp-mod-accept' : '';
  return (
    <button
      type="button"
      className={`jp-mlenv-Button${main}`}
      data-kind={kind}
      data-name={props.name}
      aria-disabled={!enabled}
      aria-label={props.isIconOnly ? props.label : undefined}
      title={enabled ? (props.title ?? tip(props)) : props.why}
      onClick={() => {
        if (enabled) {
          props.onClick();
        }
      }}
    >
      {props.icon && <Icon icon={props.icon} />}
      {!props.isIconOnly && <span>{props.label}</span>}
    </button>
  );
}

function tip(props: IButtonProps): string | undefined {
  return props.isIconOnly ? props.label : undefined;
}
