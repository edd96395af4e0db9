/** What the server's routes answer to `pythons` and `advice`, and what a proposal of packages holds. */

import { flag, list, nullable, shape, text } from './decode';

/** One Python of the server's machine. */
export interface IPython {
  readonly version: string;
  readonly implementation: string;
  readonly variant: string | null;
  /** Who brought it: `pyenv`, `system`, `uv`, ... */
  readonly source: string;
  readonly path: string;
  /** Whether the project allows it. */
  readonly allowed: boolean;
  /** Whether `create` takes it where no other is asked for. */
  readonly chosen: boolean;
  /** Why it does not work. */
  readonly problem: string | null;
}

export interface IPythons {
  readonly pythons: ReadonlyArray<IPython>;
  readonly requires_python: string | null;
  /** Why `create` takes the one that it takes, or none. */
  readonly why: string | null;
}

/** What helps against an import that failed. */
export interface IAdvice {
  readonly action: string;
  readonly package: string | null;
  readonly text: string;
}

/** A name that a notebook asks for and that nobody should install without a look. */
export interface IDoubt {
  readonly module: string;
  /** The well-known name that it looks like; empty where it is just unknown. */
  readonly looks_like: string;
  readonly why: string;
}

/** What `create --from-notebook` would take; nothing was installed. */
export interface IProposal {
  readonly packages: ReadonlyArray<string>;
  readonly optional: ReadonlyArray<string>;
  readonly unknown: ReadonlyArray<IDoubt>;
  readonly notes: ReadonlyArray<string>;
}

export const pythons = shape<IPythons>({
  pythons: list(
    shape({
      version: text,
      implementation: text,
      variant: nullable(text),
      source: text,
      path: text,
      allowed: flag,
      chosen: flag,
      problem: nullable(text)
    })
  ),
  requires_python: nullable(text),
  why: nullable(text)
});

export const advice = shape<IAdvice>({
  action: text,
  package: nullable(text),
  text
});

export const proposal = shape<IProposal>({
  packages: list(text),
  optional: list(text),
  unknown: list(shape({ module: text, looks_like: text, why: text })),
  notes: list(text)
});
