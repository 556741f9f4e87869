/** A sentence from the kernel as text; what stands between backticks is set as code. Never HTML. */

import * as React from 'react';

export function Prose({ text }: { readonly text: string }): React.JSX.Element {
  const parts = text.split(/`([^`\n]+)`/);
  return (
    <>{parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>
  );
}
