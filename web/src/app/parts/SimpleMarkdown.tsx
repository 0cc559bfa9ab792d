// The part of Markdown that guidance needs: headings, lists, paragraphs, **bold**. Everything becomes React nodes, never HTML.
import type { ReactNode } from 'react';

function inline(text: string): ReactNode[] {
  return text.split(/(\*\*[^*]+\*\*)/).map((part, index) => (part.startsWith('**') ? <b key={index}>{part.slice(2, -2)}</b> : part));
}

export function SimpleMarkdown({ text }: { text: string }) {
  const blocks = text.trim().split(/\n\s*\n/);
  return (
    <>
      {blocks.map((block, index) => {
        const lines = block.split('\n');
        if (lines.every((line) => /^\s*[-*] /.test(line))) return <ul key={index} style={{ marginBlock: 4, paddingInlineStart: 22 }}>{lines.map((line, row) => <li key={row}>{inline(line.replace(/^\s*[-*] /, ''))}</li>)}</ul>;
        if (lines.every((line) => /^\s*[0-9۰-۹]+[.)] /.test(line))) return <ol key={index} style={{ marginBlock: 4, paddingInlineStart: 22 }}>{lines.map((line, row) => <li key={row}>{inline(line.replace(/^\s*[0-9۰-۹]+[.)] /, ''))}</li>)}</ol>;
        if (/^#{1,4} /.test(block)) return <p key={index} style={{ fontWeight: 700, marginBlock: 6 }}>{inline(block.replace(/^#+ /, ''))}</p>;
        return <p key={index} style={{ marginBlock: 6, whiteSpace: 'pre-line' }}>{inline(block)}</p>;
      })}
    </>
  );
}
