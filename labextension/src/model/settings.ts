/** The settings of mlenv, followed for as long as the page lives. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

const PLUGIN_ID = 'mlenv:plugin';

/**
 * Call back with a reader of the settings, once they are there and after each change; never where there are none.
 * Resolves when they were read first. Never rejects.
 */
export async function followSettings(
  registry: ISettingRegistry | null,
  apply: (read: (name: string) => unknown) => void
): Promise<void> {
  try {
    const loaded = await registry?.load(PLUGIN_ID);
    const tell = (): void => apply(name => loaded?.get(name).composite);
    tell();
    loaded?.changed.connect(tell);
  } catch {
    // Without a schema (an incomplete install) everything stays as it is by default.
  }
}
