import { Fragment, type ReactNode } from 'react'

/** YAML with its lines numbered, and just enough colour to find the keys. */
export function Yaml({ text, label }: { readonly text: string; readonly label: string }) {
  const lines = text.replace(/\n$/, '').split('\n')
  return (
    <pre className="yaml" tabIndex={0} role="region" aria-label={label}>
      {lines.map((line, i) => (
        <Fragment key={i}>
          <span className="line">{coloured(line)}</span>
          {'\n'}
        </Fragment>
      ))}
    </pre>
  )
}

function coloured(line: string): ReactNode {
  if (/^\s*#/.test(line)) return <span className="comment">{line}</span>
  const [, before = '', key, rest = ''] =
    /^(\s*(?:- )*)("[^"]*"|[^\s:#{["'][^:#]*?)(:(?:\s.*)?)$/.exec(line) ?? []
  if (key === undefined) return line
  return (
    <>
      {before}
      <span className="yaml-key">{key}</span>
      {rest}
    </>
  )
}
