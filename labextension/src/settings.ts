/** The user's settings, applied now and whenever they change. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { BadgesWhen, IProdkitTracker } from './tokens';

export function applySettings(loaded: ISettingRegistry.ISettings, tracker: IProdkitTracker): void {
  const apply = (): void => {
    tracker.automatic = loaded.get('automatic').composite !== false;
    tracker.remembersRuns = loaded.get('rememberRuns').composite !== false;
    tracker.badges = badgesWhen(loaded.get('badges').composite);
  };
  loaded.changed.connect(apply);
  apply();
}

function badgesWhen(value: unknown): BadgesWhen {
  return value === 'always' || value === 'never' ? value : 'with the panel';
}
