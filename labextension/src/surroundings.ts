/** What the panel does to what is around it. */

import { Clipboard } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';

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

/** A folder named from the notebook's own, as the server names it; null where it is outside of what it shows. */
export function resolved(folder: string, notebookPath: string): string | null {
  // Drives and rooms stand before a colon and are no folders: `RTC:work/churn.ipynb`.
  const [, drive = '', path = ''] = /^([^/:]*:)?(.*)$/.exec(notebookPath) ?? [];
  const parts = path.split('/').slice(0, -1);
  for (const part of folder.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) {
        return null;
      }
    } else if (part !== '.' && part !== '') {
      parts.push(part);
    }
  }
  return drive + parts.join('/');
}
