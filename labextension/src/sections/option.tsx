/** One option of a step as a form field. The field keeps what is typed; the model is told of it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { OptionForm } from '../protocol';
import type { OptionValue } from '../tokens';

export interface IOptionProps {
  readonly trans: TranslationBundle;
  readonly step: string;
  readonly option: OptionForm;
  readonly models: readonly string[];
  readonly value: OptionValue | undefined;
  /** Whether its help is shown, too. */
  readonly isExplained: boolean;
  readonly onChange: (value: OptionValue) => void;
}

export function OptionField(props: IOptionProps): React.JSX.Element {
  const { step, option } = props;
  const id = `jp-Prodkit-${step}-${option.name}`;
  const help =
    option.help === '' || !props.isExplained ? null : (
      <small id={`${id}-help`}>{option.help}</small>
    );
  if (option.kind === 'flag') {
    return (
      <div className="jp-Prodkit-field jp-mod-flag">
        <Flag {...props} id={id} />
        <label htmlFor={id}>{labelOf(option)}</label>
        {help}
      </div>
    );
  }
  const isList = option.kind === 'choice' || option.kind === 'model';
  return (
    <div className="jp-Prodkit-field">
      <label htmlFor={id}>{labelOf(option)}</label>
      {isList ? <Choice {...props} id={id} /> : <Text {...props} id={id} />}
      {help}
    </div>
  );
}

type IFieldProps = IOptionProps & { readonly id: string };

function Flag(props: IFieldProps): React.JSX.Element {
  const { option, value, onChange, id } = props;
  return (
    <input
      type="checkbox"
      {...common(props, id)}
      defaultChecked={(value ?? option.default) === true}
      onChange={event => {
        onChange(event.currentTarget.checked);
      }}
    />
  );
}

function Text(props: IFieldProps): React.JSX.Element {
  const { option, value, onChange, id } = props;
  return (
    <input
      {...common(props, id)}
      type={option.kind === 'number' ? 'number' : 'text'}
      step="any"
      required={option.required}
      placeholder={textOf(option.default)}
      defaultValue={textOf(value ?? null)}
      spellCheck={false}
      onChange={event => {
        onChange(event.currentTarget.value);
      }}
    />
  );
}

function Choice(props: IFieldProps): React.JSX.Element {
  const { trans, option, models, value, onChange, id } = props;
  const choices = option.kind === 'model' ? models : option.choices;
  // A model that must be given is the first one until another is chosen; that is also what is sent.
  const preset = option.kind === 'model' && option.required ? models[0] : undefined;
  const current = textOf(value ?? option.default ?? preset ?? null);
  return (
    <select
      {...common(props, id)}
      // The kernel's models change under the field: a new list is a new field.
      key={choices.join()}
      required={option.required}
      defaultValue={current}
      onChange={event => {
        onChange(event.currentTarget.value);
      }}
    >
      {!choices.includes(current) && (
        <option value={current}>
          {current === '' ? emptyChoice(trans, option, choices) : current}
        </option>
      )}
      {choices.map(choice => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}

function emptyChoice(
  trans: TranslationBundle,
  option: OptionForm,
  choices: readonly string[]
): string {
  return option.kind === 'model' && choices.length === 0
    ? trans.__('no model yet')
    : trans.__('not given');
}

function common(
  { option, isExplained }: IOptionProps,
  id: string
): React.HTMLAttributes<HTMLElement> & { name: string } {
  return {
    id,
    name: option.name,
    ...(option.help === '' || !isExplained ? {} : { 'aria-describedby': `${id}-help` })
  };
}

/** `model_name` reads as `Model name`. */
function labelOf({ name }: OptionForm): string {
  const words = name.replace(/[-_]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function textOf(value: OptionValue | null): string {
  return value === null ? '' : String(value);
}
