/** What a step did: a sentence, its facts with what they lead to, and what to beware of. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Link, StepResult } from '../protocol';
import { Prose } from './prose';
import { Shape } from './shape';

export interface IResultProps {
  readonly trans: TranslationBundle;
  readonly result: StepResult;
  readonly testId: string;
  readonly onLink: (link: Link) => void;
}

export function Result({ trans, result, testId, onLink }: IResultProps): React.JSX.Element {
  return (
    <div className="jp-Prodkit-outcome jp-mod-result" role="status" data-testid={testId}>
      <p>
        <Prose text={result.summary} />
      </p>
      {result.facts.length > 0 && (
        <dl>
          {result.facts.map(({ label, value, link }, index) => (
            <React.Fragment key={index}>
              <dt>{label}</dt>
              <dd>
                <span className="jp-Prodkit-value" title={value}>
                  <Prose text={value} />
                </span>
                {link !== null && <LinkButton {...{ trans, label, link, onLink }} />}
              </dd>
            </React.Fragment>
          ))}
        </dl>
      )}
      {result.warnings.map((warning, index) => (
        <p key={index} className="jp-Prodkit-warning">
          <Shape name="square" tone="warn" />
          <span>
            <Prose text={warning} />
          </span>
        </p>
      ))}
    </div>
  );
}

function LinkButton({
  trans,
  label,
  link,
  onLink
}: {
  readonly trans: TranslationBundle;
  readonly label: string;
  readonly link: Link;
  readonly onLink: (link: Link) => void;
}): React.JSX.Element {
  const text = linkText(trans, link.kind);
  return (
    <button
      type="button"
      className="jp-Prodkit-link"
      data-testid={`prodkit-link-${link.kind}`}
      aria-label={`${text}: ${label}`}
      title={link.target}
      onClick={() => {
        onLink(link);
      }}
    >
      {text}
    </button>
  );
}

function linkText(trans: TranslationBundle, kind: Link['kind']): string {
  switch (kind) {
    case 'folder':
      return trans.__('Open folder');
    case 'page':
      return trans.__('Open page');
    case 'copy':
      return trans.__('Copy');
  }
}
