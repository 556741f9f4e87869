/** What the front end says, read from its sources: the translator's texts, and texts that pass it by. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const FOLDER = path.join(import.meta.dirname, '..');
const SCHEMA = path.join(import.meta.dirname, '../../schema/plugin.json');
/** The places in a schema that JupyterLab translates, and the context that it does it in. */
const SCHEMA_PLACES: readonly (readonly [RegExp, string])[] = [
  [/^\/properties\/.*\/(title|description)$/, 'settings'],
  [/^\/(title|description)$/, 'schema'],
  [/^\/jupyter\.lab\.setting-icon-label$/, 'settings'],
  [/^\/jupyter\.lab\.menus\/.*\/label$/, 'menu']
];
const SPOKEN_ATTRIBUTES = [
  'alt',
  'aria-label',
  'aria-description',
  'label',
  'placeholder',
  'title'
];
/** Not translated in any language. */
const NAMES = ['jupyter-prodkit'];

export interface IMessage {
  readonly context: string | null;
  readonly text: string;
  readonly plural: string | null;
}

export interface IFound {
  readonly messages: readonly IMessage[];
  /** What stands in the page without the translator, and texts for it that only a running page would know. */
  readonly strays: readonly string[];
}

export function messagesOfSources(): IFound {
  const found = sources(FOLDER).map(readSource);
  return {
    messages: found.flatMap(({ messages }) => messages),
    strays: found.flatMap(({ strays }) => strays)
  };
}

export function messagesOfSchema(): readonly IMessage[] {
  return texts(JSON.parse(readFileSync(SCHEMA, 'utf8')), '').flatMap(([place, text]) => {
    const context = SCHEMA_PLACES.find(([pattern]) => pattern.test(place))?.[1];
    return context === undefined ? [] : [{ context, text, plural: null }];
  });
}

/** The texts as a gettext template, sorted, each once. */
export function template(messages: readonly IMessage[]): string {
  const entries = messages.map(({ context, text, plural }) =>
    [
      ...(context === null ? [] : [`msgctxt ${JSON.stringify(context)}`]),
      `msgid ${JSON.stringify(text)}`,
      ...(plural === null
        ? ['msgstr ""']
        : [`msgid_plural ${JSON.stringify(plural)}`, 'msgstr[0] ""', 'msgstr[1] ""'])
    ].join('\n')
  );
  const head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"';
  return `${[head, ...Array.from(new Set(entries)).sort()].join('\n\n')}\n`;
}

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === '__tests__' ? [] : sources(at);
    }
    return /\.tsx?$/.test(entry.name) ? [at] : [];
  });
}

function readSource(file: string): IFound {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const text = readFileSync(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
  const messages: IMessage[] = [];
  const strays: string[] = [];
  const visit = (node: ts.Node): void => {
    const said = isTranslation(node) ? message(node) : null;
    if (said !== null) {
      messages.push(said);
    }
    if ((isTranslation(node) && said === null) || isStray(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      strays.push(`${path.basename(file)}:${String(line + 1)} ${node.getText().trim()}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { messages, strays };
}

function isTranslation(node: ts.Node): node is ts.CallExpression {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    ['__', '_n'].includes(node.expression.name.text)
  );
}

function message(call: ts.CallExpression): IMessage | null {
  const [text, plural] = call.arguments;
  if (text === undefined || !ts.isStringLiteral(text)) {
    return null;
  }
  const isCounted =
    ts.isPropertyAccessExpression(call.expression) && call.expression.name.text === '_n';
  if (!isCounted) {
    return { context: null, text: text.text, plural: null };
  }
  return plural !== undefined && ts.isStringLiteral(plural)
    ? { context: null, text: text.text, plural: plural.text }
    : null;
}

function isStray(node: ts.Node): boolean {
  if (ts.isJsxText(node)) {
    return /\p{L}{2}/u.test(node.text) && !NAMES.includes(node.text.trim());
  }
  return (
    ts.isJsxAttribute(node) &&
    SPOKEN_ATTRIBUTES.includes(node.name.getText()) &&
    node.initializer !== undefined &&
    ts.isStringLiteral(node.initializer)
  );
}

function texts(value: unknown, place: string): readonly (readonly [string, string])[] {
  if (typeof value === 'string') {
    return [[place, value]];
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, item]) =>
    texts(item, Array.isArray(value) ? `${place}[${key}]` : `${place}/${key}`)
  );
}
