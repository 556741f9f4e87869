/** What a step would write, file by file: each state with a sign and a word, each change with its diff behind it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PreviewedFile } from '../protocol';

type Change = PreviewedFile['change'];

const SIGNS: Readonly<Record<Change, string>> = {
  new: '+',
  changed: '~',
  removed: '−',
  conflict: '!',
  pending: '?',
  kept: '='
};
const ORDER: readonly Change[] = ['conflict', 'changed', 'new', 'removed', 'pending', 'kept'];

/** Above its first hunk a unified diff names the file, which is said already. */
const HEAD_LINES = 2;

export interface IPlanFilesProps {
  readonly trans: TranslationBundle;
  readonly files: readonly PreviewedFile[];
}

export function PlanFiles({ trans, files }: IPlanFilesProps): React.JSX.Element | null {
  if (files.length === 0) {
    return null;
  }
  const counts = ORDER.map(
    change => [change, files.filter(file => file.change === change).length] as const
  ).filter(([, count]) => count > 0);
  return (
    <details className="jp-Prodkit-files" data-testid="prodkit-plan-files">
      <summary>
        {trans.__('Files:')}{' '}
        {counts
          .map(([change, count]) => `${String(count)} ${changeWord(trans, change)}`)
          .join(', ')}
      </summary>
      <List
        trans={trans}
        files={ORDER.flatMap(change =>
          files.filter(file => file.change === change && !isQuiet(file))
        )}
      />
      <Rest trans={trans} files={files.filter(isQuiet)} />
    </details>
  );
}

/** Whether nothing happens to a file that nobody has touched. */
function isQuiet({ change, by_hand: byHand }: PreviewedFile): boolean {
  return change === 'kept' && !byHand;
}

function Rest({ trans, files }: IPlanFilesProps): React.JSX.Element | null {
  return files.length === 0 ? null : (
    <details>
      <summary>
        <span className="jp-Prodkit-sign" aria-hidden="true">
          {SIGNS.kept}
        </span>
        <span className="jp-Prodkit-soft">{`${String(files.length)} ${trans.__('kept')}`}</span>
      </summary>
      <List trans={trans} files={files} />
    </details>
  );
}

function List({ trans, files }: IPlanFilesProps): React.JSX.Element {
  return (
    <ul>
      {files.map(file => (
        <li key={file.path}>
          <File trans={trans} file={file} />
        </li>
      ))}
    </ul>
  );
}

function File({
  trans,
  file
}: {
  readonly trans: TranslationBundle;
  readonly file: PreviewedFile;
}): React.JSX.Element {
  const { path, change, added, removed, diff } = file;
  const lines = change === 'changed' ? ` +${String(added)} −${String(removed)}` : '';
  const row = (
    <>
      <span className="jp-Prodkit-sign" aria-hidden="true">
        {SIGNS[change]}
      </span>
      <span>
        <span className="jp-Prodkit-path">{path}</span>{' '}
        <span className="jp-Prodkit-soft">
          {changeWord(trans, change)}
          {lines}
          {file.by_hand && `, ${trans.__('with your edits')}`}
        </span>
      </span>
    </>
  );
  if (diff === '') {
    return <div className="jp-Prodkit-file">{row}</div>;
  }
  return (
    <details>
      <summary>{row}</summary>
      <pre tabIndex={0} role="region" aria-label={trans.__('Diff of %1', path)}>
        {diff
          .split('\n')
          .slice(HEAD_LINES)
          .map((line, index) => (
            <span key={index} className={lineClass(line)}>
              {`${line}\n`}
            </span>
          ))}
      </pre>
    </details>
  );
}

function lineClass(line: string): string | undefined {
  return line.startsWith('+') ? 'jp-mod-added' : line.startsWith('-') ? 'jp-mod-gone' : undefined;
}

function changeWord(trans: TranslationBundle, change: Change): string {
  switch (change) {
    case 'new':
      return trans.__('new');
    case 'changed':
      return trans.__('changed');
    case 'kept':
      return trans.__('kept');
    case 'removed':
      return trans.__('removed');
    case 'pending':
      return trans.__('by the proof');
    case 'conflict':
      return trans.__('in conflict');
  }
}
