/** What the panel does to what is around it. */

import { Clipboard } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';

import { resolved } from './folders';
import type { ISurroundings } from './tokens';

export function surroundings(commands: CommandRegistry): ISurroundings {
  return {
    copy: text => {
      Clipboard.copyToSystem(text);
    },
    openPage: address => {
      // Nothing but a page of the web: an address comes from a step, which may have it from elsewhere.
      if (/^https?:\/\//.test(address)) {
        window.open(address, '_blank', 'noopener,noreferrer');
      }
    },
    openFolder: (folder, notebookPath) => {
      const path = resolved(folder, notebookPath);
      if (path !== null && commands.hasCommand('filebrowser:open-path')) {
        void commands.execute('filebrowser:open-path', { path });
      }
    }
  };
}
