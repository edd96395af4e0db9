/** Decoders: from `unknown` to a value of a known shape, or an error that says where it differs. */

export type Decoder<T> = (value: unknown, at?: string) => T;

/** The server answered something that this front end does not understand. */
export class WireError extends Error {
  constructor(expected: string, at: string) {
    super(`${at || 'answer'}: ${expected} expected`);
    this.name = 'WireError';
  }
}

export const text: Decoder<string> = (value, at = '') => {
  if (typeof value !== 'string') {
    throw new WireError('text', at);
  }
  return value;
};

export const number: Decoder<number> = (value, at = '') => {
  if (typeof value !== 'number') {
    throw new WireError('a number', at);
  }
  return value;
};

export const flag: Decoder<boolean> = (value, at = '') => {
  if (typeof value !== 'boolean') {
    throw new WireError('true or false', at);
  }
  return value;
};

/** Anything: for parts that this front end only hands on. */
export const anything: Decoder<unknown> = value => value;

/** What may be `null`, or (answer of an older server) not there at all. */
export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, at = '') =>
    value === null || value === undefined ? null : decode(value, at);
}

export function list<T>(decode: Decoder<T>): Decoder<ReadonlyArray<T>> {
  return (value, at = '') => {
    if (!Array.isArray(value)) {
      throw new WireError('a list', at);
    }
    return value.map((item, index) => decode(item, `${at}[${index}]`));
  };
}

/** An object with these fields; whatever else it holds is left out: keys are only ever added to the wire. */
export function shape<T>(fields: {
  [K in keyof T]: Decoder<T[K]>;
}): Decoder<T> {
  return (value, at = '') => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new WireError('an object', at);
    }
    const source = value as Record<string, unknown>;
    const made: Partial<T> = {};
    for (const name of Object.keys(fields) as (keyof T & string)[]) {
      made[name] = fields[name](source[name], at ? `${at}.${name}` : name);
    }
    return made as T;
  };
}
