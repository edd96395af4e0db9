/** Fields of forms: native elements, each with its label and its error beside it. */

import * as React from 'react';

/** One line of text; what is wrong with it stands below it and is told to screen readers. */
export function Text(props: {
  readonly name: string;
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly error: string;
  readonly change: (text: string) => void;
}): React.JSX.Element {
  const { name, label, placeholder, value, error, change } = props;
  const errorId = React.useId();
  return (
    <div>
      <label className="jp-mlenv-Form-row">
        <span>{label}</span>
        <input
          type="text"
          className="jp-mod-styled"
          name={name}
          value={value}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={error !== ''}
          aria-describedby={error === '' ? undefined : errorId}
          onChange={event => change(event.currentTarget.value)}
        />
      </label>
      <p className="jp-mlenv-Form-error" id={errorId} role="alert">
        {error}
      </p>
    </div>
  );
}

export function Check(props: {
  readonly label: string;
  readonly note?: string;
  readonly on: boolean;
  readonly disabled?: boolean;
  readonly change: (on: boolean) => void;
}): React.JSX.Element {
  const { label, note = '', on, disabled = false, change } = props;
  return (
    <label className="jp-mlenv-Form-check">
      <input
        type="checkbox"
        checked={on}
        disabled={disabled}
        onChange={event => change(event.currentTarget.checked)}
      />
      <span>
        {label}
        {note === '' ? null : (
          <span className="jp-mlenv-Form-note">{note}</span>
        )}
      </span>
    </label>
  );
}
