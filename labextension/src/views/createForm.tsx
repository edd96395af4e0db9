/** The form that makes an environment. Props in, elements and a value out; nothing is asked of a server here. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { refusalText } from '../commands/words';
import {
  ENGINES,
  IFound,
  IForm,
  askFor,
  emptyForm,
  isRight,
  otherPythons,
  ownPython,
  problemsOf
} from '../create/plan';
import {
  foundText,
  ownEngineText,
  ownPythonText,
  planText,
  pythonText
} from '../create/words';
import { Check, Text } from './fields';

interface IProps {
  readonly form: IForm;
  readonly found: IFound;
  readonly trans: TranslationBundle;
  readonly change: (part: Partial<IForm>) => void;
}

/** The body of the dialog. */
export class CreateForm extends ReactWidget {
  constructor(
    private readonly _found: IFound,
    packages: ReadonlyArray<string>,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlenv-Form');
    this._form = emptyForm(_found, packages);
  }

  getValue(): IForm {
    return this._form;
  }

  /** Whether the form can be sent; if not, the first field that is wrong is shown. */
  isRight(): boolean {
    const right = isRight(problemsOf(this._form));
    if (!right) {
      this.node.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
    return right;
  }

  protected override render(): React.JSX.Element {
    return (
      <Fields
        form={this._form}
        found={this._found}
        trans={this._trans}
        change={part => {
          this._form = { ...this._form, ...part };
          this.update();
        }}
      />
    );
  }

  private _form: IForm;
}

function Fields(props: IProps): React.JSX.Element {
  const { form, found, trans, change } = props;
  const { notebook } = found;
  return (
    <>
      <p className="jp-mlenv-Form-found">{foundText(trans, found)}</p>
      <Packages {...props} />
      {notebook !== null && found.asks ? (
        <Check
          label={trans.__('Packages that this notebook asks for')}
          on={form.fromNotebook}
          change={fromNotebook => change({ fromNotebook })}
        />
      ) : null}
      <Pythons {...props} />
      <Engines {...props} />
      <KernelName {...props} />
      <Plan {...props} />
    </>
  );
}

function Packages({ form, trans, change }: IProps): React.JSX.Element {
  const wrong = problemsOf(form).packages;
  const error = wrong === null ? '' : refusalText(trans, wrong.why, wrong.text);
  return (
    <Text
      name="packages"
      label={trans.__('Packages to add')}
      placeholder={trans.__('for example: numpy pandas<3')}
      value={form.packages}
      error={error}
      change={packages => change({ packages })}
    />
  );
}

function KernelName({ form, trans, change }: IProps): React.JSX.Element {
  const error = problemsOf(form).kernelName
    ? trans.__('1 to 64 of a-z, 0-9, - and _, no - or _ at the ends')
    : '';
  return (
    <Text
      name="kernel"
      label={trans.__('Name of the kernel')}
      placeholder={trans.__('made from the folder’s name')}
      value={form.kernelName}
      error={error}
      change={kernelName => change({ kernelName })}
    />
  );
}

function Pythons({ form, found, trans, change }: IProps): React.JSX.Element {
  const others = otherPythons(found.pythons);
  return (
    <>
      <label className="jp-mlenv-Form-row">
        <span>{trans.__('Python')}</span>
        <HTMLSelect
          name="python"
          value={form.python}
          onChange={event => change({ python: event.currentTarget.value })}
        >
          <option value="">{ownPythonText(trans, found)}</option>
          {others.map(python => (
            <option
              key={python.path}
              value={askFor(python)}
              disabled={!python.allowed}
            >
              {pythonText(trans, python)}
            </option>
          ))}
        </HTMLSelect>
      </label>
      {ownPython(found.pythons) === null && form.engine !== 'conda' ? (
        <Check
          label={trans.__('Download the Python that is wanted')}
          on={form.fetch}
          change={fetch => change({ fetch })}
        />
      ) : null}
    </>
  );
}

function Engines({ form, found, trans, change }: IProps): React.JSX.Element {
  return (
    <label className="jp-mlenv-Form-row">
      <span>{trans.__('Made with')}</span>
      <HTMLSelect
        name="engine"
        value={form.engine}
        onChange={event => change({ engine: event.currentTarget.value })}
      >
        <option value="">{ownEngineText(trans, found)}</option>
        {ENGINES.filter(name => name !== found.project.engine).map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
}

function Plan({ form, found, trans }: IProps): React.JSX.Element {
  return (
    <div className="jp-mlenv-Form-plan" role="status">
      <span>{trans.__('What will happen')}</span>
      <ol>
        {planText(trans, form, found).map(line => (
          <li key={line}>{line}</li>
        ))}
      </ol>
    </div>
  );
}
