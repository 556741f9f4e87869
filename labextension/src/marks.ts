/**
 * What a cell is marked as: by a tag in its metadata, or by a `#|` comment that it begins with; both mean the same.
 * The words are those of `notebook/marks.py`; both read the same table of cases (tests/notebook/marks.json).
 */

import type { PageCell } from './protocol';

export type MarkKind = 'export' | 'parameters' | 'step' | 'ignore';

/** A mark; `name` is the module of an exported cell, or the name of a step. */
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
const TAGS: Readonly<Record<Exclude<MarkKind, 'step'>, string>> = {
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

/** The marks of a cell, each once. */
export function marksOf({ source, tags = [] }: Marked): readonly IMark[] {
  const found = [
    ...directives(source).map(({ mark }) => mark),
    ...tags.map(markOfTag).filter(mark => mark !== null)
  ];
  return found.filter((mark, place) => found.findIndex(other => isSame(mark, other)) === place);
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
  const lines = cell.source.split('\n');
  const gone = new Set(
    directives(cell.source)
      .filter(({ mark: other }) => lost(other))
      .map(({ line }) => line)
  );
  const source = lines.filter((_, line) => !gone.has(line)).join('\n');
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
  const isAny = one.kind !== 'step' && one.name === '';
  return one.kind === other.kind && (isAny || one.name === other.name);
}

/** Whether only one of the two can be meant: a cell is of one step, or stands in the package as it is. */
function isRival(mark: IMark, other: IMark): boolean {
  const kinds = [mark.kind, other.kind];
  if (kinds.includes('ignore')) {
    return false;
  }
  if (isSame(mark, other)) {
    return false;
  }
  return kinds.includes('step') || kinds.every(kind => kind === 'export');
}

function tagOf({ kind, name }: IMark): string {
  if (kind === 'export' && name !== '') {
    return EXPORT_TAG + name;
  }
  return kind === 'step' ? STEP_TAG + name : TAGS[kind];
}

function markOfTag(tag: string): IMark | null {
  if (tag.startsWith(STEP_TAG)) {
    return { kind: 'step', name: tag.slice(STEP_TAG.length) };
  }
  if (tag.startsWith(EXPORT_TAG)) {
    return { kind: 'export', name: tag.slice(EXPORT_TAG.length) };
  }
  if (tag === TAGS.export || DEFINITIONS.includes(tag)) {
    return { kind: 'export', name: '' };
  }
  if (PARAMETERS.includes(tag)) {
    return { kind: 'parameters', name: '' };
  }
  return tag === TAGS.ignore ? { kind: 'ignore', name: '' } : null;
}

/** The directives that the source begins with, as the kernel side reads them. */
function directives(source: string): readonly { readonly line: number; readonly mark: IMark }[] {
  const found: { readonly line: number; readonly mark: IMark }[] = [];
  for (const [line, text] of source.split('\n').entries()) {
    if (text.trim() === '') {
      continue;
    }
    const [, word, name = ''] = DIRECTIVE.exec(text) ?? [];
    if (word === undefined) {
      break;
    }
    const mark = markOfDirective(word, name);
    if (mark !== null) {
      found.push({ line, mark });
    }
  }
  return found;
}

function markOfDirective(word: string, name: string): IMark | null {
  if (word.startsWith(STEP_TAG)) {
    return { kind: 'step', name: word.slice(STEP_TAG.length) };
  }
  if (EXPORTS.includes(word)) {
    return { kind: 'export', name };
  }
  return word === 'parameters' || word === 'ignore' || word === 'step'
    ? { kind: word, name }
    : null;
}
