/** Folders as the server names them. */

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
