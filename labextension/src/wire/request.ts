/** One way to ask mlenv's server: endpoint and settings to a decoded answer, or an error with code, place and hint. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Decoder } from './decode';
import { IFailure, failed } from './reports';

/** What went wrong, in the words of the server where it said any. */
export class MlenvError extends Error {
  constructor(readonly failure: IFailure) {
    super(failure.message);
    this.name = 'MlenvError';
  }
}

export interface IRequester {
  get<T>(
    endpoint: string,
    decode: Decoder<T>,
    query?: Readonly<Record<string, string>>
  ): Promise<T>;
  post<T>(endpoint: string, decode: Decoder<T>, body: unknown): Promise<T>;
  delete<T>(endpoint: string, decode: Decoder<T>): Promise<T>;
}

/** The routes under `<base_url>mlenv/`. */
export class Requester implements IRequester {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  get<T>(
    endpoint: string,
    decode: Decoder<T>,
    query: Readonly<Record<string, string>> = {}
  ): Promise<T> {
    const search = new URLSearchParams(query).toString();
    return this._ask(search ? `${endpoint}?${search}` : endpoint, decode, {
      method: 'GET'
    });
  }

  post<T>(endpoint: string, decode: Decoder<T>, body: unknown): Promise<T> {
    return this._ask(endpoint, decode, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' }
    });
  }

  delete<T>(endpoint: string, decode: Decoder<T>): Promise<T> {
    return this._ask(endpoint, decode, { method: 'DELETE' });
  }

  /** What an answer 404 means that is not in mlenv's own words: every mlenv knows the check. */
  private _missing(endpoint: string): string {
    return endpoint === 'check' || !this._answers
      ? 'no-server'
      : 'older-server';
  }

  private async _ask<T>(
    endpoint: string,
    decode: Decoder<T>,
    init: RequestInit
  ): Promise<T> {
    const url = URLExt.join(this._settings.baseUrl, 'mlenv', endpoint);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      throw new MlenvError(told('no-connection', String(error), url));
    }
    const missing = this._missing(endpoint);
    const content = await parsed(response, url, missing);
    if (!response.ok) {
      throw new MlenvError(refusal(response, content, url, missing));
    }
    this._answers = true;
    try {
      return decode(content);
    } catch (error) {
      throw new MlenvError(told('not-understood', String(error), url));
    }
  }

  /** Whether this server has ever answered one of our questions. */
  private _answers = false;
}

function told(code: string, message: string, where: string): IFailure {
  return { code, message, where, hint: '' };
}

async function parsed(
  response: Response,
  url: string,
  missing: string
): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    if (response.status === 404) {
      // A Jupyter server without mlenv answers a page.
      throw new MlenvError(told(missing, response.statusText, url));
    }
    throw new MlenvError(told('not-understood', response.statusText, url));
  }
}

function refusal(
  response: Response,
  content: unknown,
  url: string,
  missing: string
): IFailure {
  try {
    return failed(content).error;
  } catch {
    // Jupyter's own refusals: {"message": ..., "reason": ...}.
    const code = response.status === 404 ? missing : 'refused';
    return told(code, `${response.status} ${response.statusText}`, url);
  }
}
