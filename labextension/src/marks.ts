/**
 * What a cell is marked as: by a tag in its metadata, or by a `#|` comment that it begins with; both mean the same.
 * The words are those of `notebook/marks.py`; both read the same table of cases (tests/notebook/marks.json).
 */

import type { PageCell } from './protocol';

/** The marks that a user sets here; the others come with the text, or with other tools. */
export type OwnKind = 'export' | 'parameters' | 'step' | 'ignore';
export type MarkKind = OwnKind | 'returns' | 'left-out';

/**
 * A mark; `name` is the module of an exported cell, the name of a step or of a value that it returns, or the word that
 * leaves a cell out.
 */
export interface IMark {
  readonly kind: MarkKind;
  readonly name: string;
}

/** The little of a cell that its marks are read from and written to. */
export type Marked = Pick<PageCell, 'source' | 'tags'>;
type Written = Required<Marked>;

/** The names that steps usually have. */
export const STEP_NAMES = ['load', 'features', 'train', 'evaluate', 'predict'] as const;

const DIRECTIVE = /^\s*#\s*\|\s*([\w:]+)\s*(.*?)\s*$/;
const TAGS: Readonly<Record<Exclude<OwnKind, 'step'>, string>> = {
  export: 'export',
  parameters: 'parameters',
  ignore: 'prodkit:ignore'
};
const STEP_TAG = 'step:';
const EXPORT_TAG = 'export:';
/** nbdev's words for cells that go into a module. */
const EXPORTS: readonly string[] = ['export', 'exporti', 'exports', 'exportd'];
/** Kale's and Jupytext's tags. */
const DEFINITIONS: readonly string[] = ['imports', 'functions', 'active-py'];
const PARAMETERS: readonly string[] = ['parameters', 'pipeline-parameters'];
const RETURNS = 'returns';
const RETURNS_TAG = 'returns:';
/** Kale's and Jupytext's tags, and nbdev's directive, for cells that stay out of the package whatever else they say. */
const LEFT_OUT: readonly string[] = ['skip', 'active-ipynb'];
const NOT_RUN = 'eval: false';
/** What means nothing in a cell that is left out. */
const LEFT_OUT_KINDS: readonly MarkKind[] = ['export', 'step', 'returns'];

/** The marks of a cell, each once. */
export function marksOf({ source, tags = [] }: Marked): readonly IMark[] {
  const found = [
    ...directives(source).flatMap(({ marks }) => marks),
    ...tags.map(markOfTag).filter(mark => mark !== null)
  ];
  return found.filter((mark, place) => found.findIndex(other => isSame(mark, other)) === place);
}

/** The marks of a cell that count: one that is left out is in no module and no step, whatever it is marked. */
export function countingMarks(cell: Marked): readonly IMark[] {
  const marks = marksOf(cell);
  const isLeftOut = marks.some(({ kind }) => kind === 'left-out');
  return marks.filter(({ kind }) => !isLeftOut || !LEFT_OUT_KINDS.includes(kind));
}

/** Whether a cell has a mark; `export` without a module is any. */
export function hasMark(cell: Marked, mark: IMark): boolean {
  return marksOf(cell).some(other => isSame(mark, other));
}

/** How a mark is written as a tag, and shown. */
export function markText(mark: IMark): string {
  return tagOf(mark).replace('prodkit:', '');
}

/** The cell with a mark set or taken away; a cell is of one step, and of one module, at most. */
export function withMark(cell: Marked, mark: IMark, isOn: boolean): Written {
  const lost = isOn
    ? (other: IMark) => isRival(mark, other)
    : (other: IMark) => isSame(mark, other);
  const lines: (string | null)[] = cell.source.split('\n');
  for (const { line, marks } of directives(cell.source)) {
    const left = marks.filter(other => !lost(other));
    if (left.length < marks.length) {
      // Only of values that are returned does one line name several.
      lines[line] =
        left.length === 0 ? null : `#| ${RETURNS} ${left.map(({ name }) => name).join(', ')}`;
    }
  }
  const source = lines.filter(text => text !== null).join('\n');
  const tags = (cell.tags ?? []).filter(tag => {
    const other = markOfTag(tag);
    return other === null || !lost(other);
  });
  const kept = { source, tags };
  return isOn && !hasMark(kept, mark) ? { source, tags: [...tags, tagOf(mark)] } : kept;
}

