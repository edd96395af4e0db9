/** A button with a list of actions behind it, as WAI-ARIA's menu button has it. */

import * as React from 'react';

import { Icon, moreIcon } from './icons';
import type { IButton } from './parts';

export interface IMenuItem extends IButton {
  readonly name: string;
}

export function Menu(props: {
  label: string;
  items: ReadonlyArray<IMenuItem>;
}): React.JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  const button = React.useRef<HTMLButtonElement>(null);
  return (
    <div
      className="jp-mlenv-Menu"
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setOpen(false);
        }
      }}
    >
      <button
        ref={button}
        type="button"
        className="jp-mlenv-Button"
        data-kind="plain"
        data-name="more"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={props.label}
        title={props.label}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={event => {
          if (event.key === 'ArrowDown' && !isOpen) {
            event.preventDefault();
            setOpen(true);
          }
        }}
      >
        <Icon icon={moreIcon} />
      </button>
      {isOpen && (
        <MenuList
          {...props}
          close={() => {
            setOpen(false);
            button.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function MenuList(props: {
  label: string;
  items: ReadonlyArray<IMenuItem>;
  close: () => void;
}): React.JSX.Element {
  const list = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    entries(list.current)[0]?.focus();
  }, []);
  return (
    <div
      ref={list}
      role="menu"
      tabIndex={-1}
      aria-label={props.label}
      className="jp-mlenv-Menu-list"
      onKeyDown={event => onMenuKey(event, props.close)}
    >
      {props.items.map(item => (
        <MenuItem key={item.name} item={item} close={props.close} />
      ))}
    </div>
  );
}

function MenuItem(props: {
  item: IMenuItem;
  close: () => void;
}): React.JSX.Element {
  const { item } = props;
  const enabled = item.isEnabled ?? true;
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className="jp-mlenv-Menu-item"
      data-name={item.name}
      aria-disabled={!enabled}
      onClick={() => {
        if (enabled) {
          props.close();
          item.onClick();
        }
      }}
    >
      <span>{item.label}</span>
      {!enabled && item.why && (
        <span className="jp-mlenv-Menu-why">{item.why}</span>
      )}
    </button>
  );
}

function entries(list: HTMLElement | null): ReadonlyArray<HTMLElement> {
  return Array.from(
    list?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? []
  );
}

function onMenuKey(
  event: React.KeyboardEvent<HTMLDivElement>,
  close: () => void
): void {
  const all = entries(event.currentTarget);
  const at = all.findIndex(each => each === document.activeElement);
  const to: Readonly<Record<string, number>> = {
    ArrowDown: (at + 1) % all.length,
    ArrowUp: (at - 1 + all.length) % all.length,
    Home: 0,
    End: all.length - 1
  };
  const target = to[event.key];
  if (event.key === 'Escape') {
    close();
  } else if (target === undefined) {
    return;
  } else {
    all[target]?.focus();
  }
  event.preventDefault();
  event.stopPropagation();
}
