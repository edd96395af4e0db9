/** Where packages to add are typed. */

import * as React from 'react';

import { refusalText } from '../commands/words';
import { COMMANDS } from '../commands/ids';
import { parseRequirements } from '../commands/requirements';
import { IContext, forCommand } from './context';

export function AddPackage(props: { context: IContext }): React.JSX.Element {
  const { trans, commands } = props.context;
  const [typed, setTyped] = React.useState('');
  const { taken: packages, refused } = parseRequirements(typed);
  const button = forCommand(props.context, COMMANDS.add, trans.__('Add'), {
    packages
  });
  const wrong = refused[0];
  const isReady =
    packages.length > 0 && wrong === undefined && button.isEnabled === true;
  return (
    <form
      className="jp-mlenv-Add"
      onSubmit={event => {
        event.preventDefault();
        if (isReady) {
          commands.run(COMMANDS.add, { packages });
          setTyped('');
        }
      }}
    >
      <input
        type="text"
        className="jp-mod-styled jp-mlenv-Input"
        aria-label={trans.__('Packages to add')}
        aria-invalid={wrong !== undefined}
        placeholder={trans.__('Add packages')}
        value={typed}
        spellCheck={false}
        autoComplete="off"
        onChange={event => setTyped(event.target.value)}
      />
      <button
        type="submit"
        className="jp-mlenv-Button"
        data-kind="plain"
        data-name="add"
        aria-disabled={!isReady}
        title={button.isEnabled === true ? undefined : button.why}
      >
        {button.label}
      </button>
      {wrong !== undefined && (
        <p className="jp-mlenv-Add-wrong jp-mlenv-outside" role="status">
          {refusalText(trans, wrong.why, wrong.text)}
        </p>
      )}
    </form>
  );
}
