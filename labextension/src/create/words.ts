/** Pure: what the create form says, in the user's language. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { shortened } from '../commands/actions';
import { IFound, IForm, IOffer, isBare, ownPython, packagesOf } from './plan';
import type { IPython } from '../wire/proposals';

/** What was found where the environment will be. */
export function foundText(trans: TranslationBundle, found: IFound): string {
  const { project, lock, environment, folder } = found.project;
  const name = project?.name ?? '';
  const file = lock.path ?? project?.manifest ?? '';
  if (project === null || isBare(found.project)) {
    return trans.__(
      'Nothing is declared here yet: a manifest and a lock are begun in this folder.'
    );
  }
  if (folder === null) {
    return trans.__(
      '%1 lies above the folder that Jupyter shows; %2 was found there.',
      name,
      file
    );
  }
  return environment.prefix === null
    ? trans.__('Found %1 of %2.', file, name)
    : trans.__(
        'Found %1 of %2, and an environment with Python %3.',
        file,
        name,
        environment.python ?? '?'
      );
}

/** The entry of the list that leaves the choice to mlenv, naming what that is. */
export function ownPythonText(trans: TranslationBundle, found: IFound): string {
  const own = ownPython(found.pythons);
  const why = shortened(found.pythons.why ?? '', 60);
  return own === null
    ? trans.__('None (%1)', why)
    : trans.__('%1 (%2)', own.version, why);
}

export function pythonText(trans: TranslationBundle, python: IPython): string {
  const { version, source, variant, implementation, allowed } = python;
  const name = implementation === 'cpython' ? '' : implementation;
  const kind = [name, variant ?? '', source].filter(Boolean).join(' ');
  return allowed
    ? trans.__('%1 (%2)', version, kind)
    : trans.__('%1 (%2, not allowed by this project)', version, kind);
}

export function ownEngineText(trans: TranslationBundle, found: IFound): string {
  const { engine } = found.project;
  return engine === null
    ? trans.__('what the project’s files say')
    : trans.__('%1 (by default)', engine);
}

/** What will happen, in words. */
export function planText(
  trans: TranslationBundle,
  form: IForm,
  found: IFound
): ReadonlyArray<string> {
  const { project, lock, environment } = found.project;
  const python = form.python || (ownPython(found.pythons)?.version ?? '');
  const bare = project === null || isBare(found.project);
  const lines: string[] = [];
  if (bare) {
    lines.push(trans.__('Begins a manifest and a lock in this folder.'));
  }
  lines.push(
    environment.prefix === null
      ? trans.__('Makes an environment with Python %1.', python || '?')
      : trans.__('Brings the environment up to date.')
  );
  if (lock.path !== null) {
    lines.push(trans.__('Installs what %1 says.', lock.path));
  }
  const packages = packagesOf(form);
  if (packages.length > 0) {
    const names = shortened(packages.join(', '), 80);
    lines.push(trans.__('Adds %1.', names));
  }
  if (form.fromNotebook && found.notebook !== null) {
    lines.push(
      trans.__('Shows what the notebook asks for, before it is installed.')
    );
  }
  lines.push(
    found.notebook === null
      ? trans.__('Registers a kernel and opens a new notebook with it.')
      : trans.__('Registers a kernel and switches this notebook to it.')
  );
  return lines;
}

/** Why an offer is not taken by itself. */
export function doubtText(trans: TranslationBundle, offer: IOffer): string {
  switch (offer.doubt) {
    case 'alike':
      return trans.__(
        'the notebook says “%1”, which only looks like it',
        shortened(offer.said, 60)
      );
    case 'unknown':
      return trans.__('no known package has this name');
    case 'optional':
      return trans.__('optional in the notebook');
    case '':
      return '';
  }
}
