/** What a cell is marked as: by a tag in its metadata, or by a `#|` comment that it begins with; both mean the same. */

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

/** The marks of a cell, each once. */
export function marksOf({ source, tags = [] }: Marked): readonly IMark[] {
  const found = [
    ...directives(source).map(({ mark }) => mark),
    ...tags.map(markOfTag).filter(mark => mark !== null)
  ];
  return found.filter((mark, place) => found.findIndex(other => isSame(mark, other)) === place);
}

export function hasMark(cell: Marked, mark: IMark): boolean {
  return marksOf(cell).some(other => isSame(mark, other));
}

/** How a mark is written as a tag, and shown. */
export function markText({ kind, name }: IMark): string {
  return kind === 'step' ? `step:${name}` : TAGS[kind].replace('prodkit:', '');
}

/** The cell with a mark set or taken away; a cell is of one step at most. */
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
  return one.kind === other.kind && (one.kind !== 'step' || one.name === other.name);
}

/** Whether only one of the two can be meant: a cell is of one step, or stands in the package as it is. */
function isRival(mark: IMark, other: IMark): boolean {
  const kinds = [mark.kind, other.kind];
  if (!kinds.includes('step') || kinds.includes('ignore')) {
    return false;
  }
  return mark.kind !== other.kind || mark.name !== other.name;
}

function tagOf(mark: IMark): string {
  return mark.kind === 'step' ? STEP_TAG + mark.name : TAGS[mark.kind];
}

function markOfTag(tag: string): IMark | null {
  if (tag.startsWith(STEP_TAG)) {
    return { kind: 'step', name: tag.slice(STEP_TAG.length) };
  }
  switch (tag) {
    case TAGS.export:
      return { kind: 'export', name: '' };
    case TAGS.parameters:
      return { kind: 'parameters', name: '' };
    case TAGS.ignore:
      return { kind: 'ignore', name: '' };
    default:
      return null;
  }
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
  return word === 'export' || word === 'parameters' || word === 'ignore' || word === 'step'
    ? { kind: word, name }
    : null;
}