/** Whether it can be the name of a step: that of a function. */
export function isStepName(name: string): boolean {
  return /^[a-z_][a-z0-9_]*$/.test(name);
}

function isSame(one: IMark, other: IMark): boolean {
  const isAny = one.kind !== 'step' && one.kind !== 'returns' && one.name === '';
  return one.kind === other.kind && (isAny || one.name === other.name);
}

/**
 * Whether only one of the two can be meant: a cell is of one step, or stands in the package as it is. What it returns
 * goes with a step.
 */
function isRival(mark: IMark, other: IMark): boolean {
  const kinds = [mark.kind, other.kind];
  if (kinds.includes('ignore') || kinds.includes('left-out') || isSame(mark, other)) {
    return false;
  }
  if (kinds.includes('returns')) {
    return mark.kind !== 'step' && mark.kind !== 'returns';
  }
  return kinds.includes('step') || kinds.every(kind => kind === 'export');
}

function tagOf({ kind, name }: IMark): string {
  if (kind === 'export' && name !== '') {
    return EXPORT_TAG + name;
  }
  switch (kind) {
    case 'step':
      return STEP_TAG + name;
    case 'returns':
      return RETURNS_TAG + name;
    case 'left-out':
      return name;
    case 'export':
    case 'parameters':
    case 'ignore':
      return TAGS[kind];
  }
}

function markOfTag(tag: string): IMark | null {
  if (tag.startsWith(STEP_TAG)) {
    return { kind: 'step', name: tag.slice(STEP_TAG.length) };
  }
  if (tag.startsWith(EXPORT_TAG)) {
    return { kind: 'export', name: tag.slice(EXPORT_TAG.length) };
  }
  if (tag.startsWith(RETURNS_TAG)) {
    return { kind: 'returns', name: tag.slice(RETURNS_TAG.length) };
  }
  if (LEFT_OUT.includes(tag)) {
    return { kind: 'left-out', name: tag };
  }
  if (tag === TAGS.export || DEFINITIONS.includes(tag)) {
    return { kind: 'export', name: '' };
  }
  if (PARAMETERS.includes(tag)) {
    return { kind: 'parameters', name: '' };
  }
  return tag === TAGS.ignore ? { kind: 'ignore', name: '' } : null;
}

interface IDirective {
  readonly line: number;
  readonly marks: readonly IMark[];
}

/** The directives that the source begins with, as the kernel side reads them. */
function directives(source: string): readonly IDirective[] {
  const found: IDirective[] = [];
  for (const [line, text] of source.split('\n').entries()) {
    if (text.trim() === '') {
      continue;
    }
    const [, word, name = ''] = DIRECTIVE.exec(text) ?? [];
    if (word === undefined) {
      break;
    }
    found.push({ line, marks: marksOfDirective(word, name) });
  }
  return found;
}

function marksOfDirective(word: string, rest: string): readonly IMark[] {
  if (word.startsWith(STEP_TAG)) {
    return [{ kind: 'step', name: word.slice(STEP_TAG.length) }];
  }
  if (EXPORTS.includes(word)) {
    return [{ kind: 'export', name: rest }];
  }
  if (word === RETURNS) {
    const names = rest.split(/[\s,]+/).filter(name => name !== '');
    return names.map(name => ({ kind: RETURNS, name }));
  }
  if (`${word} ${rest}` === NOT_RUN) {
    return [{ kind: 'left-out', name: NOT_RUN }];
  }
  return word === 'parameters' || word === 'ignore' || word === 'step'
    ? [{ kind: word, name: rest }]
    : [];
}
