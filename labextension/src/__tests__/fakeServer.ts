/** A server that answers what a test says, when the test says it. */

import type { Decoder } from '../wire/decode';
import { IRequester, MlenvError } from '../wire/request';

export interface IAsked {
  readonly method: string;
  readonly endpoint: string;
  readonly body: unknown;
  answer(value: unknown): void;
  refuse(code: string): void;
}

export class FakeServer implements IRequester {
  /** Every question, oldest first. */
  readonly asked: IAsked[] = [];

  get<T>(
    endpoint: string,
    decode: Decoder<T>,
    query?: Readonly<Record<string, string>>
  ): Promise<T> {
    return this._ask('GET', endpoint, decode, query);
  }

  post<T>(endpoint: string, decode: Decoder<T>, body: unknown): Promise<T> {
    return this._ask('POST', endpoint, decode, body);
  }

  delete<T>(endpoint: string, decode: Decoder<T>): Promise<T> {
    return this._ask('DELETE', endpoint, decode, null);
  }

  /** The questions to an endpoint, oldest first. */
  to(endpoint: string): ReadonlyArray<IAsked> {
    return this.asked.filter(each => each.endpoint === endpoint);
  }

  last(endpoint: string): IAsked {
    const found = this.to(endpoint).at(-1);
    if (found === undefined) {
      throw new Error(`nothing was asked of ${endpoint}`);
    }
    return found;
  }

  private _ask<T>(
    method: string,
    endpoint: string,
    decode: Decoder<T>,
    body: unknown
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        method,
        endpoint,
        body,
        answer: value => resolve(decode(value)),
        refuse: code =>
          reject(new MlenvError({ code, message: code, where: '', hint: '' }))
      });
    });
  }
}

/** Let every promise that can go on go on. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await Promise.resolve();
  }
}
